"""Sequences: what becomes of two lists over a third, element by element."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldvault.core.sequences import sequence

SEQUENCES = {
    "untouched": ("abc", "abc", "abc", "abc"),
    "two-runs": ("ab", "axb", "ayb", "axyb"),
    "same-run": ("ab", "axb", "axb", "axb"),
    "what-both-put-in-stands-once": ("az", "abcdz", "abxdz", "abcxdz"),
    "one-put-in-more": ("bc", "aabc", "abcd", "aabcd"),
    "both-fill-an-empty-list": ("", "abd", "acd", "abcd"),
    "dropped-apart-and-put-in-alike": ("abc", "bcd", "cde", "cde"),
    "removed-and-kept": ("abc", "ac", "abc", "ac"),
    "removed-and-edited": ("abc", "ac", "axc", "axc"),
    "edited-twice": ("abc", "axc", "ayc", "axyc"),
    "repeated": ("aa", "aaa", "aa", "aaa"),
    "added-to-what-the-other-replaced": ("a", "aa", "b", "ab"),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), SEQUENCES.values(), ids=SEQUENCES)
def test_sequence(base: str, ours: str, theirs: str, expected: str) -> None:
    for left, right in ((ours, theirs), (theirs, ours)):
        places = sequence(list(base), list(left), list(right))
        merged = [left[at.ours] if at.ours is not None else right[at.theirs or 0] for at in places]
        assert "".join(merged) == expected


@st.composite
def edited(draw: st.DrawFn, base: str) -> list[str]:
    """A list with elements dropped and others put in, and none moved."""
    put_in = st.lists(st.sampled_from("xyz"), unique=True, max_size=2)
    kept = [[element] if draw(st.booleans()) else [] for element in base]
    return [*draw(put_in), *(each for run in kept for each in (*run, *draw(put_in)))]


@settings(max_examples=300, deadline=None)
@given(edited("abcd"), edited("abcd"))
def test_a_merged_sequence_knows_no_side_and_has_both_changes(ours: list[str], theirs: list[str]) -> None:
    def merged(left: list[str], right: list[str]) -> list[str]:
        places = sequence(list("abcd"), left, right)
        return [left[at.ours] if at.ours is not None else right[at.theirs or 0] for at in places]

    result = merged(ours, theirs)
    assert result == merged(theirs, ours)
    assert merged(ours, ours) == merged(list("abcd"), ours) == ours
    assert result == merged(result, ours) == merged(result, theirs)
