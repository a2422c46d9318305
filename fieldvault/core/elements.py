"""Elements: lists whose items are known by their value, and merge without a look into them.

Law: listmerge.py and sequences.py say which elements stand, and where. One that both sides have keeps what either
changed around it.
"""

from __future__ import annotations

from fieldvault.core import listmerge
from fieldvault.core.arranging import Trio, arranged, standard
from fieldvault.core.dressing import dressed
from fieldvault.core.nodes import Collection, Entry
from fieldvault.core.schema import FieldRule
from fieldvault.core.sequences import sequence
from fieldvault.core.shaping import shaped
from fieldvault.core.slots import Sides
from fieldvault.core.values import canonical


def merged(rule: FieldRule, trio: Trio) -> Collection:
    """The merged list, by the strategy `set` or `sequence`."""
    return _set(rule, trio) if rule.strategy == "set" else _sequence(rule, trio)


def _set(rule: FieldRule, trio: Trio) -> Collection:
    """Values that are each there or not."""
    base, ours, theirs = named = trio.by_value(rule)
    standing = [name for name in {**ours, **theirs} if listmerge.members(base, ours, theirs, name)]
    return arranged(rule, trio, named, {name: _element(rule, Sides.of(name, named)) for name in standing}).collection


def _sequence(rule: FieldRule, trio: Trio) -> Collection:
    """Any list, element by element."""
    listed = trio.entries()
    texts = ([canonical(standard(entry, rule.item)) for entry in entries] for entries in listed)
    entries = []
    for places in sequence(*texts):
        at = (side[place] if place is not None else None for side, place in zip(listed, places, strict=True))
        entries.append(_element(rule, Sides(*at)))
    return shaped(*trio, entries)


def _element(rule: FieldRule, sides: Sides) -> Entry:
    return dressed(rule.item, sides) if len(sides.present) == 2 else sides.present[0]
