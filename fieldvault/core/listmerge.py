"""Lists: which elements stand, and in which order.

Law: elements are texts that identify them (a map's key, an item's key, a value's canonical text), each once on a side.
Every function gives the same result when ours and theirs are swapped, in time linear in its input but for sorting.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal


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
) -> Order:
    """The order of the standing elements.

    The backbone is the base's order, but where a side moved something; where both did, the higher of the two orders.
    Each element that the backbone lacks hangs on its nearest predecessor, one that both put in where the higher order
    has it; of two runs on one predecessor the lower goes first.
    """
    if ours == base == theirs:
        return Order([element for element in base if element in standing])
    everywhere = set(base) & set(ours) & set(theirs)
    before, left, right = ([element for element in side if element in everywhere] for side in (base, ours, theirs))
    backbone, other = _moved(before, left, right)
    sequence = [element for element in backbone if element in standing]
    sides = [[element for element in side if element in standing] for side in (base, ours, theirs)]
    sequence = _hang(sequence, sides[:1])
    both = set(sides[1]) & set(sides[2])
    lower, higher = sorted([each for each in side if each in both] for side in sides[1:])
    sequence = _hang(sequence, [higher])
    if left == right and lower != higher:
        other = tuple(lower)
    return Order(_hang(sequence, sides[1:]), other)


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


def _hang(sequence: list[str], sides: Sequence[Sequence[str]]) -> list[str]:
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
        for run in sorted(runs.get(place, ())):
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
