"""Arranging: the merged entries of a collection, in their order and in one style.

Law: the order is that of listmerge.py; the style is a register of the collection. Entries are brought to one style
before they are compared, so that a list that one side wrote as a flow and the other as a block still merges by item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from fieldvault.core import listmerge, slots
from fieldvault.core.nodes import Collection, Entry, tied
from fieldvault.core.reading import entry_value, key_of, meaning
from fieldvault.core.schema import FieldRule
from fieldvault.core.shaping import shaped
from fieldvault.core.slots import Sides
from fieldvault.core.strategies import instant
from fieldvault.core.values import Maybe, canonical
from fieldvault.core.writing import to_block, to_flow

Named = Mapping[str, Entry]


class Trio(NamedTuple):
    """The map or the list of one field in the three versions, all of one kind; base None where it had none."""

    base: Collection | None
    ours: Collection
    theirs: Collection

    def entries(self) -> list[list[Entry]]:
        """The entries of each version, in one style: in flow style where both sides have that."""
        flow = all(side.flow for side in self[1:] if side.entries)
        restyled = to_flow if flow else to_block
        listed = [side.entries if side else [] for side in self]
        return [[entry if entry.flow == flow else restyled(entry) for entry in entries] for entries in listed]

    def by_name(self) -> list[Named]:
        """Of maps: each version's entries by their key."""
        return [{entry.key: entry for entry in entries if entry.key is not None} for entries in self.entries()]

    def by_key(self, rule: FieldRule) -> list[Named] | None:
        """Of lists: each version's items by the key that the schema names; None where a side has a key twice."""
        listed = self.entries()
        named = [{key_of(meaning(entry, rule.item), rule): entry for entry in entries} for entries in listed]
        if len(named[1]) < len(listed[1]) or len(named[2]) < len(listed[2]):
            return None
        return [named[0] if len(named[0]) == len(listed[0]) else {}, *named[1:]]

    def by_value(self, rule: FieldRule) -> list[Named]:
        """Of lists: each version's items by their canonical text."""
        item = rule.item
        return [{canonical(standard(entry, item)): entry for entry in entries} for entries in self.entries()]


def trio_of(sides: Sides) -> Trio | None:
    """The maps or lists of a field that both sides have and that may be looked into; else None."""
    base, ours, theirs = (collection_of(side) for side in sides)
    if ours is None or theirs is None or ours.mapping != theirs.mapping:
        return None
    return Trio(base if base and base.mapping == ours.mapping else None, ours, theirs)


def collection_of(entry: Entry | None) -> Collection | None:
    node = entry.node if entry is not None else None
    return node if isinstance(node, Collection) and not tied(node) else None


def standard(entry: Entry | None, rule: FieldRule) -> Maybe:
    """The value of an entry in the form in which two are compared; MISSING where there is none."""
    value = entry_value(entry, rule)
    return rule.standard(value) if rule.has_formats else value


@dataclass(frozen=True)
class Arranged:
    """A merged collection; `other` is the order that gave way, where both sides moved something, differently."""

    collection: Collection
    other: tuple[str, ...] | None


def arranged(rule: FieldRule, trio: Trio, named: Sequence[Named], merged: Mapping[str, Entry | None]) -> Arranged:
    """The collection of the merged entries that are not None."""
    present = {name: entry for name, entry in merged.items() if entry is not None}
    base, ours, theirs = (list(side) for side in named)
    order = listmerge.ordered(base, ours, theirs, present)
    sequence = order.sequence
    if rule.strategy == "log" and base not in (ours, theirs):
        sequence = _by_time(rule, named, present, sequence)
    elif rule.policy.order == "key":
        sequence = sorted(sequence)
    entries, left_over = _with_headings(named, present, sequence)
    collection = shaped(*trio, entries)
    if not collection.flow:
        collection.foot = _below(left_over, collection.foot)
    return Arranged(collection, order.other)


def _by_time(rule: FieldRule, named: Sequence[Named], present: Named, sequence: list[str]) -> list[str]:
    """A log's order: entries of the base keep theirs, new ones go in by (instant, key)."""
    at = rule.policy.at

    def moment(name: str) -> tuple[Decimal, str]:
        value = meaning(present[name], rule.item)
        text = value.get(at) if at and isinstance(value, dict) else None
        return (instant(text) if isinstance(text, str) else None) or Decimal(0), name

    kept = [name for name in sequence if name in named[0]]
    new = [name for name in sequence if name not in named[0]]
    return listmerge.inserted(kept, new, moment, [[name for name in side if name in present] for side in named[1:]])


_Headings = list[tuple[str, str]]  # as they were, and as they are


def _with_headings(named: Sequence[Named], present: Named, sequence: list[str]) -> tuple[list[Entry], _Headings]:
    """The entries in order, and the headings that are left over.

    One that a side changed above an entry that the other removed goes to the next entry; below the last there is none.
    """
    above: dict[str, _Headings] = {}
    left_over: _Headings = []
    for side in named[1:]:
        waiting: _Headings = []
        for name, entry in side.items():
            if name in present:
                above.setdefault(name, []).extend(waiting)
                waiting = []
            elif name in named[0]:
                old, new = slots.heading(named[0][name].lead), slots.heading(entry.lead)
                waiting += [(old, new)] if old != new else []
        left_over += [(_without_gap(old), _without_gap(new)) for old, new in waiting]
    return [_under(above.get(name, []), present[name]) for name in sequence], left_over


def _under(headings: _Headings, entry: Entry) -> Entry:
    """The entry below the headings of entries that stood above it and are gone."""
    lead = _below(headings, entry.lead)
    return entry if lead == entry.lead else entry.led_by(lead)


def _without_gap(heading: str) -> str:
    """A heading as it stands where nothing follows."""
    return heading.rstrip() + "\n" if heading else ""


def _below(headings: _Headings, text: str) -> str:
    """Comments with the headings among them as they are now."""
    for old, new in sorted(headings):
        if old and old in text:
            text = text.replace(old, new, 1)
        elif new not in text:
            text = new + text
    return text
