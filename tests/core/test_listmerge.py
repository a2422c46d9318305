"""Lists: which elements stand, their order, and the alignment below it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldvault.core.diff3 import align, matches
from fieldvault.core.listmerge import members, ordered, rearranged
from fieldvault.core.textmerge import merge_text

ORDERS = {
    "untouched": ("abc", "abc", "abc", "abc"),
    "one-moves": ("abc", "cab", "abc", "cab"),
    "both-move-alike": ("abc", "cab", "cab", "cab"),
    "both-move": ("abc", "bac", "acb", "bac"),
    "both-move-apart": ("abcd", "bacd", "abdc", "badc"),
    "two-stretches-of-which-one-is-disputed": ("abcdef", "bacdfe", "acbdef", "bacdfe"),
    "new-behind-its-predecessor": ("abc", "axbc", "abyc", "axbyc"),
    "two-runs-stay-whole": ("a", "azx", "ay", "ayzx"),
    "new-at-the-beginning": ("ab", "xab", "ab", "xab"),
    "predecessor-gone": ("abc", "abxc", "ac", "axc"),
    "both-add-one": ("ab", "axb", "axb", "axb"),
    "both-add-one-apart": ("ab", "axb", "abx", "axb"),
    "moved-and-added": ("abc", "cab", "abxc", "cabx"),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), ORDERS.values(), ids=ORDERS)
def test_order(base: str, ours: str, theirs: str, expected: str) -> None:
    for left, right in ((ours, theirs), (theirs, ours)):
        standing = {each for each in base + ours + theirs if members(base, ours, theirs, each)}
        assert "".join(ordered(list(base), list(left), list(right), standing).sequence) == expected


def test_two_orders_are_told() -> None:
    assert ordered(list("abc"), list("bac"), list("acb"), set("abc")).other == ("a", "c", "b")
    assert ordered(list("abc"), list("bac"), list("abc"), set("abc")).other is None
    assert ordered(list("abcd"), list("bacd"), list("abdc"), set("abcd")).other is None
    assert ordered(list("abcde"), list("baced"), list("acbde"), set("abcde")).other == tuple("acbed")
    assert ordered(list("ab"), list("xab"), list("abx"), set("abx")).other == ("a", "b", "x")
    assert ordered(list("ab"), list("abyx"), list("abx"), set("abxy")).other is None


ELEMENTS = st.lists(st.sampled_from("abcdefgh"), unique=True)


@settings(max_examples=500, deadline=None)
@given(ELEMENTS, ELEMENTS, ELEMENTS)
def test_an_order_holds_what_stands_once_and_knows_no_side(base: list[str], ours: list[str], theirs: list[str]) -> None:
    standing = {each for each in {*base, *ours, *theirs} if members(base, ours, theirs, each)}
    result = ordered(base, ours, theirs, standing)
    assert sorted(result.sequence) == sorted(standing)
    assert result == ordered(base, theirs, ours, standing)
    assert ordered(base, base, ours, set(ours)).sequence == ours


ANY = st.lists(st.sampled_from("abc"), max_size=8)


@settings(max_examples=500, deadline=None)
@given(ANY, ANY, ANY)
def test_alignment_gives_back_all_three(base: list[str], ours: list[str], theirs: list[str]) -> None:
    hunks = list(align(base, ours, theirs))
    for side, whole in ((0, base), (1, ours), (2, theirs)):
        assert [each for hunk in hunks for each in hunk[side]] == whole
    pairs = matches(base, ours)
    assert all(base[left] == ours[right] for left, right in pairs)
    assert pairs == sorted(pairs) and len({left for left, _ in pairs}) == len({right for _, right in pairs}) == len(
        pairs
    )


TEXTS = {
    "two-lines": ("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n"),
    "two-words-of-a-line": ("one two three\n", "1 two three\n", "one two 3\n", "1 two 3\n"),
    "same-word": ("one two\n", "one 2\n", "one zwei\n", None),
    "both-append-alike": ("a\n", "a\nb\n", "a\nb\n", "a\nb\n"),
    "both-append": ("a\n", "a\nb\n", "a\nc\n", None),
    "removed-and-kept": ("a\nb\nc\n", "a\nc\n", "a\nb\nc\nd\n", "a\nc\nd\n"),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), TEXTS.values(), ids=TEXTS)
def test_text(base: str, ours: str, theirs: str, expected: str | None) -> None:
    assert merge_text(base, ours, theirs) == merge_text(base, theirs, ours) == expected


@pytest.mark.parametrize("make", [lambda n: [str(n % 2)] * n, lambda n: [str(i % 7) for i in range(n)]])
def test_repetitive_input_is_aligned_in_bounded_time(make: object) -> None:
    assert callable(make)
    started = time.perf_counter()
    lines = make(30_000)
    list(align(lines, [*lines[:100], "x", *lines[7:]], [*lines[:20_000], "y", *lines[20_003:]]))
    assert time.perf_counter() - started < 3


@pytest.mark.parametrize(
    ("now", "order", "then"),
    [("abc", "cab", "cab"), ("axbc", "cab", "cxab"), ("ab", "cba", "ba"), ("abc", "", "abc"), ("", "ab", "")],
)
def test_elements_take_each_others_places(now: str, order: str, then: str) -> None:
    assert "".join(rearranged(now, order)) == then
