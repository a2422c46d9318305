"""The merge: three versions of a record in, one version and its open conflicts out.

Law: a pure function of the three texts, the conflicts that stand open in each, and the schema. It knows no side, clock,
commit or author: swapping ours and theirs gives the same bytes. Values decide what is present, slots decide the bytes.

    ours \\ theirs    same as base       changed                          removed
    same as base     1  base            2  theirs                        2  removed
    changed          3  ours            4  equal: it; else by strategy   5  the edited stands, deleted-edited
    removed          3  removed         5  the edited stands             1  removed

Added by both: base is MISSING, and the field's strategy decides, field by field. Whole texts of entries are compared
first: that settles rows 1 to 3 with all their formatting, and only what both sides touched is looked into.

This file owns the one recursion. What a strategy makes of two different values of one field is in strategies.py, of
sibling fields in groups.py, of a list's elements in elements.py; what still stands open in openfields.py; the order of
entries in arranging.py; the bytes of a decided value in dressing.py, those around it in slots.py, shaping.py and
framing.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fieldvault.core import elements, groups, layout, slots
from fieldvault.core.aliases import without_dangling
from fieldvault.core.arranging import Named, Trio, arranged, collection_of, standard, trio_of
from fieldvault.core.conflicts import DELETED_EDITED, EDITED_BOTH, OF_VALUES, ORDER, Conflict, Conflicts
from fieldvault.core.derived import FUNCTIONS
from fieldvault.core.dressing import dressed, showing
from fieldvault.core.framing import framed
from fieldvault.core.nodes import Collection, Entry, Tree, aliased
from fieldvault.core.openfields import OpenFields
from fieldvault.core.reading import ITEMS_BY_KEY, entry_value, find, value_of
from fieldvault.core.schema import FieldRule, Schema
from fieldvault.core.slots import OURS, THEIRS, Sides
from fieldvault.core.strategies import Outcome, decide
from fieldvault.core.values import MISSING, FieldPath, Maybe, same, spelled


@dataclass(frozen=True)
class Version:
    """One version of a record: its tree (None where the record is absent) and what stood open in it."""

    tree: Tree | None
    conflicts: Conflicts


@dataclass(frozen=True)
class Notice:
    """A field where a strategy let a value give way without a conflict; `kind` is the strategy's name."""

    kind: str
    field: FieldPath
    shown: Maybe
    dropped: tuple[Maybe, ...]


@dataclass(frozen=True)
class Merged:
    """The merged record (None: removed), every conflict that is open in it, and the notices."""

    tree: Tree | None
    conflicts: tuple[Conflict, ...]
    notices: tuple[Notice, ...]


def merge_versions(base: Version, ours: Version, theirs: Version, schema: Schema, record: str) -> Merged:
    """Merge three versions of one record. `record` names it in conflicts."""
    roots = Sides(*(version.tree.root if version.tree else None for version in (base, ours, theirs)))
    merger = _Merger(OpenFields(record, base.conflicts, ours.conflicts, theirs.conflicts), roots)
    root = merger.field((), schema.root, roots)
    found = dict(merger.open.found)
    for conflict in merger.open.untouched():
        if root is not None and (conflict.kind not in OF_VALUES or find(root, conflict.field, schema.root)):
            found[conflict.field] = conflict
    conflicts = tuple(found[path] for path in sorted(found))
    tree = framed(base.tree, ours.tree, theirs.tree, without_dangling(root)) if root is not None else None
    return Merged(tree, conflicts, tuple(sorted(merger.notices, key=lambda notice: notice.field)))


def _settled_by_text(sides: Sides, adds: bool) -> int | None:
    """The side whose entry stands, where whole texts alone tell: rows 1 to 3, and equality. `adds`: two equal changes
    add up.
    """
    if _alike(sides.ours, sides.base):
        return THEIRS  # 1, 2
    if _alike(sides.theirs, sides.base):
        return OURS  # 1, 3
    return OURS if not adds and _alike(sides.ours, sides.theirs) else None  # 4


def _alike(one: Entry | None, other: Entry | None) -> bool:
    """Whether two entries are alike to the byte, lead to trail, and as they begin or do not begin a flow collection."""
    if one is None or other is None or one is other:
        return one is other
    return one.first == other.first and layout.entry_text(one) == layout.entry_text(other)


