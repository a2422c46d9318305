"""Dressing: the bytes of a field whose value is decided.

Law: the value is the winner's, whole; what stands around and between its parts (comments, quotes of what is equal,
indentation, style) merges from both sides by the truth table, as far as the parts can be matched. So a comment inside
an address survives although the address is one value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fieldvault.core import slots
from fieldvault.core.arranging import Named, Trio, arranged, standard, trio_of
from fieldvault.core.nodes import Collection, Entry
from fieldvault.core.schema import FieldRule
from fieldvault.core.slots import Sides
from fieldvault.core.values import canonical, same

OURS, THEIRS = 1, 2  # places in Sides and Trio


def dressed(rule: FieldRule, sides: Sides, winner: int | None = None) -> Entry:
    """The entry of a field that both sides have. `winner`: whose value it is, None where their values are equal."""
    assert sides.ours is not None and sides.theirs is not None
    trio = trio_of(sides)
    if trio is None:
        having = [side for side in (sides.ours, sides.theirs) if winner is None or side is sides[winner]]
        chosen = slots.equal_node(sides, having)
        return slots.surrounded(sides, chosen.node, slots.gap_beside(sides, chosen))
    inside = _map(rule, trio, winner) if trio.ours.mapping else slots.shaped(*trio, _list(rule, trio, winner))
    return slots.around(sides, inside)


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
    merged = {key: _part(rule.field(key), Sides(*(side.get(key) for side in named)), winner) for key in keys}
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
        matched = [Sides(*(side.get(canonical(standard(entry, rule.item))) for side in known)) for entry in own]
    parts = [_part(rule.item, sides, winner) if None not in sides[1:] else None for sides in matched]
    return [part or entry for part, entry in zip(parts, own, strict=True)]


def _once(entries: list[Entry], rule: FieldRule) -> dict[str, Entry]:
    names = [canonical(standard(entry, rule.item)) for entry in entries]
    count = Counter(names)
    return {name: entry for name, entry in zip(names, entries, strict=True) if count[name] == 1}
