"""Schema: for each path of a record the rule of its field: type, strategy, keys, group.

Law: a rule is a function of the schema objects that apply at a path: the property's own, what it refers to, what it is
composed of. Rules are built when they are asked for and remembered, so that a schema may refer to itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from fieldvault.core import formats, policy, scalars
from fieldvault.core.policy import Keywords, Policy
from fieldvault.core.values import FieldPath, Maybe, Value, to_pointer
from fieldvault.errors import SchemaInvalid

_ORDER = (
    scalars.NULL, scalars.BOOLEAN, scalars.INTEGER, scalars.NUMBER, scalars.TEXT, scalars.OBJECT, scalars.ARRAY,
)  # fmt: skip
_PATTERN_KEY_CHARACTERS = 200  # longer keys match no pattern: Python's expressions are not linear


class Schema:
    """The rules of one record type.

    `document` is the JSON Schema as values; `phone_country` completes phone numbers that are written without one.
    """

    def __init__(self, document: Mapping[str, Value], phone_country: str = "") -> None:
        self.document = document
        self.phone_country = phone_country
        self.title = str(document.get("title", ""))
        self._rules: dict[tuple[int, ...], FieldRule] = {}
        self.root = self.compiled([document])

    def rule(self, path: FieldPath) -> FieldRule:
        """The rule of the field at a path. An unknown field has the default rule."""
        rule = self.root
        for step in path:
            rule = rule.step(step)
        return rule

    def compiled(self, parts: list[Keywords]) -> FieldRule:
        """The one rule of the schema objects that apply together at some path."""
        key = tuple(map(id, parts))
        if key not in self._rules:
            self._rules[key] = FieldRule(self, parts)
        return self._rules[key]

    @cached_property
    def unknown(self) -> FieldRule:
        """The default rule: that of a field about which the schema says nothing."""
        return self.compiled([])

    def rules(self) -> Iterator[tuple[FieldPath, FieldRule]]:
        """Every rule that the schema states, each once, with the first path to it; items of lists are `*`."""
        waiting: list[tuple[FieldPath, FieldRule]] = [((), self.root)]
        seen: set[int] = set()
        while waiting:
            path, rule = waiting.pop()
            if id(rule) in seen:
                continue
            seen.add(id(rule))
            yield path, rule
            below = [((*path, name), rule.field(name)) for name in rule.properties]
            if rule.items:
                below.append(((*path, "*"), rule.item))
            waiting.extend(reversed(below))

    def resolve(self, reference: str) -> Keywords:
        """The schema object that a local `$ref` names; others are refused."""
        target: Any = self.document
        if not reference.startswith("#"):
            raise SchemaInvalid("schema-ref", ref=reference)
        for step in reference.removeprefix("#").split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            target = target.get(step) if isinstance(target, dict) else None
        if not isinstance(target, dict):
            raise SchemaInvalid("schema-ref", ref=reference)
        return target

    def pointer(self, keywords: Keywords) -> str:
        """Where in the document one of its objects stands, as a JSON Pointer; "" where it is none of them."""
        waiting: list[tuple[FieldPath, Any]] = [((), self.document)]
        while waiting:
            path, found = waiting.pop()
            if found is keywords:
                return to_pointer(path)
            if isinstance(found, dict):
                waiting.extend(((*path, str(step)), each) for step, each in found.items())
            elif isinstance(found, list):
                waiting.extend(((*path, str(step)), each) for step, each in enumerate(found))
        return ""


class FieldRule:
    """How one field is read and merged. `parts` are the schema objects that state it, the nearest first."""

    def __init__(self, schema: Schema, stated: list[Keywords]) -> None:
        self.schema = schema
        self.parts: list[Keywords] = []  # what holds in any case
        self.branches: list[list[Keywords]] = []  # the branches of each anyOf, oneOf, if
        self._expand(stated)
        self.types = self._types()
        self.policy = self._policy()

    @property
    def strategy(self) -> str:
        return self.policy.strategy

    @cached_property
    def title(self) -> str:
        return str(self._first("title", ""))

    @cached_property
    def format(self) -> str | None:
        found = self._first("format", None)
        return found if isinstance(found, str) else None

    @cached_property
    def ref(self) -> str | None:
        """The record type whose id the field holds."""
        found = self._first("x-ref", None)
        return found if isinstance(found, str) else None

    @cached_property
    def unique(self) -> bool:
        """Whether no two records of the type may have the same value here."""
        return self._first("x-unique", False) is True

    @cached_property
    def enum(self) -> list[Value] | None:
        found = self._first("enum", None)
        return found if isinstance(found, list) else None

    @cached_property
    def properties(self) -> tuple[str, ...]:
        """The names of the fields that the schema states for this map, in its order."""
        names: dict[str, None] = {}
        for keywords in self._all():
            found = keywords.get("properties")
            names.update(dict.fromkeys(found if isinstance(found, dict) else ()))
        return tuple(names)

    @cached_property
    def items(self) -> list[Keywords]:
        return [keywords["items"] for keywords in self._all() if isinstance(keywords.get("items"), dict)]

    @cached_property
    def item(self) -> FieldRule:
        """The rule of each item of the list."""
        return self.schema.compiled(self.items)

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Sibling fields that merge as one: the group's name -> its members, in the schema's order."""
        groups: dict[str, list[str]] = {}
        for name in self.properties:
            group = self.field(name).policy.group
            if group:
                groups.setdefault(group, []).append(name)
        grouped = {name for members in groups.values() for name in members}
        for name, members in self._alternatives():
            if not grouped & set(members):
                groups[name] = members
        return {name: tuple(members) for name, members in groups.items()}

    def field(self, name: str) -> FieldRule:
        """The rule of a field of this map."""
        known = self._named.get(name)
        if known is None:
            known = self.schema.compiled(self._stated_for(name)) if self._open else self.schema.unknown
        return known

    @cached_property
    def _named(self) -> dict[str, FieldRule]:
        return {name: self.schema.compiled(self._stated_for(name)) for name in self.properties}

    def _stated_for(self, name: str) -> list[Keywords]:
        return [found for keywords in self._all() for found in _stated_for(name, keywords)]

    def step(self, step: str) -> FieldRule:
        """The rule one step further down a path: an item of a list, a group, or a field."""
        if self.items and not self.properties:
            return self.item
        if step in self.groups and step not in self.properties:
            return self.schema.compiled([_GROUP])
        return self.field(step)

    @cached_property
    def adds(self) -> bool:
        """Whether a sum stands here or below: then two equal texts may still be two changes."""
        return self._reaches(lambda rule: rule.strategy == "sum")

    @cached_property
    def has_formats(self) -> bool:
        """Whether a format stands here or below for which two texts may be one value."""
        return self._reaches(lambda rule: rule.format == formats.PHONE)

    def value(self, text: str, plain: bool) -> Value:
        """What a scalar's text means here."""
        return scalars.typed(text, plain, self.types)

    def standard(self, value: Maybe) -> Maybe:
        """The value in the form in which two are compared: typed as the field is, phone numbers complete."""
        if isinstance(value, dict):
            return {key: self.step(key).standard(item) for key, item in value.items()}  # type: ignore[misc]
        if isinstance(value, list):
            return [self.item.standard(item) for item in value]  # type: ignore[misc]
        if isinstance(value, str):
            if self.format == formats.PHONE:
                return formats.e164(value, self.schema.phone_country) or value
            return value
        if isinstance(value, int) and not isinstance(value, bool) and self.types and scalars.INTEGER not in self.types:
            return self.value(str(value), True)
        return value

    def _first(self, keyword: str, otherwise: Any) -> Any:
        return next((keywords[keyword] for keywords in self._all() if keyword in keywords), otherwise)

    def _all(self) -> Iterator[Keywords]:
        yield from self.parts
        for branches in self.branches:
            yield from branches

    def _reaches(self, test: Callable[[FieldRule], bool]) -> bool:
        waiting, seen = [self], {id(self)}
        while waiting:
            rule = waiting.pop()
            if test(rule):
                return True
            below = [rule.field(name) for name in rule.properties] + ([rule.item] if rule.items else [])
            below += [self.schema.compiled([more]) for more in rule._open]
            for child in below:
                if id(child) not in seen:
                    seen.add(id(child))
                    waiting.append(child)
        return False

    @cached_property
    def _open(self) -> list[Keywords]:
        """The schema objects for fields that are not named."""
        found = [_objects([keywords.get("additionalProperties")]) for keywords in self._all()]
        found += [list(_objects_of(keywords.get("patternProperties")).values()) for keywords in self._all()]
        return [keywords for each in found for keywords in each]

    def _expand(self, stated: list[Keywords]) -> None:
        seen: set[int] = set()
        waiting = list(stated)
        while waiting:
            keywords = waiting.pop(0)
            if id(keywords) in seen:
                continue
            seen.add(id(keywords))
            self.parts.append(keywords)
            if isinstance(keywords.get("$ref"), str):
                waiting.append(self._referred(keywords))
            waiting.extend(_objects(keywords.get("allOf")))
            for name in ("anyOf", "oneOf"):
                self._branch(_objects(keywords.get(name)), seen)
            self._branch(_objects([keywords.get("then"), keywords.get("else")]), seen)

    def _branch(self, branches: list[Keywords], seen: set[int]) -> None:
        expanded: list[Keywords] = []
        for keywords in branches:
            while isinstance(keywords.get("$ref"), str) and id(keywords) not in seen:
                seen.add(id(keywords))
                keywords = self._referred(keywords)
            if id(keywords) not in seen:
                seen.add(id(keywords))
                expanded.append(keywords)
        if expanded:
            self.branches.append(expanded)

    def _referred(self, keywords: Keywords) -> Keywords:
        try:
            return self.schema.resolve(keywords["$ref"])
        except SchemaInvalid as error:
            error.facts.setdefault("field", self.schema.pointer(keywords))
            raise

    def _types(self) -> tuple[str, ...]:
        allowed = set(_ORDER)
        said = False
        for choices in [[keywords] for keywords in self.parts] + self.branches:
            found = [_types_of(keywords) for keywords in choices]
            known = [types for types in found if types is not None]
            if known and len(known) == len(found):
                said = True
                allowed &= set().union(*known)
        if not said:
            return ()
        if scalars.INTEGER in allowed and scalars.NUMBER in allowed:
            allowed.discard(scalars.INTEGER)
        return tuple(name for name in _ORDER if name in allowed)

    def _policy(self) -> Policy:
        stated = next((found for found in map(self._stated, self._all()) if found), None)
        if stated and stated.strategy:
            return stated
        implied = policy.inferred(self.parts, self.types, self.items, self.item.types if self.items else ())
        if stated is None:
            return implied
        return Policy(implied.strategy, implied.why, stated.group, keys=implied.keys, order=stated.order)

    def _stated(self, keywords: Keywords) -> Policy | None:
        try:
            return policy.stated(keywords)
        except SchemaInvalid as error:
            error.facts.setdefault("field", self.schema.pointer(keywords))
            raise

    def _alternatives(self) -> Iterator[tuple[str, list[str]]]:
        """The groups that a oneOf implies: what only some branches name, with the constant that tells them apart."""
        for place, branches in enumerate(self.branches):
            named = [_objects_of(keywords.get("properties")) for keywords in branches]
            if len(branches) < 2:
                continue
            constants = {name for fields in named for name, field in fields.items() if "const" in field}
            everywhere = set(named[0]).intersection(*named[1:])
            partial = {name for fields in named for name in fields if name not in everywhere}
            if constants and partial:
                members = [name for name in self.properties if name in constants | partial]
                yield (f"oneOf-{place + 1}" if place else "oneOf"), members


