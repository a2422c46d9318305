"""The laws of the merge, on whole records with their formatting drawn at random."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from fieldvault.actions.merging.recordmerge import MergedRecord, Side, changes, merge_record
from fieldvault.core import layout
from fieldvault.core.values import same
from fieldvault.edge.yamltext import read, read_conflict, write_conflict
from tests.actions.drawn import SCHEMA, Style, a_value, edited

SEEDS = st.integers(0, 2**32)
SOME = settings(max_examples=300, deadline=None)


def three(seed: int) -> tuple[bytes, bytes, bytes]:
    """A base and two edits of it; now and then a side writes in another style."""
    draw = random.Random(seed)
    base = a_value(draw)
    shared = draw.getrandbits(32)
    whims = draw.choice([0.0, 0.05, 0.2])

    def written(value: dict, restyled: bool) -> bytes:
        return Style(random.Random(draw.getrandbits(32) if restyled else shared), whims).file(value)

    sides = [edited(draw, base), edited(draw, base)]
    return written(base, False), *(written(side, draw.random() < 0.4) for side in sides)


def merged(base: bytes | None, ours: bytes | None, theirs: bytes | None) -> MergedRecord:
    return merge_record(Side(base), Side(ours), Side(theirs), SCHEMA, "cus_1")


@SOME
@given(SEEDS)
def test_a_drawn_file_reads_back_to_the_byte(seed: int) -> None:
    for data in three(seed):
        assert layout.data(read(data).tree) == data


@SOME
@given(SEEDS)
def test_swapping_the_sides_changes_nothing(seed: int) -> None:
    base, ours, theirs = three(seed)
    assert merged(base, ours, theirs) == merged(base, theirs, ours)


@SOME
@given(SEEDS)
def test_added_by_both_swaps_as_well(seed: int) -> None:
    _, ours, theirs = three(seed)
    assert merged(None, ours, theirs) == merged(None, theirs, ours)


@SOME
@given(SEEDS)
def test_one_side_alone_is_taken_to_the_byte(seed: int) -> None:
    base, ours, _ = three(seed)
    assert merged(base, ours, base).data == merged(base, base, ours).data == ours
    if read(base).value(SCHEMA).get("samples") == read(ours).value(SCHEMA).get("samples"):
        assert merged(base, ours, ours).data == ours


@SOME
@given(SEEDS)
def test_a_field_that_one_side_alone_touched_is_as_it_left_it(seed: int) -> None:
    base, ours, theirs = three(seed)
    result = merged(base, ours, theirs)
    assert result.data is not None
    value, left, right = (SCHEMA.root.standard(read(data).value(SCHEMA)) for data in (result.data, ours, theirs))
    group = {"stage", "probability", "close"}
    touched = [{change.path[0] for change in changes(base, side, SCHEMA)} for side in (ours, theirs)]
    for name in touched[0] - touched[1] - group:
        assert same(value.get(name), left.get(name)), name
    for name in touched[1] - touched[0] - group:
        assert same(value.get(name), right.get(name)), name


@SOME
@given(SEEDS)
def test_a_clean_result_merged_again_changes_nothing(seed: int) -> None:
    base, ours, theirs = three(seed)
    result = merged(base, ours, theirs)
    if not result.conflicts and "samples" not in read(base).value(SCHEMA):
        assert merged(ours, result.data, ours).data == result.data
        assert merged(theirs, theirs, result.data).data == result.data


@SOME
@given(SEEDS)
def test_no_comment_is_lost(seed: int) -> None:
    base, ours, theirs = three(seed)
    result = merged(base, ours, theirs)
    assert result.data is not None
    for name in read(result.data).value(SCHEMA):
        mark = f"\n# about {name}:".encode()  # at the left margin: fields of items have their own
        if mark in b"\n" + ours and mark in b"\n" + theirs:
            assert mark in b"\n" + result.data


@SOME
@given(SEEDS)
def test_conflict_files_read_back(seed: int) -> None:
    for conflict in merged(*three(seed)).conflicts:
        assert read_conflict(write_conflict(conflict)) == conflict
