"""Lists: which elements stand, and in which order.

Law: elements are texts that identify them (a map's key, an item's key, a value's canonical text), each once on a side.
Every function gives the same result when ours and theirs are swapped, in time linear in its input but for sorting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from fieldvault.core.diff3 import Hunk, align


def members(base: Container[str], ours: Container[str], theirs: Container[str], element: str) -> bool:
    """Whether an element stands in a merged set: (b and l and r) or (l - b) or (r - b). Removals propagate."""
    if element in base:
        return element in ours and element in theirs
    return element in ours or element in theirs


@dataclass(frozen=True)
class Order:
    """The merged sequence; `other` is the one that gave way where both sides moved something, or put in the same thing,
    differently.
    """

    sequence: list[str]
    other: tuple[str, ...] | None = None


def ordered(
    base: Sequence[str],
    ours: Sequence[str],
    theirs: Sequence[str],
    standing: Container[str],
    tie: Callable[[str], object] = lambda element: element,
) -> Order:
    """The order of the standing elements.

    The backbone is the base's order, or that of the one side that moved something. Each element that the backbone lacks
    hangs on its nearest predecessor, one that both put in where the higher order has it; of two runs on one predecessor
    the lower by `tie` goes first.
    """
    if ours == base == theirs:
        return Order([element for element in base if element in standing])
    everywhere = set(base) & set(ours) & set(theirs)
    before, left, right = ([element for element in side if element in everywhere] for side in (base, ours, theirs))
    other: tuple[str, ...] | None = None
    if left == before:
        backbone = base if right == before else theirs
    elif right == before or left == right:
        backbone = ours
    else:
        backbone, other = (ours, tuple(right)) if left > right else (theirs, tuple(left))
    if backbone is not base:
        backbone = [element for element in backbone if element in everywhere]
    sequence = [element for element in backbone if element in standing]
    sides = [[element for element in side if element in standing] for side in (base, ours, theirs)]
    sequence = _hang(sequence, sides[:1], tie)
    both = set(sides[1]) & set(sides[2])
    lower, higher = sorted([each for each in side if each in both] for side in sides[1:])
    sequence = _hang(sequence, [higher], tie)
    if left == right and lower != higher:
        other = tuple(lower)
    return Order(_hang(sequence, sides[1:], tie), other)


def rearranged(elements: Sequence[str], order: Sequence[str]) -> list[str]:
    """The elements with those that `order` names in its order, at the places where those of them stand now."""
    following = iter([element for element in order if element in elements])
    named = set(order)
    return [next(following) if element in named else element for element in elements]


def _hang(sequence: list[str], sides: Sequence[Sequence[str]], tie: Callable[[str], object]) -> list[str]:
    """`sequence` with each side's other elements behind their nearest predecessor in it."""
    known = set(sequence)
    runs: dict[str | None, list[list[str]]] = {}
    for side in sides:
        predecessor: str | None = None
        run: list[str] = []
        for element in side:
            if element in known:
                predecessor, run = element, []
            else:
                if not run:
                    runs.setdefault(predecessor, []).append(run)
                run.append(element)
    merged: list[str] = []
    for place in (None, *sequence):
        if place is not None:
            merged.append(place)
        for run in sorted(runs.get(place, ()), key=lambda run: [tie(element) for element in run]):
            merged.extend(run)
    return merged


def inserted(
    kept: list[str], new: list[str], moment: Callable[[str], tuple[Decimal, str]], sides: Sequence[Sequence[str]]
) -> list[str]:
    """`kept` in its order with the new elements put in by their moment; newest first where both sides stand so."""
    moments = {name: moment(name) for name in (*kept, *new)}
    newest_first = all(_falling([moments[name] for name in side]) for side in sides)
    new = sorted(new, key=moments.__getitem__, reverse=newest_first)
    merged: list[str] = []
    for element in kept:
        while new and (moments[new[0]] > moments[element] if newest_first else moments[new[0]] < moments[element]):
            merged.append(new.pop(0))
        merged.append(element)
    return merged + new


def _falling(moments: list[tuple[Decimal, str]]) -> bool:
    times = [time for time, _ in moments]
    return times != sorted(times) and times == sorted(times, reverse=True)


class Aligned(NamedTuple):
    """The places of one element of a merged sequence in the three; None where it is absent."""

    base: int | None
    ours: int | None
    theirs: int | None


def sequence(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[Aligned]:
    """Element-wise diff3.

    An element of the base that a side dropped goes; what each side put in its gap stands, two different runs one after
    the other, the lower first.
    """
    merged: list[Aligned] = []
    start = left = right = 0
    for hunk in align(base, ours, theirs):
        if hunk.stable or list(hunk.ours) == list(hunk.theirs):
            for place in range(len(hunk.ours)):
                merged.append(Aligned(start + place if hunk.stable else None, left + place, right + place))
        else:
            places = [_put_in(hunk, hunk.ours), _put_in(hunk, hunk.theirs)]
            runs = [[hunk.ours[place] for place in places[0]], [hunk.theirs[place] for place in places[1]]]
            if runs[0] == runs[1]:
                merged.extend(Aligned(None, left + ours, right + theirs) for ours, theirs in zip(*places, strict=True))
            else:
                alone = [
                    [Aligned(None, left + place, None) for place in places[0]],
                    [Aligned(None, None, right + place) for place in places[1]],
                ]
                for _, run in sorted(zip(runs, alone, strict=True), key=lambda pair: pair[0]):
                    merged.extend(run)
        start, left, right = start + len(hunk.base), left + len(hunk.ours), right + len(hunk.theirs)
    return merged


def _put_in(hunk: Hunk, side: Sequence[str]) -> list[int]:
    """The places of what a side put into a gap: all of it where the other left the gap alone, else what is new."""
    if list(side) == list(hunk.base):
        return []
    left = Counter(() if list(hunk.base) in (list(hunk.ours), list(hunk.theirs)) else hunk.base)
    places = []
    for place, element in enumerate(side):
        if left[element]:
            left[element] -= 1
        else:
            places.append(place)
    return places
