"""The only room that knows jsonschema_rs: schemas judged, and records judged by them.

Law: nothing is fetched, neither over the network nor from a file, and no pattern can make a check hang: regular
expressions run on a linear engine. jsonschema_rs is imported only when a record is validated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from fieldvault.core import formats, policy
from fieldvault.core.derived import FUNCTIONS
from fieldvault.core.problems import Problem
from fieldvault.core.reading import item_step
from fieldvault.core.schema import FieldRule, Schema
from fieldvault.core.values import FieldPath, Value, from_pointer, to_pointer
from fieldvault.errors import SchemaInvalid

if TYPE_CHECKING:
    import jsonschema_rs

_VALUE_CHARACTERS = 60  # of a value that a problem quotes


class Text(Protocol):
    """What this room needs of a file that was read: its value, and the line of a field."""

    def value(self, schema: Schema = ...) -> Value: ...

    def find(self, path: FieldPath, schema: Schema = ...) -> int | None: ...


def load(document: Text, path: str, phone_country: str = "") -> Schema:
    """The rules of a record type. Raises SchemaInvalid, with field and line, where they contradict themselves.

    Whether it is a valid JSON Schema is `verify`'s question: that takes an import that most commands can do without.
    """
    value = document.value()
    if not isinstance(value, dict):
        raise SchemaInvalid("schema-not-a-map", path=path, line=1)
    try:
        schema = Schema(value, phone_country)
        for _, rule in schema.rules():
            _check_rule(rule)
    except SchemaInvalid as error:
        raise _located(error, document, path) from error
    return schema


def _check_rule(rule: FieldRule) -> None:
    found = rule.policy
    if found.function is not None and found.function not in FUNCTIONS:
        raise _at(rule, SchemaInvalid("schema-unknown-function", function=found.function, known=tuple(FUNCTIONS)))
    taken = [group for group in rule.groups if group in rule.properties]
    if taken:
        raise _at(rule, SchemaInvalid("schema-group-name", group=taken[0]))
    try:
        stated = rule.item.properties if rule.items else ()
        item_fields = (*stated, *rule.item.applying.required) if stated else None
        policy.check(found, rule.types, item_fields)
        policy.check_levels(found, rule.enum, rule.standard)
    except SchemaInvalid as error:
        raise _at(rule, error) from error


def _at(rule: FieldRule, error: SchemaInvalid) -> SchemaInvalid:
    error.facts.setdefault("field", rule.pointer)
    return error


def _located(error: SchemaInvalid, document: Text, path: str) -> SchemaInvalid:
    """The error with the line of its place in the schema's file, or of the nearest place around it."""
    field = from_pointer(str(error.facts.get("field", "")))
    lines = (document.find(field[:length]) for length in range(len(field), -1, -1))
    line = next((line for line in lines if line), 1)
    return SchemaInvalid(error.kind, **{"path": path, "line": line, **error.facts})


def verify(document: Text, schema: Schema, path: str) -> None:
    """Raise SchemaInvalid where the schema is no JSON Schema (draft-07), or refers to something outside itself."""
    import jsonschema_rs

    try:
        _validator(schema)
    except jsonschema_rs.ValidationError as error:
        field = to_pointer(tuple(map(str, error.instance_path)))
        raise _located(SchemaInvalid("schema-not-valid", field=field, reason=error.message), document, path) from error


def problems(document: Text, schema: Schema) -> list[Problem]:
    """What the schema does not allow, in the order of the file; every problem, not only the first."""
    value = document.value(schema)
    found = [_problem(error, value, document, schema) for error in _errors(value, schema)]
    return sorted(found, key=lambda problem: (problem.line or 0, problem.field))


def _errors(value: Value, schema: Schema) -> Iterator[jsonschema_rs.ValidationError]:
    import jsonschema_rs

    try:
        validator = _validator(schema)
    except jsonschema_rs.ValidationError:
        return  # the schema is at fault, and `verify` says so at its own line
    yield from validator.iter_errors(value)


@lru_cache(maxsize=64)
def _validator(schema: Schema) -> jsonschema_rs.Draft7Validator:
    import jsonschema_rs

    return jsonschema_rs.Draft7Validator(
        dict(schema.document),
        retriever=_refuse,
        pattern_options=jsonschema_rs.RegexOptions(),
        validate_formats=True,
        formats=formats.checks(schema.phone_country),
    )


def _refuse(uri: str) -> Any:
    raise ValueError("references lead to places inside the schema only")


def _problem(error: jsonschema_rs.ValidationError, value: Value, document: Text, schema: Schema) -> Problem:
    field = _field_path(value, error.instance_path, schema.root)
    line = next((line for end in range(len(field), -1, -1) if (line := document.find(field[:end], schema))), None)
    named: tuple[str, ...] = getattr(error.kind, "__match_args__", ())
    facts: dict[str, object] = {name: getattr(error.kind, name) for name in named if name != "context"}
    if error.kind.name == "required":
        field = (*field, str(facts["property"]))
    elif isinstance(error.instance, str):
        facts["value"] = error.instance[:_VALUE_CHARACTERS]
    return Problem(field, re.sub("[A-Z]", lambda letter: "-" + letter.group().lower(), error.kind.name), line, facts)


def _field_path(value: Value, steps: list[str | int], rule: FieldRule) -> FieldPath:
    """The path of a JSON instance location: items of a keyed list by their key."""
    path: list[str] = []
    for step in steps:
        if isinstance(value, dict):
            path.append(str(step))
            value, rule = value[str(step)], rule.field(str(step))
        elif isinstance(value, list):
            value, here = value[int(step)], rule
            rule = rule.item
            path.append(item_step(value, int(step), here))
    return tuple(path)