class _Merger:
    """One merge of one record. Gathers notices, and in `open` conflicts, on its way down."""

    def __init__(self, opened: OpenFields, roots: Sides) -> None:
        self.open = opened
        self.aliases = any(root and aliased(root.node) for root in roots)
        self.notices: list[Notice] = []

    def field(self, path: FieldPath, rule: FieldRule, sides: Sides) -> Entry | None:
        """One field of the record, by the truth table."""
        if self._text_tells(path, sides):
            settled = _settled_by_text(sides, rule.adds)
            if settled is not None:
                return sides[settled]
        if sides.ours is None and sides.theirs is None:
            return None  # 1, 3
        if self.open.at(path):
            return self._still_open(path, rule, sides)
        if sides.ours is None or sides.theirs is None:
            return self._on_one_side(path, rule, sides)
        return self._on_both_sides(path, rule, sides)

    def _text_tells(self, path: FieldPath, sides: Sides) -> bool:
        """Whether a text says all of its entry: nothing stands open in it, and no alias names what stands elsewhere."""
        return not self.open.below(path) and not (self.aliases and any(side and aliased(side.node) for side in sides))

    def _on_one_side(self, path: FieldPath, rule: FieldRule, sides: Sides) -> Entry | None:
        present, version = (sides.ours, OURS) if sides.ours else (sides.theirs, THEIRS)
        if sides.base is None:
            return present  # 2, 3: added
        if not self._edited(path, rule, sides):
            return None  # 2, 3: removed, also where the other side changed only its comment or quoting
        self.open.note(path, DELETED_EDITED, entry_value(sides.base, rule), (MISSING,))  # 5
        self.open.stay(path, version)
        return present

    def _edited(self, path: FieldPath, rule: FieldRule, sides: Sides) -> bool:
        """Whether a side that has the field changed its value, or what stands open inside it."""
        base = standard(sides.base, rule)
        return any(
            side is not None and (not same(standard(side, rule), base) or self.open.opened(path, version))
            for version, side in ((OURS, sides.ours), (THEIRS, sides.theirs))
        )

    def _on_both_sides(self, path: FieldPath, rule: FieldRule, sides: Sides) -> Entry:
        inside = self._inside(path, rule, sides)
        return slots.around(sides, inside) if inside is not None else self._as_one(path, rule, sides)

    def _as_one(self, path: FieldPath, rule: FieldRule, sides: Sides) -> Entry:
        """A field that is not looked into: its value is decided as one."""
        base, ours, theirs = (standard(side, rule) for side in sides)
        if same(ours, theirs) and not (rule.strategy == "sum" and not same(ours, base)):
            return dressed(rule, sides)  # 1, 4
        if same(ours, base):
            return showing(rule, sides, entry_value(sides.theirs, rule))  # 2
        if same(theirs, base):
            return showing(rule, sides, entry_value(sides.ours, rule))  # 3
        values = [entry_value(side, rule) for side in sides]
        outcome = decide(rule, *values)  # 4
        self._note(path, rule.strategy, outcome, values[0])
        return showing(rule, sides, outcome.shown)

    def _note(self, path: FieldPath, strategy: str, outcome: Outcome, base: Maybe) -> None:
        if outcome.also:
            kind = DELETED_EDITED if MISSING in (outcome.shown, *outcome.also) else EDITED_BOTH
            self.open.note(path, kind, base, outcome.also)
        elif outcome.dropped:
            self.notices.append(Notice(strategy, path, outcome.shown, outcome.dropped))

    # Fields at which something stands open.

    def _still_open(self, path: FieldPath, rule: FieldRule, sides: Sides) -> Entry | None:
        if self.open.only_removals(path) and _looks_inside(rule, sides):
            return self._present_or_removed(path, rule, sides)
        shown = self.open.settle(path, rule, [entry_value(side, rule) for side in sides])
        return None if shown is MISSING else showing(rule, sides, shown)

    def _present_or_removed(self, path: FieldPath, rule: FieldRule, sides: Sides) -> Entry | None:
        """A map or list of which a removal stands open: whether it is there is decided apart from what it holds."""
        there = self.open.presence(path, [side is not None for side in sides])
        if True not in there and not self._edited(path, rule, sides):
            return None
        if False in there:
            self.open.note(path, DELETED_EDITED, self.open.base(path, entry_value(sides.base, rule)), (MISSING,))
        if sides.ours is None or sides.theirs is None:
            self.open.stay(path, OURS if sides.ours else THEIRS)
            return sides.ours or sides.theirs
        return self._on_both_sides(path, rule, sides)

    # Maps and lists.

    def _inside(self, path: FieldPath, rule: FieldRule, sides: Sides) -> Collection | None:
        """The merged map or list where the strategy looks into it and both sides have one; else None.

        Two that took the place of something else are two values, of which none was ever entered in parts.
        """
        trio = trio_of(sides)
        if trio is None or not rule.looks_into(trio.ours.mapping):
            return None
        before = entry_value(sides.base, rule) if trio.base is None else MISSING
        if before is not MISSING and before is not None:
            return None
        if trio.ours.mapping:
            return self._map(path, rule, trio)
        if rule.strategy in ITEMS_BY_KEY:
            return self._items(path, rule, trio)
        return elements.merged(rule, trio)

    def _map(self, path: FieldPath, rule: FieldRule, trio: Trio) -> Collection:
        named = trio.by_name()
        merged: dict[str, Entry | None] = {}
        for group, members in rule.groups.items():
            if any(name in side for side in named for name in members):
                merged.update(self._group((*path, group), rule, members, named))
        fields = {key: rule.field(key) for key in {**named[0], **named[1], **named[2]}}
        for key, field in fields.items():
            if key not in merged and field.strategy != "derived":
                merged[key] = self.field((*path, key), field, Sides.of(key, named))
        for key, field in fields.items():
            if field.strategy == "derived":
                merged[key] = self._derived((*path, key), rule, merged, Sides.of(key, named))
        return arranged(rule, trio, named, merged).collection

    def _derived(
        self, path: FieldPath, rule: FieldRule, merged: Mapping[str, Entry | None], sides: Sides
    ) -> Entry | None:
        """A field that is computed from its merged siblings; where they do not say enough it merges as a register.

        `rule` is that of the map around it.
        """
        field = rule.field(path[-1])
        siblings = {name: value_of(entry.node, rule.field(name)) for name, entry in merged.items() if entry is not None}
        compute = FUNCTIONS.get(field.policy.function or "")
        value = compute(siblings) if compute else MISSING
        if not sides.present or (len(sides.present) == 1 and sides.base is not None):
            return None
        if value is not MISSING:
            return showing(field, sides, value)
        return sides.present[0] if len(sides.present) == 1 else self._as_one(path, field, sides)

    def _group(
        self, path: FieldPath, rule: FieldRule, members: tuple[str, ...], named: Sequence[Named]
    ) -> dict[str, Entry | None]:
        """Sibling fields that merge as one register over all of them; `path` ends in the group's name."""
        tuples = [groups.values(members, side, rule) for side in named]
        if self.open.at(path):
            shown = self.open.settle(path, rule.step(path[-1]), tuples)
        else:
            outcome = groups.decide(members, rule, *tuples)
            self._note(path, "ladder", outcome, tuples[0])
            shown = outcome.shown
        return groups.entries(members, shown, named, rule)

    def _items(self, path: FieldPath, rule: FieldRule, trio: Trio) -> Collection | None:
        """A list whose items are matched by their key; None where a key stands twice: no item may be dropped."""
        named = trio.by_key(rule)
        if named is None:
            return None
        keys = {**named[0], **named[1], **named[2]}
        merged = {key: self.field((*path, key), rule.item, Sides.of(key, named)) for key in keys}
        result = arranged(rule, trio, named, merged)
        if result.other and rule.strategy == "keyed" and rule.policy.order == "source" and path not in self.open.found:
            self.open.note(path, ORDER, MISSING, [list(map(spelled, result.other))])
        return result.collection


def _looks_inside(rule: FieldRule, sides: Sides) -> bool:
    """Whether each version that has the field has a map or a list there that merges by its parts."""
    collections = [collection_of(side) for side in sides if side is not None]
    return all(one is not None and rule.looks_into(one.mapping) for one in collections)
