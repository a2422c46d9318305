"""The specification proved: a second implementation, by docs/merge.md, agrees with the cases and the engine."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldvault.actions.merging.recordmerge import Side, merge_record
from fieldvault.core.nodes import tied
from fieldvault.core.schema import DEFAULT, Schema
from fieldvault.core.values import MISSING, from_pointer, to_pointer
from fieldvault.edge import schemas
from fieldvault.edge.yamltext import Limits, dump, read
from tests.actions import drawn
from tests.spec import drawing
from tests.spec.merge import merge
from tests.spec.values import Whole, canonical

CASES = Path(__file__).parent.parent / "cases" / "merge"
ANY_DOCUMENT = Limits(map_only=False)


def value(data: bytes | None, schema: Schema) -> Any:
    if data is None:
        return MISSING
    document = read(data, limits=ANY_DOCUMENT)
    return held_together(document.tree.root.node, document.value(schema))


def held_together(node: Any, value: Any) -> Any:
    """The value, in which a map that has an anchor, or that an alias stands for, is a `Whole`."""
    if isinstance(value, dict) and tied(node):
        return Whole(value)
    if isinstance(value, dict):
        return {entry.key: held_together(entry.node, value[entry.key]) for entry in node.entries}
    if isinstance(value, list) and not tied(node):
        return [held_together(entry.node, item) for entry, item in zip(node.entries, value, strict=True)]
    return value


def in_order(value: Any, rule: Any) -> Any:
    """A value in the form in which two are compared, with the order of the keys where the merge looks into maps."""
    if isinstance(value, dict) and rule.strategy == "granular":
        return [[key, in_order(item, rule.field(key))] for key, item in value.items()]
    if isinstance(value, list) and rule.strategy in ("keyed", "log"):
        return [in_order(item, rule.item) for item in value]
    return canonical(rule.standard(value))


def told(schema: Schema, merged: Any, conflicts: list[tuple[str, str, Any, list[Any]]]) -> Any:
    """A merge in the form in which two are compared."""
    listed = []
    for pointer, kind, base, also in conflicts:
        rule = schema.rule(from_pointer(pointer)) if kind != "order" else DEFAULT.root
        listed.append((pointer, kind, *(canonical(rule.standard(each)) for each in (base, *also))))
    return in_order(merged, schema.root), listed


def by_the_book(schema: Schema, base: Any, ours: Any, theirs: Any) -> Any:
    merged, found = merge(schema.root, base, ours, theirs)
    return told(schema, merged, [(each.pointer, each.kind, each.base, each.also) for each in found])


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_case(case: Path) -> None:
    def data(name: str) -> bytes | None:
        path = case / f"{name}.yaml"
        return path.read_bytes() if path.exists() else None

    stated = data("schema")
    schema = schemas.load(read(stated), "schema.yaml", "FR") if stated else DEFAULT
    base, ours, theirs, expected = (value(data(name), schema) for name in ("base", "ours", "theirs", "expected"))
    conflicts = []
    for each in value(data("conflicts"), DEFAULT) or []:
        also = [MISSING if item == {"removed": True} else item for item in each["also"]]
        conflicts.append((each["field"], each["kind"], each.get("base", MISSING), also))
    known = told(schema, expected, conflicts)
    assert by_the_book(schema, base, ours, theirs) == known
    assert by_the_book(schema, base, theirs, ours) == known


def agree(schema: Schema, *texts: bytes | None) -> None:
    result = merge_record(*map(Side, texts), schema, "r", limits=ANY_DOCUMENT)
    found = [(to_pointer(each.field), each.kind, each.base, list(each.also)) for each in result.conflicts]
    known = told(schema, value(result.data, schema), found)
    assert by_the_book(schema, *(value(text, schema) for text in texts)) == known


SOME = settings(max_examples=200, deadline=None)


@SOME
@given(st.integers(0, 2**32))
def test_drawn_records_under_drawn_schemas(seed: int) -> None:
    draw = random.Random(seed)
    shape = drawing.a_map(draw)
    base = shape.make(draw)
    sides = [drawing.edited(draw, base, shape.make(draw)) for _ in "12"]
    texts = [dump(side) if draw.random() < 0.95 else None for side in (base, *sides)]
    agree(Schema(shape.schema, "FR"), *texts)


@SOME
@given(st.integers(0, 2**32))
def test_drawn_records_under_a_schema_of_every_strategy(seed: int) -> None:
    draw = random.Random(seed)
    base = drawn.a_value(draw)
    sides = [drawn.edited(draw, base) for _ in "12"]
    agree(drawn.SCHEMA, *map(dump, (base, *sides)))
