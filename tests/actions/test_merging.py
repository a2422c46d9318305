"""The merge by its case folders, and what stands open from merge to merge."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldvault.actions.merging.recordmerge import MergedRecord, Side, changes, content_id, merge_record
from fieldvault.core.conflicts import Conflict
from fieldvault.core.schema import DEFAULT, Schema
from fieldvault.core.values import MISSING, Maybe, to_pointer
from fieldvault.edge import schemas
from fieldvault.edge.yamltext import Limits, dump, read

CASES = Path(__file__).parent.parent / "cases" / "merge"
ANY_DOCUMENT = Limits(map_only=False)


def schema_of(text: bytes) -> Schema:
    return schemas.load(read(text), "schema.yaml", "FR")


def conflict_list(conflicts: tuple[Conflict, ...]) -> bytes:
    """The form of `conflicts.yaml` in a case folder, and of merge-file's --conflicts."""
    listed = []
    for conflict in conflicts:
        base = {} if conflict.base is MISSING else {"base": conflict.base}
        also = [{"removed": True} if value is MISSING else value for value in conflict.also]
        listed.append({"field": to_pointer(conflict.field), "kind": conflict.kind, **base, "also": also})
    return dump(listed)


def optional(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_case(case: Path) -> None:
    base, ours, theirs = (Side(optional(case / f"{side}.yaml")) for side in ("base", "ours", "theirs"))
    stated = optional(case / "schema.yaml")
    schema = schema_of(stated) if stated else DEFAULT
    for left, right in ((ours, theirs), (theirs, ours)):
        merged = merge_record(base, left, right, schema, "record", limits=ANY_DOCUMENT)
        assert merged.data == optional(case / "expected.yaml")
        assert (conflict_list(merged.conflicts) if merged.conflicts else None) == optional(case / "conflicts.yaml")


# What stands open.


def version(text: str | None, *conflicts: tuple[str, tuple[Maybe, ...]]) -> Side:
    """A version of a record with conflicts: (field, what also stands there)."""
    fields = [(tuple(field.split("/")) if field else (), also) for field, also in conflicts]
    opened = {field: Conflict("cus_1", field, "edited-both", MISSING, also) for field, also in fields}
    return Side(None if text is None else text.encode(), opened)


def merged(base: Side, ours: Side, theirs: Side, schema: Schema = DEFAULT) -> MergedRecord:
    """The merge, which is the same with its sides swapped."""
    result = merge_record(base, ours, theirs, schema, "cus_1")
    assert merge_record(base, theirs, ours, schema, "cus_1") == result
    return result


def standing(result: MergedRecord) -> dict[str, tuple[Maybe, ...]]:
    return {to_pointer(conflict.field): conflict.also for conflict in result.conflicts}


OPEN = version("e: b\nx: 1\n", ("e", ("a",)))


def test_what_neither_side_touched_stays_open() -> None:
    result = merged(OPEN, version("e: b\nx: 2\n", ("e", ("a",))), version("e: b\nx: 1\ny: 1\n", ("e", ("a",))))
    assert result.data == b"e: b\nx: 2\ny: 1\n"
    assert standing(result) == {"/e": ("a",)}


def test_what_both_show_now_is_shown() -> None:
    both = version("e: a\nx: 1\n", ("e", ("b",)))
    result = merged(OPEN, both, both)
    assert (result.data, standing(result)) == (both.data, {"/e": ("b",)})


def test_a_settled_conflict_is_settled() -> None:
    result = merged(OPEN, version("e: a\nx: 1\n"), version("e: b\nx: 5\n", ("e", ("a",))))
    assert result.data == b"e: a\nx: 5\n"
    assert not result.conflicts


def test_two_different_decisions_stand_again() -> None:
    result = merged(OPEN, version("e: b\nx: 1\n"), version("e: a\nx: 1\n"))
    assert result.data == b"e: b\nx: 1\n"
    assert standing(result) == {"/e": ("a",)}


def test_an_edit_keeps_the_others_open() -> None:
    result = merged(OPEN, version("e: c\nx: 1\n", ("e", ("a",))), version("e: b\nx: 2\n", ("e", ("a",))))
    assert result.data == b"e: c\nx: 2\n"
    assert standing(result) == {"/e": ("a",)}


def test_an_edit_against_a_decision_stands_beside_it() -> None:
    result = merged(OPEN, version("e: c\nx: 1\n", ("e", ("a",))), version("e: a\nx: 2\n"))
    assert result.data == b"e: c\nx: 2\n"
    assert standing(result) == {"/e": ("a",)}


def test_values_that_python_alone_calls_equal_are_two() -> None:
    """1 and true: where one side has another value stand open, it has changed something."""
    base = version("m:\n  e: b\nx: 1\n", ("m/e", (1,)))
    changed = version("m:\n  e: b\nx: 1\n", ("m/e", (True,)))
    beside = merged(base, changed, version("m:\n  e: b\nx: 2\n", ("m/e", (1,))))
    assert [value is True for value in standing(beside)["/m/e"]] == [True]
    removed = merged(base, changed, version("x: 1\n"))
    assert removed.data == b"m:\n  e: b\nx: 1\n"
    assert standing(removed)["/m"] == (MISSING,)


def test_a_conflict_whose_field_is_gone_is_void() -> None:
    result = merged(OPEN, version("x: 1\n", ("e", ("a",))), version("e: b\nx: 2\n", ("e", ("a",))))
    assert result.data == b"x: 2\n"
    assert not result.conflicts


def test_a_new_conflict_of_one_side_arrives() -> None:
    result = merged(version("e: a\nx: 1\n"), OPEN, version("e: a\nx: 2\n"))
    assert result.data == b"e: b\nx: 2\n"
    assert standing(result) == {"/e": ("a",)}


def test_inside_a_map_whose_removal_stands_open_edits_still_merge() -> None:
    base = version("m:\n  a: 1\n  b: 1\n", ("m", (MISSING,)))
    result = merged(
        base, version("m:\n  a: 2\n  b: 1\n", ("m", (MISSING,))), version("m:\n  a: 1\n  b: 2\n", ("m", (MISSING,)))
    )
    assert result.data == b"m:\n  a: 2\n  b: 2\n"
    assert standing(result) == {"/m": (MISSING,)}


def test_a_map_kept_here_and_edited_there_is_kept_with_the_edit() -> None:
    base = version("m:\n  a: 1\nx: 1\n", ("m", (MISSING,)))
    result = merged(base, version("m:\n  a: 1\nx: 1\n"), version("m:\n  a: 2\nx: 1\n", ("m", (MISSING,))))
    assert result.data == b"m:\n  a: 2\nx: 1\n"
    assert not result.conflicts


def test_a_map_removed_here_and_edited_there_stays_open() -> None:
    base = version("m:\n  a: 1\nx: 1\n", ("m", (MISSING,)))
    result = merged(base, version("x: 1\n"), version("m:\n  a: 2\nx: 1\n", ("m", (MISSING,))))
    assert result.data == b"m:\n  a: 2\nx: 1\n"
    assert standing(result) == {"/m": (MISSING,)}


HOLD = schema_of(b"properties: {limit: {type: integer, x-merge: hold}}")


def test_a_held_field_keeps_showing_its_base() -> None:
    first = merged(version("limit: 1\n"), version("limit: 2\n"), version("limit: 3\n"), HOLD)
    assert (first.data, standing(first)) == (b"limit: 1\n", {"/limit": (2, 3)})
    here = Side(first.data, {conflict.field: conflict for conflict in first.conflicts})
    again = merged(here, Side(b"limit: 1\nx: 1\n", here.conflicts), Side(b"limit: 1\ny: 1\n", here.conflicts), HOLD)
    assert standing(again) == {"/limit": (2, 3)}
    settled = merged(here, Side(b"limit: 3\n"), Side(b"limit: 1\ny: 1\n", here.conflicts), HOLD)
    assert (settled.data, settled.conflicts) == (b"limit: 3\ny: 1\n", ())


def test_a_group_that_stands_open_is_settled_as_one() -> None:
    schema = schema_of(b"properties: {a: {x-merge: {group: g}}, b: {x-merge: {group: g}}}")
    first = merged(version("a: 1\nb: 1\n"), version("a: 2\nb: 1\n"), version("a: 1\nb: 3\n"), schema)
    assert standing(first) == {"/g": ({"a": 1, "b": 3},)}
    here = Side(first.data, {conflict.field: conflict for conflict in first.conflicts})
    result = merged(here, Side(b"a: 1\nb: 3\n"), Side(b"a: 2\nb: 1\nx: 1\n", here.conflicts), schema)
    assert (result.data, result.conflicts) == (b"a: 1\nb: 3\nx: 1\n", ())


def test_merged_fields_are_those_that_came_together() -> None:
    result = merged(version("a: 1\nb: 1\nc: 1\n"), version("a: 2\nb: 1\nc: 2\n"), version("a: 1\nb: 2\nc: 3\n"))
    assert result.merged_fields == (("a",), ("b",))


# What cannot be read.


def test_the_readable_side_stands_and_the_other_is_kept_beside_it() -> None:
    broken = b"<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> other\n"
    result = merged(version("a: 1\n"), Side(broken), version("a: 3\n"))
    assert result.data == b"a: 3\n"
    assert result.beside("customers/x.yaml") == [(f"customers/x.yaml~{content_id(broken)[:8]}.unreadable", broken)]


def test_of_two_unreadable_sides_none_is_lost() -> None:
    result = merged(version("a: 1\n"), Side(b"a: [\n"), Side(b"a: {\n"))
    assert {result.data, *result.unreadable} == {b"a: [\n", b"a: {\n"}


def test_an_unreadable_base_counts_as_absent() -> None:
    result = merged(Side(b"a: [\n"), version("a: 1\nb: 1\n"), version("a: 1\nc: 1\n"))
    assert result.data == b"a: 1\nb: 1\nc: 1\n"


# Changes.


def test_changes_name_items_by_key() -> None:
    schema = schema_of(b"properties: {phones: {type: array, items: {type: object, required: [key]}}}")
    old = b"name: x\nphones:\n- {key: std, number: 1}\n- {key: gsm}\n"
    new = b"name: y\nphones:\n- {key: gsm}\n- {key: std, number: 2}\n- {key: fax}\n"
    paths = [change.path for change in changes(old, new, schema)]
    assert paths == [("name",), ("phones", "std", "number"), ("phones", "fax")]
    assert changes(None, new, schema)[0].old is MISSING
