"""Lists of texts, as docs/merge.md has them: alignment, sequence, set, order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from datetime import datetime
from itertools import chain

PAIRS_MAX = 250_000

Texts = list[str]


# Alignment and sequence.


def align(base: Texts, other: Texts, at: tuple[int, int] = (0, 0)) -> list[tuple[int, int]]:
    """The pairs of places that an alignment keeps, rising."""
    head = 0
    while head < min(len(base), len(other)) and base[head] == other[head]:
        head += 1
    tail = 0
    while tail < min(len(base), len(other)) - head and base[-1 - tail] == other[-1 - tail]:
        tail += 1
    inner, outer = base[head : len(base) - tail], other[head : len(other) - tail]
    pairs = [(place, place) for place in range(head)]
    pairs += [(head + i, head + j) for i, j in between(inner, outer)]
    pairs += [(len(base) - back, len(other) - back) for back in range(tail, 0, -1)]
    return [(i + at[0], j + at[1]) for i, j in pairs]


def between(base: Texts, other: Texts) -> list[tuple[int, int]]:
    once_there = [each for each in base if base.count(each) == 1 == other.count(each)]
    kept = rising([other.index(each) for each in once_there])
    if not kept:
        return common(base, other) if len(base) * len(other) <= PAIRS_MAX else []
    pairs: list[tuple[int, int]] = []
    start = (0, 0)
    for i, j in [*((base.index(other[place]), place) for place in kept), (len(base), len(other))]:
        pairs += [*align(base[start[0] : i], other[start[1] : j], start), (i, j)]
        start = (i + 1, j + 1)
    return pairs[:-1]


def rising(numbers: list[int]) -> list[int]:
    """The longest rising run; of several the one whose last is the lowest, then whose last but one is, and so on."""

    def place(run: list[int]) -> tuple[int, list[int]]:
        return len(run), [-number for number in reversed(run)]

    runs: list[list[int]] = []
    for number in numbers:
        before = max((run for run in runs if run[-1] < number), key=place, default=[])
        runs.append([*before, number])
    return max(runs, key=place, default=[])


def common(base: Texts, other: Texts) -> list[tuple[int, int]]:
    """The longest common subsequence."""
    lengths = [[0] * (len(other) + 1) for _ in range(len(base) + 1)]
    for i in reversed(range(len(base))):
        for j in reversed(range(len(other))):
            same = base[i] == other[j]
            lengths[i][j] = lengths[i + 1][j + 1] + 1 if same else max(lengths[i + 1][j], lengths[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < len(base) and j < len(other):
        if base[i] == other[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def gaps(base: Texts, ours: Texts, theirs: Texts) -> list[tuple[Texts, Texts, Texts]]:
    """The gaps in turn, and each stable element as one that nobody changed."""
    left, right = dict(align(base, ours)), dict(align(base, theirs))
    found, start = [], (0, 0, 0)
    for place in sorted(left.keys() & right.keys()):
        i, j, k = place, left[place], right[place]
        found.append((base[start[0] : i], ours[start[1] : j], theirs[start[2] : k]))
        found.append(([base[i]], [base[i]], [base[i]]))
        start = (i + 1, j + 1, k + 1)
    return [*found, (base[start[0] :], ours[start[1] :], theirs[start[2] :])]


def one_sided(base: Texts, ours: Texts, theirs: Texts) -> Texts | None:
    if ours in (base, theirs):
        return theirs
    return ours if theirs == base else None


def diff3(base: Texts, ours: Texts, theirs: Texts) -> Texts:
    merged: Texts = []
    for known, left, right in gaps(base, ours, theirs):
        chosen = one_sided(known, left, right)
        merged += both(without(left, known), without(right, known)) if chosen is None else chosen
    return merged


def without(side: Texts, gone: Texts) -> Texts:
    left = Counter(gone)
    kept = []
    for each in side:
        if left[each] > 0:
            left[each] -= 1
        else:
            kept.append(each)
    return kept


def both(ours: Texts, theirs: Texts) -> Texts:
    """What both put in stands once, and between that two different runs, the lower first."""
    ours, theirs = sorted((ours, theirs))
    merged: Texts = []
    start = (0, 0)
    for i, j in [*align(ours, theirs), (len(ours), len(theirs))]:
        runs = sorted([ours[start[0] : i], theirs[start[1] : j]])
        merged += chain(*(runs if runs[0] != runs[1] else runs[:1]), ours[i : i + 1])
        start = (i + 1, j + 1)
    return merged


# Order.


def ordered(
    present: Container[str], base: Texts, ours: Texts, theirs: Texts, by_key: bool = False
) -> tuple[Texts, Texts | None]:
    """The order of what is present, and the other one where two orders differed."""
    known, left, right = ([each for each in dict.fromkeys(side) if each in present] for side in (base, ours, theirs))
    everywhere = set(known) & set(left) & set(right)
    one: Texts = []
    two: Texts = []
    shared = [[each for each in side if each in everywhere] for side in (known, left, right)]
    for stretch in stretches(*shared):
        moved = one_sided(*stretch)
        one += stretch[1] if moved is None else moved
        two += stretch[2] if moved is None else moved
    order, other = max(one, two), min(one, two) if one != two else None
    hang(order, known)
    lower, higher = sorted([each for each in side if each in left and each in right] for side in (left, right))
    hang(order, higher)
    if shared[1] == shared[2] and lower != higher:
        other = lower
    runs = [*runs_of(order, left), *runs_of(order, right)]
    for before, run in sorted(runs, key=lambda run: run[1], reverse=True):
        place = order.index(before) + 1 if before is not None else 0
        order[place:place] = run
    return sorted(order) if by_key else order, other


def stretches(base: Texts, ours: Texts, theirs: Texts) -> list[tuple[Texts, Texts, Texts]]:
    found, start = [], 0
    for end in range(1, len(base) + 1):
        if set(base[:end]) == set(ours[:end]) == set(theirs[:end]):
            found.append((base[start:end], ours[start:end], theirs[start:end]))
            start = end
    return found


def runs_of(order: Texts, side: Texts) -> list[tuple[str | None, Texts]]:
    """Each run of what the order lacks, and its nearest predecessor."""
    runs: dict[str | None, Texts] = {}
    before = None
    for each in side:
        if each in order:
            before = each
        else:
            runs.setdefault(before, []).append(each)
    return list(runs.items())


def hang(order: Texts, side: Texts) -> None:
    for before, run in runs_of(order, side):
        place = order.index(before) + 1 if before is not None else 0
        order[place:place] = run


def by_time(times: Mapping[str, datetime], order: Texts, base: Texts, ours: Texts, theirs: Texts) -> Texts:
    """A log: the base's entries as they are ordered, each new one before the first that is later."""

    def newest_first(side: Texts) -> bool:
        found = [times[key] for key in side if key in times]
        return found == sorted(found, reverse=True) != sorted(found)

    falling = newest_first(ours) and newest_first(theirs)
    new = [key for key in order if key not in base]
    order = [key for key in order if key in base]
    for key in sorted(new, key=lambda key: (times[key], key), reverse=falling):
        moment = (times[key], key)
        moments = [(times[each], each) for each in order]
        beyond = [place for place, each in enumerate(moments) if (each < moment if falling else each > moment)]
        order.insert(beyond[0] if beyond else len(order), key)
    return order
