"""Conflicts: what stands after a merge of what stood, and where its file lies."""

from __future__ import annotations

import pytest

from fieldvault.core.conflicts import Conflict, as_standing, conflict_path, merge_conflict, ranked, standing
from fieldvault.core.values import MISSING

STANDING = {
    "one-side-same": ("ab", "ab", "b", "b"),
    "edit-of-one": ("a", "b", "a", "b"),
    "two-edits": ("a", "b", "c", "bc"),
    "two-decisions": ("ab", "a", "b", "ab"),
    "same-decision": ("ab", "a", "a", "a"),
    "edit-and-decision": ("ab", "bc", "a", "ac"),
    "nothing-left": ("a", "bc", "bd", "bcd"),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), STANDING.values(), ids=STANDING)
def test_standing(base: str, ours: str, theirs: str, expected: str) -> None:
    for left, right in ((ours, theirs), (theirs, ours)):
        result = standing(as_standing(*base), as_standing(*left), as_standing(*right))
        assert sorted(map(str, result.values())) == sorted(expected)


def test_a_removal_ranks_last() -> None:
    assert ranked(as_standing(MISSING, "a", "b")) == ["b", "a", MISSING]


def test_two_decisions_about_one_conflict_come_together_without_a_side() -> None:
    base = Conflict("cus_1", ("name",), "edited-both", "x", ("a", "b", "c"))
    ours, theirs = base._replace(also=("b", "c")), base._replace(also=("a", "b"), base="y")
    merged = merge_conflict(base, ours, theirs)
    assert merged is not None and merged.also == ("b",)
    assert merge_conflict(base, theirs, ours) == merged


def test_files_that_lie_side_by_side_are_not_asked_to_go() -> None:
    values = Conflict("cus_1", (), "deleted-edited", MISSING, (MISSING,))
    files = Conflict("cus_1", (), "unreadable", MISSING, ("a.yaml~1.unreadable",))
    assert merge_conflict(None, values, files) == merge_conflict(None, files, values) == files


def test_paths_are_names_on_every_system() -> None:
    assert conflict_path("cus_4k7m2x9d8q", ("email",)).startswith("conflicts/cus_4k7m2x9d8q/")
    folders = {conflict_path(record, ()).split("/")[1] for record in ("Abc", "abc", "con", "a/b.yaml", "../x", "x_Y")}
    assert len(folders) == 6
    assert all(len(folder) == 12 and folder.isalnum() for folder in folders)
    assert conflict_path("x", ("a", "b")) != conflict_path("x", ("a/b",))
