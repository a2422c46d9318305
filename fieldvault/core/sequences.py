"""Sequences: any two lists over a third, element by element.

Law: elements are texts, which may stand several times. An element of the base that a side dropped goes; what each side
put into its gap stands, once what both put in. The sides swapped give the sides swapped, and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fieldvault.core.diff3 import align, matches


class Aligned(NamedTuple):
    """The places of one element of a merged sequence in the three; None where it is absent."""

    base: int | None
    ours: int | None
    theirs: int | None


class _Run(NamedTuple):
    """Elements of one side in their order, and the places where they stand."""

    texts: list[str]
    places: list[int]


def sequence(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[Aligned]:
    """The merged sequence, by element-wise diff3."""
    merged: list[Aligned] = []
    start = left = right = 0
    for hunk in align(base, ours, theirs):
        if hunk.stable:
            merged.append(Aligned(start, left, right))
        elif list(hunk.ours) == list(hunk.theirs):
            merged += [Aligned(None, left + place, right + place) for place in range(len(hunk.ours))]
        else:
            gap, one, other, _ = hunk
            merged += _united(_put_in(gap, one, other, left), _put_in(gap, other, one, right))
        start, left, right = start + len(hunk.base), left + len(hunk.ours), right + len(hunk.theirs)
    return merged


def _put_in(base: Sequence[str], side: Sequence[str], other: Sequence[str], start: int) -> _Run:
    """What a side put into a gap: all of it where the other left the gap alone, else what the base has not."""
    known = Counter(() if list(other) == list(base) else base)
    run = _Run([], [])
    for place, element in enumerate(side, start):
        if known[element]:
            known[element] -= 1
        else:
            run.texts.append(element)
            run.places.append(place)
    return run


def _united(ours: _Run, theirs: _Run) -> Iterator[Aligned]:
    """Two runs in one gap: once what both have, and between that what one of them has, the lower first."""
    if theirs.texts < ours.texts:
        yield from (Aligned(None, one, other) for _, other, one in _united(theirs, ours))
        return
    left = right = 0
    for left_end, right_end in [*matches(ours.texts, theirs.texts), (len(ours.texts), len(theirs.texts))]:
        alone = [
            (ours.texts[left:left_end], [Aligned(None, place, None) for place in ours.places[left:left_end]]),
            (theirs.texts[right:right_end], [Aligned(None, None, place) for place in theirs.places[right:right_end]]),
        ]
        for _, run in sorted(alone, key=lambda pair: pair[0]):
            yield from run
        if left_end < len(ours.texts):
            yield Aligned(None, ours.places[left_end], theirs.places[right_end])
        left, right = left_end + 1, right_end + 1
