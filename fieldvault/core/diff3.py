"""Three-way alignment of sequences.

Law: `align` depends on each side's difference from the base alone, so that swapping the sides swaps the result and
nothing else. Common heads and tails are cut first, then elements that are unique on both sides anchor the rest
(patience diff); only what is left between anchors, and is small, is compared pair by pair. So the time is linear but
for a bounded part, whatever the input.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_Texts = Sequence[str]

_PAIRS_MAX = 250_000  # of elements compared one by one between two anchors; beyond, the stretch counts as replaced


class Hunk(NamedTuple):
    """A stretch of the three: equal everywhere (`stable`), or between two stretches that are."""

    base: Sequence[str]
    ours: Sequence[str]
    theirs: Sequence[str]
    stable: bool


def align(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Hunk]:
    """The hunks of the three sequences in order; an element is stable where both sides kept it."""
    in_ours, in_theirs = dict(matches(base, ours)), dict(matches(base, theirs))
    start = left = right = 0
    for place in range(len(base)):
        if place not in in_ours or place not in in_theirs:
            continue
        to_left, to_right = in_ours[place], in_theirs[place]
        if place > start or to_left > left or to_right > right:
            yield Hunk(base[start:place], ours[left:to_left], theirs[right:to_right], False)
        yield Hunk(base[place : place + 1], ours[to_left : to_left + 1], theirs[to_right : to_right + 1], True)
        start, left, right = place + 1, to_left + 1, to_right + 1
    if start < len(base) or left < len(ours) or right < len(theirs):
        yield Hunk(base[start:], ours[left:], theirs[right:], False)


def matches(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of places of a common subsequence of a and b, rising in both."""
    pairs: list[tuple[int, int]] = []
    waiting = [(0, len(a), 0, len(b))]
    while waiting:
        a_start, a_end, b_start, b_end = waiting.pop()
        while a_start < a_end and b_start < b_end and a[a_start] == b[b_start]:
            pairs.append((a_start, b_start))
            a_start, b_start = a_start + 1, b_start + 1
        while a_start < a_end and b_start < b_end and a[a_end - 1] == b[b_end - 1]:
            a_end, b_end = a_end - 1, b_end - 1
            pairs.append((a_end, b_end))
        if a_start == a_end or b_start == b_end:
            continue
        anchors = _anchors(a, b, a_start, a_end, b_start, b_end)
        if not anchors:
            if (a_end - a_start) * (b_end - b_start) <= _PAIRS_MAX:
                pairs.extend(_longest(a, b, a_start, a_end, b_start, b_end))
            continue
        pairs.extend(anchors)
        for a_anchor, b_anchor in [*anchors, (a_end, b_end)]:
            waiting.append((a_start, a_anchor, b_start, b_anchor))
            a_start, b_start = a_anchor + 1, b_anchor + 1
    return sorted(pairs)


def _anchors(a: _Texts, b: _Texts, a_start: int, a_end: int, b_start: int, b_end: int) -> list[tuple[int, int]]:
    """The longest rising run of elements that stand once in each stretch."""
    count_a, count_b = Counter(a[a_start:a_end]), Counter(b[b_start:b_end])
    place_b = {b[place]: place for place in range(b_start, b_end) if count_b[b[place]] == 1}
    once = [place for place in range(a_start, a_end) if count_a[a[place]] == 1]
    unique = [(place, place_b[a[place]]) for place in once if a[place] in place_b]
    ends: list[int] = []  # the smallest place in b that ends a rising run of each length
    chosen: list[int] = []  # its index in unique
    before: list[int] = []  # for each of unique the one before it in its run, or -1
    for index, (_, place) in enumerate(unique):
        length = bisect_left(ends, place)
        before.append(chosen[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        chosen[length : length + 1] = [index]
    run: list[tuple[int, int]] = []
    index = chosen[-1] if chosen else -1
    while index >= 0:
        run.append(unique[index])
        index = before[index]
    return run[::-1]


def _longest(a: _Texts, b: _Texts, a_start: int, a_end: int, b_start: int, b_end: int) -> list[tuple[int, int]]:
    """A longest common subsequence, by the table."""
    width = b_end - b_start
    rows = [[0] * (width + 1)]
    for i in range(a_end - 1, a_start - 1, -1):
        below, row = rows[-1], [0] * (width + 1)
        for j in range(width - 1, -1, -1):
            row[j] = below[j + 1] + 1 if a[i] == b[b_start + j] else max(below[j], row[j + 1])
        rows.append(row)
    rows.reverse()
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < a_end - a_start and j < width:
        if a[a_start + i] == b[b_start + j]:
            pairs.append((a_start + i, b_start + j))
            i, j = i + 1, j + 1
        elif rows[i + 1][j] >= rows[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs
