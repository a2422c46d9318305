"""Slots: how the bytes around values come together once the values are decided.

Law: a slot merges by the truth table on its text; where both sides changed it nothing that a person wrote is dropped:
two leads are joined with shared lines once, of two trails the higher stays and the other becomes a line of the lead.
Every function gives the same result when ours and theirs are swapped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from fieldvault.core import layout
from fieldvault.core.fitting import gap_before, trail_behind
from fieldvault.core.nodes import Collection, Entry, Node, Scalar, lines_of
from fieldvault.core.sequences import sequence

T = TypeVar("T", str, int, bool, tuple[bool, str])


OURS, THEIRS = 1, 2  # the places of the two sides in Sides


class Sides(NamedTuple):
    """The entry of one field in the three versions; None where it is absent."""

    base: Entry | None
    ours: Entry | None
    theirs: Entry | None

    @classmethod
    def of(cls, name: str, versions: Iterable[Mapping[str, Entry]]) -> Sides:
        """The entry of this name in each of the three."""
        return cls(*(version.get(name) for version in versions))

    @property
    def present(self) -> list[Entry]:
        """The entries of the two sides, of those that have the field."""
        return [side for side in self[1:] if side is not None]


def pick(base: T | None, ours: T, theirs: T) -> T:
    """A register that needs no conflict: the changed side's, of two changes the higher. A base of None: both added."""
    if ours == theirs or theirs == base:
        return ours
    return theirs if ours == base else max(ours, theirs)


def surrounded(sides: Sides, node: Node, gap: str) -> Entry:
    """The entry of a field that both sides have, with its decided node and the gap that the node came with."""
    base, ours, theirs = sides
    assert ours is not None and theirs is not None
    lead = joined(base.lead if base else "", ours.lead, theirs.lead)
    trail, displaced = _trail(base.trail if base else "", ours.trail, theirs.trail)
    head = pick(base.head if base else None, ours.head, theirs.head)
    if trail.strip() and isinstance(node, Collection) and node.inline:
        trail, displaced = "", f"{trail.strip()}\n{displaced}"
    if displaced and displaced not in lead:
        lead += displaced
    chosen = max(ours, theirs, key=lambda side: (side.flow, side.head))
    gap = gap_before(node, gap, head, flow=chosen.flow)
    entry = chosen.moved(node, lead=lead, head=head, gap=gap, trail=trail_behind(node, trail))
    if entry.flow:  # there the lead depends on the place
        before = (base.first, base.lead) if base else None
        entry.first, entry.lead = pick(before, (ours.first, ours.lead), (theirs.first, theirs.lead))
    return entry


def around(sides: Sides, inside: Collection) -> Entry:
    """The entry of a field that both sides have, with the map or list that they were merged into.

    One that was emptied is `{}` or `[]`, which has no place for the comments in it: they go above.
    """
    foot = ""
    if not inside.entries and not inside.flow:
        foot, inside = inside.foot, Collection(inside.mapping, [], flow=True)
    entry = surrounded(sides, inside, _gap_around(sides, inside))
    return entry.led_by(entry.lead + foot) if foot.strip() else entry


def joined(base: str, ours: str, theirs: str) -> str:
    """Comment and blank lines of both sides: what one side dropped goes, what each put in stands, shared lines once."""
    if ours == theirs or theirs == base:
        return ours
    if ours == base:
        return theirs
    before, left, right = map(lines_of, (base, ours, theirs))
    out: list[str] = []
    for _, in_ours, in_theirs in sequence(before, left, right):
        line = left[in_ours] if in_ours is not None else right[in_theirs or 0]
        if line not in out or not line.strip():
            out.append(line)
    return "".join(out)


def _trail(base: str, ours: str, theirs: str) -> tuple[str, str]:
    """The trail that stays, and the other as a line of the lead."""
    trail = pick(base, ours, theirs)
    both_changed = ours != theirs and base not in (ours, theirs)
    other = (theirs if trail == ours else ours).strip() if both_changed else ""
    return trail, f"{other}\n" if other and other != trail.strip() else ""


def heading(lead: str) -> str:
    """The part of a lead above its last blank line, with that line: it speaks of more than the entry below it."""
    lines = lines_of(lead)
    last_blank = max((place for place, line in enumerate(lines) if not line.strip()), default=-1)
    kept = lines[: last_blank + 1]
    return "".join(kept) if any(line.strip() for line in kept) else ""


def equal_node(sides: Sides, candidates: Iterable[Entry]) -> Entry:
    """Of entries whose values are the same: the one whose source changed; of two changes the higher source."""
    base = layout.shape_text(sides.base.node) if sides.base else None
    # two may differ in what stands before them alone, or in the width of a blank line
    in_order = sorted(candidates, key=lambda entry: (entry.gap, entry.source() or ""))
    texts = {layout.shape_text(entry.node): entry for entry in in_order}
    changed = {text: entry for text, entry in texts.items() if text != base}
    return max((changed or texts).items())[1]


def gap_beside(sides: Sides, chosen: Entry) -> str:
    """The space between head and value: its own slot between values that stand beside their key, else the value's."""
    if sides.ours is None or sides.theirs is None:
        return chosen.gap
    if all(_beside(side.node) for side in sides if side is not None):
        return pick(sides.base.gap if sides.base else None, sides.ours.gap, sides.theirs.gap)
    return chosen.gap


def _gap_around(sides: Sides, inside: Collection) -> str:
    """The space before a collection that both sides were merged into: that of those beside their key, as it is."""
    beside = [side.gap for side in sides.present if _beside(side.node)]
    if not inside.flow or not beside:
        return ""
    return pick(sides.base.gap if sides.base and _beside(sides.base.node) else None, beside[0], beside[-1])


def _beside(node: Node) -> bool:
    """Whether a node stands on its key's line."""
    if isinstance(node, Collection):
        return node.flow
    return not isinstance(node, Scalar) or (bool(node.raw) and not node.block)
