"""Keywords: what the JSON Schema objects say that apply together at one path.

Law: an object applies with all that it refers to (`$ref`) and is composed of (`allOf`); of `anyOf`, of `oneOf`, and of
`then` and `else`, one branch applies, and nobody knows which. Each object counts once, the nearest first. What stands
in a document but is no schema object is passed over: whether a schema is valid is not asked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from fieldvault.core import scalars
from fieldvault.core.values import FieldPath, to_pointer
from fieldvault.errors import SchemaInvalid

Keywords = Mapping[str, Any]  # one JSON Schema object

_TYPES = (
    scalars.NULL, scalars.BOOLEAN, scalars.INTEGER, scalars.NUMBER, scalars.TEXT, scalars.OBJECT, scalars.ARRAY,
)  # fmt: skip
_PATTERN_KEY_CHARACTERS = 200  # longer keys match no pattern: Python's expressions are not linear


class Applying:
    """The objects of one document that apply at a path: `always`, and the `branches` of each choice among several."""

    def __init__(self, stated: list[Keywords], document: Keywords) -> None:
        self.always: list[Keywords] = []
        self.branches: list[list[Keywords]] = []
        self._document = document
        self._seen: set[int] = set()
        waiting = list(stated)
        while waiting:
            keywords = waiting.pop(0)
            if self._is_new(keywords):
                self.always.append(keywords)
                waiting.extend(self._composed_of(keywords))
                self._choose(keywords)

    def _composed_of(self, keywords: Keywords) -> list[Keywords]:
        refers = isinstance(keywords.get("$ref"), str)
        return ([referred(keywords, self._document)] if refers else []) + _objects(keywords.get("allOf"))

    def _choose(self, keywords: Keywords) -> None:
        for choice in (keywords.get("anyOf"), keywords.get("oneOf"), [keywords.get("then"), keywords.get("else")]):
            branches = [branch for branch in map(self._followed, _objects(choice)) if self._is_new(branch)]
            if branches:
                self.branches.append(branches)

    def _followed(self, keywords: Keywords) -> Keywords:
        """The object, or what stands at the end of its references."""
        while isinstance(keywords.get("$ref"), str) and self._is_new(keywords):
            keywords = referred(keywords, self._document)
        return keywords

    def _is_new(self, keywords: Keywords) -> bool:
        new = id(keywords) not in self._seen
        self._seen.add(id(keywords))
        return new

    def __iter__(self) -> Iterator[Keywords]:
        """All of them: what holds in any case before what may."""
        yield from self.always
        for branches in self.branches:
            yield from branches

    def first(self, keyword: str) -> Any:
        """What the nearest object that has the keyword says; None where none has it."""
        return next((keywords[keyword] for keywords in self if keyword in keywords), None)

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The types that all allow, of a choice any branch; () where nothing is said."""
        choices = [[keywords] for keywords in self.always] + self.branches
        said = [set().union(*types) for types in (list(map(_types_of, choice)) for choice in choices) if all(types)]
        if not said:
            return ()
        allowed = set(_TYPES).intersection(*said)
        if scalars.NUMBER in allowed:
            allowed.discard(scalars.INTEGER)
        return tuple(name for name in _TYPES if name in allowed)

    @cached_property
    def required(self) -> set[str]:
        """The names of the properties that a map must have."""
        listed = (keywords.get("required") for keywords in self.always)
        return {str(name) for names in listed if isinstance(names, list) for name in names}

    def names(self) -> tuple[str, ...]:
        """The names of the properties, in the order in which they are stated."""
        return tuple(dict.fromkeys(name for keywords in self for name in _mapping(keywords.get("properties"))))

    def property(self, name: str) -> list[Keywords]:
        """What is said of the property of this name, named or not."""
        return [found for keywords in self for found in _stated_for(name, keywords)]

    def unnamed(self) -> list[Keywords]:
        """What is said of properties that are not named."""
        found = [_objects([keywords.get("additionalProperties")]) for keywords in self]
        found += [list(_objects_of(keywords.get("patternProperties")).values()) for keywords in self]
        return [keywords for each in found for keywords in each]

    def items(self) -> list[Keywords]:
        """What is said of each item of a list."""
        return _objects([keywords.get("items") for keywords in self])

    def alternatives(self) -> Iterator[tuple[str, set[str]]]:
        """The properties that only some branches of a oneOf name, with the constant that tells the branches apart."""
        for place, branches in enumerate(self.branches):
            if len(branches) < 2:
                continue
            named = [_objects_of(keywords.get("properties")) for keywords in branches]
            constants = {name for fields in named for name, field in fields.items() if "const" in field}
            everywhere = set(named[0]).intersection(*named[1:])
            partial = set().union(*named) - everywhere
            if constants and partial:
                yield (f"oneOf-{place + 1}" if place else "oneOf"), constants | partial


def referred(keywords: Keywords, document: Keywords) -> Keywords:
    """The object that a local `$ref` names; others are refused."""
    reference: str = keywords["$ref"]
    target: Any = document if reference == "#" or reference.startswith("#/") else None
    for step in reference.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        target = target.get(step) if isinstance(target, dict) else None
    if not isinstance(target, dict):
        raise SchemaInvalid("schema-ref", ref=reference, field=pointer_to(keywords, document))
    return target


def pointer_to(keywords: Keywords, document: Keywords) -> str:
    """Where an object stands in the document, as a JSON Pointer; "" where it is none of its objects."""
    waiting: list[tuple[FieldPath, Any]] = [((), document)]
    while waiting:
        path, found = waiting.pop()
        if found is keywords:
            return to_pointer(path)
        if isinstance(found, dict):
            waiting.extend(((*path, str(step)), each) for step, each in found.items())
        elif isinstance(found, list):
            waiting.extend(((*path, str(step)), each) for step, each in enumerate(found))
    return ""


def _mapping(found: Any) -> Keywords:
    return found if isinstance(found, dict) else {}


def _objects(found: Any) -> list[Keywords]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _objects_of(found: Any) -> dict[str, Keywords]:
    return {name: each for name, each in _mapping(found).items() if isinstance(each, dict)}


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


def _types_of(keywords: Keywords) -> set[str]:
    """The types that one object allows by itself; none where it says nothing of them."""
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
    return {scalars.ARRAY} if "items" in keywords else set()


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
