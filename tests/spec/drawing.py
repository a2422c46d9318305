"""Schemas drawn at random, and records under them: few fields, few values, so that two edits meet often.

Law: a drawn field is a schema and a maker of values, of which a few do not fit it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

Maker = Callable[[random.Random], Any]


class Field(NamedTuple):
    schema: dict[str, Any]
    make: Maker


def one_of(*values: Any) -> Maker:
    return lambda draw: draw.choice(values)


ODD = [None, "", "odd", 7, True, Decimal("1.0"), [], {}, ["a"], {"a": 1}]
TEXT: dict[str, Any] = {"type": "string"}
_DAYS = ("2026-03-01", "2026-03-02", "2026-03-02T09:00:00Z", "2026-03-02T10:00:00+01:00", "2026-03-04", "soon")
_LINES = ["one two\n", "three\n", "four five\n", "one 2\n", "three", "é_b c\n"]


def levels(strategy: str, *values: str) -> Field:
    return Field({"x-merge": {strategy: list(values[:3])}}, one_of(*values))


def scalar(draw: random.Random) -> Field:
    return draw.choice(
        [
            Field({}, one_of(1, Decimal("1.0"), "1", True, None, "a", "01")),
            Field(TEXT, one_of("a", "b", "c", "", "1")),
            Field({"type": "number"}, one_of(1, Decimal("1.0"), Decimal("1.50"), 2)),
            Field({"type": "string", "format": "phone"}, one_of("06 39 98 00 01", "+33639980001", "0199000001", "a")),
            *(Field({**TEXT, "x-merge": name}, one_of("a", "b", "c", "")) for name in ("once", "immutable", "hold")),
            Field({"const": "a"}, one_of("a", "b", "c")),
            *(Field({**TEXT, "x-merge": name}, one_of(*_DAYS)) for name in ("max", "min")),
            *(Field({"x-merge": name}, one_of(1, 2, Decimal("2.0"), 3)) for name in ("max", "min")),
            Field({"type": "integer", "x-merge": "sum"}, one_of(1, 2, 5, -3)),
            Field({"type": "number", "x-merge": "sum"}, one_of(1, Decimal("2.5"), 5, Decimal("0.10"))),
            Field({"x-merge": "or"}, one_of(True, False)),
            levels("strictest", "a", "b", "c", "d"),
            levels("ladder", "a", "b", "c", "d"),
            Field({"x-merge": {"ladder": ["a", "b", "c"], "terminal": ["x", "y"]}}, one_of("a", "b", "c", "x", "y")),
            Field({**TEXT, "x-merge": "text"}, lambda draw: "".join(draw.choices(_LINES, k=draw.randrange(6)))),
        ]
    )


def items(make: Maker, most: int, twice: bool) -> Maker:
    """Lists of made items; with `twice`, now and then one stands there again."""

    def made(draw: random.Random) -> Any:
        found = [make(draw) for _ in range(draw.randrange(most))]
        return found + (found[:1] if twice and draw.random() < 0.1 else [])

    return made


def keyed_items(field: Field, keys: tuple[str, ...], extra: dict[str, Maker]) -> Maker:
    def made(draw: random.Random) -> Any:
        found = []
        for name in draw.sample("abcdef", draw.randrange(5)):
            item = {keys[0]: name, **{key: draw.choice("xy") for key in keys[1:] if draw.random() < 0.7}}
            item |= {name: make(draw) for name, make in extra.items()}
            if draw.random() < 0.7:
                item["v"] = field.make(draw)
            found.append(item)
        odd = [draw.choice([*found, "a", 7, None, {}])] if draw.random() < 0.1 else []
        return found + odd

    return made


def collection(draw: random.Random, depth: int) -> Field:
    inner = field(draw, depth + 1)
    order = draw.choice(["source", "source", "key", "none"])
    letters = one_of(*"abcdef")
    keys = draw.choice([("k",), ("k", "l")])
    item = {"type": "object", "properties": {"v": inner.schema}}
    return draw.choice(
        [
            Field({"type": "array", "items": TEXT}, items(letters, 4, True)),
            Field({"items": TEXT, "x-merge": {"set": None, "order": order}}, items(letters, 6, False)),
            Field({"items": TEXT, "x-merge": "sequence"}, items(letters, 8, False)),
            Field({"x-merge": "sequence"}, items(one_of(*"ab"), 8, False)),
            Field({"items": item, "x-merge": {"keyed": list(keys), "order": order}}, keyed_items(inner, keys, {})),
            Field(
                {"items": item, "x-merge": {"log": "k", "at": "at"}}, keyed_items(inner, ("k",), {"at": one_of(*_DAYS)})
            ),
            Field({"items": item, "x-merge": {"log": "k"}}, keyed_items(inner, ("k",), {})),
            a_map(draw, depth + 1),
            Field({"x-merge": "atomic"}, a_map(draw, depth + 1).make),
        ]
    )


def field(draw: random.Random, depth: int = 0) -> Field:
    return collection(draw, depth) if depth < 3 and draw.random() < 0.5 else scalar(draw)


def a_map(draw: random.Random, depth: int = 0) -> Field:
    """A map of drawn fields, sometimes with a group, under a schema that leaves one of them unknown."""
    fields = {name: field(draw, depth) for name in "pqrstuvwxyz"[: draw.randrange(2, 6) if depth else 11]}
    if draw.random() < 0.4:
        lead = draw.choice([TEXT, {"x-merge": {"ladder": ["a", "b", "c"], "terminal": ["x", "y"]}}])
        stated = lead.get("x-merge", {})
        fields["g"] = Field({**lead, "x-merge": {**stated, "group": "sale"}}, one_of("a", "b", "c", "x", "y"))
        for name in "hi":
            fields[name] = Field({"type": "integer", "x-merge": {"group": "sale"}}, one_of(1, 2, 3))
    known = {name: each.schema for name, each in fields.items() if name != "t"}

    def made(draw: random.Random) -> Any:
        return {name: value(draw, each) for name, each in fields.items() if draw.random() < 0.7}

    return Field({"type": "object", "properties": known}, made)


def value(draw: random.Random, field: Field) -> Any:
    return draw.choice(ODD) if draw.random() < 0.04 else field.make(draw)


def edited(draw: random.Random, old: Any, new: Any) -> Any:
    """What a person made of `old` who had `new` in mind: some of it, and some things gone or moved."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = list(dict.fromkeys([*old, *new]))
        changed = dict(old)
        for name in names:
            roll = draw.random()
            if name in new and roll < 0.4:
                changed[name] = edited(draw, old.get(name), new[name])
            elif roll < 0.47:
                changed.pop(name, None)
        return shuffled(draw, changed) if draw.random() < 0.1 else changed
    if isinstance(old, list) and isinstance(new, list):
        return edited_list(draw, old, new)
    if isinstance(old, str) and isinstance(new, str) and "\n" in old:
        return "".join(edited_list(draw, old.splitlines(keepends=True), new.splitlines(keepends=True)))
    return new


def shuffled(draw: random.Random, value: dict[str, Any]) -> dict[str, Any]:
    return {name: value[name] for name in draw.sample(list(value), len(value))}


def edited_list(draw: random.Random, old: list[Any], new: list[Any]) -> list[Any]:
    meant = {item["k"]: item for item in new if isinstance(item, dict) and "k" in item}
    changed = []
    for item in old:
        roll = draw.random()
        if isinstance(item, dict) and item.get("k") in meant and roll < 0.5:
            kept = edited(draw, item, meant.pop(item["k"]))
            changed.append({**kept, **{key: item[key] for key in ("k", "l") if key in item}})
        elif roll < 0.85:
            changed.append(item)
    known = {str(item.get("k", item) if isinstance(item, dict) else item) for item in old}
    for item in new:
        name = str(item.get("k", item) if isinstance(item, dict) else item)
        if name not in known and draw.random() < 0.6:
            changed.insert(draw.randrange(len(changed) + 1), item)
    if len(changed) > 1 and draw.random() < 0.3:
        changed.insert(draw.randrange(len(changed)), changed.pop(draw.randrange(len(changed))))
    return changed