_GROUP: Keywords = {"x-merge": "atomic", "type": "object"}


def _objects(found: Any) -> list[Keywords]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _objects_of(found: Any) -> dict[str, Keywords]:
    return {name: each for name, each in found.items() if isinstance(each, dict)} if isinstance(found, dict) else {}


def _stated_for(name: str, keywords: Keywords) -> Iterator[Keywords]:
    found = _objects_of(keywords.get("properties")).get(name)
    if found is not None:
        yield found
    for pattern, each in _objects_of(keywords.get("patternProperties")).items():
        if "(" not in pattern and len(name) <= _PATTERN_KEY_CHARACTERS and _matches(pattern, name):
            yield each
            found = each
    if found is None and isinstance(keywords.get("additionalProperties"), dict):
        yield keywords["additionalProperties"]


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return False


def _types_of(keywords: Keywords) -> set[str] | None:
    stated = keywords.get("type")
    if isinstance(stated, str):
        return {stated, scalars.INTEGER} if stated == scalars.NUMBER else {stated}
    if isinstance(stated, list):
        return {str(each) for each in stated} | ({scalars.INTEGER} if scalars.NUMBER in stated else set())
    if "const" in keywords:
        return {_type_of(keywords["const"])}
    if isinstance(keywords.get("enum"), list):
        return {_type_of(value) for value in keywords["enum"]}
    if "properties" in keywords:
        return {scalars.OBJECT}
    return {scalars.ARRAY} if "items" in keywords else None


def _type_of(value: Any) -> str:
    if value is None:
        return scalars.NULL
    if isinstance(value, bool):
        return scalars.BOOLEAN
    if isinstance(value, int):
        return scalars.INTEGER
    if isinstance(value, str):
        return scalars.TEXT
    if isinstance(value, dict):
        return scalars.OBJECT
    return scalars.ARRAY if isinstance(value, list) else scalars.NUMBER


DEFAULT = Schema({})
