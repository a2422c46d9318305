"""Schema: for each path of a record the rule of its field: type, strategy, keys, group.

Law: a rule is a function of the schema objects that apply at a path (keywords.py says which). Rules are built when they
are asked for and remembered, so that a schema may refer to itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from fieldvault.core import formats, policy, scalars
from fieldvault.core.keywords import Applying, Keywords, pointer_to
from fieldvault.core.policy import Policy
from fieldvault.core.values import FieldPath, Maybe, Value
from fieldvault.errors import SchemaInvalid

_LISTS_BY_PART = ("keyed", "log", "set", "sequence")
_GROUP: Keywords = {"x-merge": "atomic", "type": "object"}


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


class FieldRule:
    """How one field is read and merged."""

    def __init__(self, schema: Schema, stated: list[Keywords]) -> None:
        self.schema = schema
        self.applying = Applying(stated, schema.document)
        self.types = self.applying.types
        self.policy = self._policy()

    @property
    def strategy(self) -> str:
        return self.policy.strategy

    @cached_property
    def title(self) -> str:
        return str(self.applying.first("title") or "")

    @cached_property
    def format(self) -> str | None:
        found = self.applying.first("format")
        return found if isinstance(found, str) else None

    @cached_property
    def ref(self) -> str | None:
        """The record type whose id the field holds."""
        found = self.applying.first("x-ref")
        return found if isinstance(found, str) else None

    @cached_property
    def unique(self) -> bool:
        """Whether no two records of the type may have the same value here."""
        return self.applying.first("x-unique") is True

    @cached_property
    def enum(self) -> list[Value] | None:
        found = self.applying.first("enum")
        return found if isinstance(found, list) else None

    @cached_property
    def pointer(self) -> str:
        """Where the schema's document states the field, as a JSON Pointer."""
        stated = self.applying.always
        return pointer_to(stated[0], self.schema.document) if stated else ""

    @cached_property
    def properties(self) -> tuple[str, ...]:
        """The names of the fields that the schema states for this map, in its order."""
        return self.applying.names()

    @cached_property
    def items(self) -> list[Keywords]:
        return self.applying.items()

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
        for group, names in self.applying.alternatives():
            if not grouped & names:
                groups[group] = [name for name in self.properties if name in names]
        return {group: tuple(members) for group, members in groups.items()}

    def field(self, name: str) -> FieldRule:
        """The rule of a field of this map."""
        known = self._named.get(name)
        if known is None:
            known = self.schema.compiled(self.applying.property(name)) if self._unnamed else self.schema.unknown
        return known

    @cached_property
    def _named(self) -> dict[str, FieldRule]:
        return {name: self.schema.compiled(self.applying.property(name)) for name in self.properties}

    @cached_property
    def _unnamed(self) -> list[Keywords]:
        return self.applying.unnamed()

    def step(self, step: str) -> FieldRule:
        """The rule one step further down a path: an item of a list, a group, or a field."""
        if self.items and not self.properties:
            return self.item
        if step in self.groups and step not in self.properties:
            return self.schema.compiled([_GROUP])
        return self.field(step)

    def looks_into(self, mapping: bool) -> bool:
        """Whether a map (else a list) that stands here merges by its parts, not as one value."""
        return self.strategy == "granular" if mapping else self.strategy in _LISTS_BY_PART

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

    def _reaches(self, test: Callable[[FieldRule], bool]) -> bool:
        waiting, seen = [self], {id(self)}
        while waiting:
            rule = waiting.pop()
            if test(rule):
                return True
            below = [rule.field(name) for name in rule.properties] + ([rule.item] if rule.items else [])
            below += [self.schema.compiled([more]) for more in rule._unnamed]
            for child in below:
                if id(child) not in seen:
                    seen.add(id(child))
                    waiting.append(child)
        return False

    def _policy(self) -> Policy:
        stated = next((found for found in map(self._stated, self.applying) if found), None)
        if stated and stated.strategy:
            return stated
        implied = policy.inferred(self.applying, Applying(self.items, self.schema.document))
        if stated is None:
            return implied
        return Policy(implied.strategy, implied.why, stated.group, keys=implied.keys, order=stated.order)

    def _stated(self, keywords: Keywords) -> Policy | None:
        try:
            return policy.stated(keywords)
        except SchemaInvalid as error:
            error.facts.setdefault("field", pointer_to(keywords, self.schema.document))
            raise


DEFAULT = Schema({})
