"""Lists: which elements stand, and in which order.

Law: elements are texts that identify them (a map's key, an item's key, a value's canonical text), each once on a side.
Every function gives the same result when ours and theirs are swapped, in time linear in its input but for sorting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from fieldvault.core.diff3 import Hunk, align, matches


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

    The backbone is the base's order, but where a side moved something; where both did, the higher of the two orders.
    Each element that the backbone lacks hangs on its nearest predecessor, one that both put in where the higher order
    has it; of two runs on one predecessor the lower by `tie` goes first.
    """
    if ours == base == theirs:
        return Order([element for element in base if element in standing])
    everywhere = set(base) & set(ours) & set(theirs)
    before, left, right = ([element for element in side if element in everywhere] for side in (base, ours, theirs))
    backbone, other = _moved(before, left, right)
    sequence = [element for element in backbone if element in standing]
    sides = [[element for element in side if element in standing] for side in (base, ours, theirs)]
    sequence = _hang(sequence, sides[:1], tie)
    both = set(sides[1]) & set(sides[2])
    lower, higher = sorted([each for each in side if each in both] for side in sides[1:])
    sequence = _hang(sequence, [higher], tie)
    if left == right and lower != higher:
        other = tuple(lower)
    return Order(_hang(sequence, sides[1:], tie), other)


def _moved(base: list[str], ours: list[str], theirs: list[str]) -> tuple[list[str], tuple[str, ...] | None]:
    """The order of elements that all three have, stretch by stretch, and the one that gave way."""
    one: list[str] = []
    other: list[str] = []
    for before, left, right in _stretches(base, ours, theirs):
        one += right if left == before else left
        other += left if right == before else right
    return (one, None) if one == other else (max(one, other), tuple(min(one, other)))


def _stretches(base: list[str], ours: list[str], theirs: list[str]) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """The three orders cut wherever they have the same elements above the cut: nothing was moved across it."""
    places = {element: place for place, element in enumerate(base)}
    start = reach = 0
    for place, (left, right) in enumerate(zip(ours, theirs, strict=True)):
        reach = max(reach, places[left], places[right])
        if reach == place:
            stretch = slice(start, place + 1)
            yield base[stretch], ours[stretch], theirs[stretch]
            start = place + 1


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

    An element of the base that a side dropped goes; what each side put in its gap stands: once what both put in, and
    between that two different runs one after the other, the lower first.
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
            for in_ours, in_theirs in _united(*runs):
                ours_at = left + places[0][in_ours] if in_ours is not None else None
                theirs_at = right + places[1][in_theirs] if in_theirs is not None else None
                merged.append(Aligned(None, ours_at, theirs_at))
        start, left, right = start + len(hunk.base), left + len(hunk.ours), right + len(hunk.theirs)
    return merged


def _united(ours: list[str], theirs: list[str]) -> list[tuple[int | None, int | None]]:
    """Two runs in one gap as one: where each of its elements stands in them."""
    if theirs < ours:
        return [(left, right) for right, left in _united(theirs, ours)]
    united: list[tuple[int | None, int | None]] = []
    start = begin = 0
    for left, right in [*matches(ours, theirs), (len(ours), len(theirs))]:
        alone: list[list[tuple[int | None, int | None]]]
        alone = [[(place, None) for place in range(start, left)], [(None, place) for place in range(begin, right)]]
        for run in alone if ours[start:left] < theirs[begin:right] else reversed(alone):
            united += run
        united.append((left, right))
        start, begin = left + 1, right + 1
    return united[:-1]


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
