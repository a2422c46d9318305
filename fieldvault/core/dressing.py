"""Dressing: the bytes of a field whose value is decided.

Law: the value is the winner's, whole; what stands around and between its parts (comments, quotes of what is equal,
indentation, style) merges from both sides by the truth table, as far as the parts can be matched. So a comment inside
an address survives although the address is one value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fieldvault.core import layout, slots
from fieldvault.core.arranging import Named, Trio, arranged, standard, trio_of
from fieldvault.core.fitting import with_value
from fieldvault.core.nodes import Collection, Entry
from fieldvault.core.schema import FieldRule
from fieldvault.core.shaping import shaped
from fieldvault.core.slots import OURS, THEIRS, Sides
from fieldvault.core.values import MISSING, Maybe, canonical, same


def dressed(rule: FieldRule, sides: Sides, winner: int | None = None) -> Entry:
    """The entry of a field that both sides have. `winner`: whose value it is, None where their values are equal."""
    assert sides.ours is not None and sides.theirs is not None
    trio = trio_of(sides)
    if trio is None:
        having = [side for side in (sides.ours, sides.theirs) if winner is None or side is sides[winner]]
        chosen = slots.equal_node(sides, having)
        return slots.surrounded(sides, chosen.node, slots.gap_beside(sides, chosen))
    inside = _map(rule, trio, winner) if trio.ours.mapping else shaped(*trio, _list(rule, trio, winner))
    return slots.around(sides, inside)


def showing(rule: FieldRule, sides: Sides, value: Maybe) -> Entry:
    """The entry of a field that at least one side has, with the value that was decided for it.

    It comes from a version that has the value; a value that none has is fitted into the higher of the two texts.
    """
    assert value is not MISSING
    wanted = rule.standard(value)
    having = [place for place in (OURS, THEIRS) if same(standard(sides[place], rule), wanted)]
    if len(sides.present) == 1:
        return sides.present[0] if having else with_value(sides.present[0], value, rule)
    if having:
        return dressed(rule, sides, having[0] if len(having) == 1 else None)
    if sides.base is not None and same(standard(sides.base, rule), wanted):
        chosen = sides.base
    else:
        chosen = with_value(max(sides.present, key=lambda side: layout.shape_text(side.node)), value, rule)
    return slots.surrounded(sides, chosen.node, slots.gap_beside(sides, chosen))


def _part(rule: FieldRule, sides: Sides, winner: int | None) -> Entry | None:
    """A part of a decided value: absent where the winner has none."""
    if winner is not None and sides[winner] is None:
        return None
    if sides.ours is None or sides.theirs is None:
        return sides.ours or sides.theirs
    equal = same(standard(sides.ours, rule), standard(sides.theirs, rule))
    return dressed(rule, sides, None if equal else winner)


def _map(rule: FieldRule, trio: Trio, winner: int | None) -> Collection:
    named = trio.by_name()
    keys = {**named[1], **named[2]}
    merged = {key: _part(rule.field(key), Sides.of(key, named), winner) for key in keys}
    return arranged(rule, trio, named if winner is None else _in_order_of(named, winner), merged).collection


def _in_order_of(named: Sequence[Named], winner: int) -> list[Named]:
    return [named[0], named[winner], named[winner]]


def _list(rule: FieldRule, trio: Trio, winner: int | None) -> list[Entry]:
    """Items are matched by place in lists of one length, else by value where a value stands once."""
    listed = trio.entries()
    own = listed[winner or OURS]
    if len(listed[OURS]) == len(listed[THEIRS]):
        before: Sequence[Entry | None] = listed[0] if len(listed[0]) == len(own) else [None] * len(own)
        matched = [Sides(*items) for items in zip(before, listed[OURS], listed[THEIRS], strict=True)]
    else:
        known = [_once(entries, rule) for entries in listed]
        matched = [Sides.of(canonical(standard(entry, rule.item)), known) for entry in own]
    parts = [_part(rule.item, sides, winner) if len(sides.present) == 2 else None for sides in matched]
    return [part or entry for part, entry in zip(parts, own, strict=True)]


def _once(entries: list[Entry], rule: FieldRule) -> dict[str, Entry]:
    names = [canonical(standard(entry, rule.item)) for entry in entries]
    count = Counter(names)
    return {name: entry for name, entry in zip(names, entries, strict=True) if count[name] == 1}
