"""The merge: three versions of a record in, one version and its open conflicts out.

Law: a pure function of the three texts, the conflicts that stand open in each, and the schema. It knows no side, clock,
commit or author: swapping ours and theirs gives the same bytes. Values decide what is present, slots decide the bytes.

    ours \\ theirs    same as base       changed                          removed
    same as base     1  base            2  theirs                        2  removed
    changed          3  ours            4  equal: it; else by strategy   5  the edited stands, deleted-edited
    removed          3  removed         5  the edited stands             1  removed

Added by both: base is MISSING, and the field's strategy decides, field by field. This file owns the one recursion; what
a strategy does with two different values of one field is in strategies.py, the order of lists in listmerge.py, the
bytes around values in slots.py. Whole texts of entries are compared first: that settles rows 1 to 3 with all their
formatting, and only what both sides touched is looked into.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from fieldvault.core import groups, layout, listmerge, slots
from fieldvault.core.conflicts import DELETED_EDITED, EDITED_BOTH, OF_VALUES, ORDER, Conflict, as_standing, ranked, standing
from fieldvault.core.derived import FUNCTIONS
from fieldvault.core.fitting import with_value
from fieldvault.core.nodes import Collection, Entry, Tree
from fieldvault.core.reading import ITEMS_BY_KEY, entry_value, find, key_of, value_of
from fieldvault.core.schema import FieldRule, Schema
from fieldvault.core.slots import Sides
from fieldvault.core.strategies import Outcome, decide, instant
from fieldvault.core.values import MISSING, FieldPath, Maybe, Value, canonical, rank, same
from fieldvault.core.writing import entry_of

Conflicts = Mapping[FieldPath, Conflict]


@dataclass(frozen=True)
class Version:
    """One version of a record: its tree (None where the record is absent) and what stood open in it."""

    tree: Tree | None
    conflicts: Conflicts


@dataclass(frozen=True)
class Notice:
    """A field where a strategy let a value give way without a conflict."""

    kind: str  # the strategy's name
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
    merger = _Merger(schema, record, (base.conflicts, ours.conflicts, theirs.conflicts))
    roots = Sides(*(version.tree.root if version.tree else None for version in (base, ours, theirs)))
    root = merger.field((), schema.root, roots)
    conflicts = merger.all_conflicts(root)
    if root is None:
        return Merged(None, conflicts, tuple(merger.notices))
    return Merged(_framed(base.tree, ours.tree, theirs.tree, root), conflicts, tuple(merger.notices))


def _framed(base: Tree | None, ours: Tree | None, theirs: Tree | None, root: Entry) -> Tree:
    """The merged root in the merged frame: byte order mark, line ending, what stands above and below the record."""
    if ours is None or theirs is None:
        frame = ours or theirs
        assert frame is not None
        return replace(frame, root=root)
    whole_lines = all(not tree or not tree.start or tree.start.endswith("\n") for tree in (base, ours, theirs))
    merge_text: Callable[[str, str, str], str] = slots.joined if whole_lines else slots.pick
    return Tree(
        root,
        bom=slots.pick(base.bom if base else None, ours.bom, theirs.bom),
        newline=slots.pick(base.newline if base else None, ours.newline, theirs.newline),
        start=merge_text(base.start if base else "", ours.start, theirs.start),
        end=slots.joined(base.end if base else "", ours.end, theirs.end),
        final_newline=slots.pick(base.final_newline if base else None, ours.final_newline, theirs.final_newline),
    )


class _Unsettled:
    pass


_UNSETTLED: Final = _Unsettled()


class _Merger:
    """One merge of one record. Gathers conflicts and notices on its way down."""

    def __init__(self, schema: Schema, record: str, opened: tuple[Conflicts, Conflicts, Conflicts]) -> None:
        self.schema = schema
        self.record = record
        self.opened = opened
        self.conflicts: dict[FieldPath, Conflict] = {}
        self.notices: list[Notice] = []
        self.decided: set[FieldPath] = set()  # fields whose open conflict this merge has dealt with
        paths = {path for conflicts in opened for path in conflicts}
        self.open_below = {path[:length] for path in paths for length in range(len(path) + 1)}

    def field(self, path: FieldPath, rule: FieldRule, sides: Sides) -> Entry | None:
        """One field of the record, by the truth table."""
        if path not in self.open_below:
            settled = _by_text(sides, rule.adds)
            if not isinstance(settled, _Unsettled):
                return settled
        if sides.ours is None and sides.theirs is None:
            return None  # 1, 3
        if any(conflicts[path].kind in OF_VALUES for conflicts in self.opened if path in conflicts):
            return self._still_open(path, rule, sides)
        if sides.ours is None or sides.theirs is None:
            return self._on_one_side(path, rule, sides)
        inside = self._inside(path, rule, sides)
        if inside is not None:
            return slots.surrounded(sides, inside, slots.gap_beside(sides, sides.ours))
        return self._decided(path, rule, sides)

    def _on_one_side(self, path: FieldPath, rule: FieldRule, sides: Sides) -> Entry | None:
        present = sides.ours or sides.theirs
        if sides.base is None:
            return present  # 2, 3: added
        if same(_standard(present, rule), _standard(sides.base, rule)):
            return None  # 2, 3: removed, also where the other side changed only its comment or quoting
        self._conflict(path, DELETED_EDITED, entry_value(sides.base, rule), (MISSING,))  # 5
        return present

    def _decided(self, path: FieldPath, rule: FieldRule, sides: Sides) -> Entry:
        """A field that is no collection to look into: a register or another strategy for one value."""
        base, ours, theirs = (_standard(side, rule) for side in sides)
        if same(ours, theirs) and not (rule.strategy == "sum" and not same(ours, base)):
            return self._with_either(path, rule, sides)  # 1, 4
        if same(ours, base):
            return self._showing(rule, sides, theirs)  # 2
        if same(theirs, base):
            return self._showing(rule, sides, ours)  # 3
        outcome = decide(rule, *(entry_value(side, rule) for side in sides))  # 4
        self._note(path, rule.strategy, outcome, entry_value(sides.base, rule))
        return self._showing(rule, sides, rule.standard(outcome.shown), outcome.shown)

    def _note(self, path: FieldPath, strategy: str, outcome: Outcome, base: Maybe) -> None:
        if outcome.also:
            kind = DELETED_EDITED if MISSING in (outcome.shown, *outcome.also) else EDITED_BOTH
            self._conflict(path, kind, base, outcome.also)
        elif outcome.dropped:
            self.notices.append(Notice(strategy, path, outcome.shown, outcome.dropped))

    def _conflict(self, path: FieldPath, kind: str, base: Maybe, also: tuple[Maybe, ...]) -> None:
        self.conflicts[path] = Conflict(self.record, path, kind, base, tuple(sorted(also, key=canonical)))

    def _showing(self, rule: FieldRule, sides: Sides, wanted: Maybe, computed: Maybe = MISSING) -> Entry:
        """The field's entry with the decided value: from a version that has it, else computed into the higher text."""
        ours, theirs = sides.ours, sides.theirs
        assert ours is not None and theirs is not None
        candidates = [side for side in (ours, theirs) if same(_standard(side, rule), wanted)]
        if not candidates and sides.base is not None and same(_standard(sides.base, rule), wanted):
            candidates = [sides.base]
        if candidates:
            chosen = slots.equal_node(sides, candidates)
            return slots.surrounded(sides, chosen.node, slots.gap_beside(sides, chosen))
        template = max(ours, theirs, key=lambda side: layout.shape_text(side.node))
        value = computed if computed is not MISSING else wanted
        assert value is not MISSING
        chosen = with_value(template, value, rule)
        return slots.surrounded(sides, chosen.node, chosen.gap)

    def _with_either(self, path: FieldPath, rule: FieldRule, sides: Sides) -> Entry:
        """Equal values: only their bytes differ."""
        base, ours, theirs = (_collection(side) for side in sides)
        if ours and theirs and ours.mapping == theirs.mapping:
            base = base if base and base.mapping == ours.mapping else None
            inside = self._map(path, rule, base, ours, theirs) if ours.mapping else self._by_place(path, rule, base, ours, theirs)
            assert sides.ours is not None
            return slots.surrounded(sides, inside, slots.gap_beside(sides, sides.ours))
        assert sides.ours is not None and sides.theirs is not None
        chosen = slots.equal_node(sides, (sides.ours, sides.theirs))
        return slots.surrounded(sides, chosen.node, slots.gap_beside(sides, chosen))

    # Fields at which something stands open.

    def _still_open(self, path: FieldPath, rule: FieldRule, sides: Sides) -> Entry | None:
        self.decided.add(path)
        values = [entry_value(side, rule) for side in sides]
        if self._only_removals(path) and _looks_inside(rule, sides):
            return self._present_or_removed(path, rule, sides)
        shown, also = self._stand(path, rule, values)
        if also:
            self._conflict(path, self._kind(path, (shown, *also)), self._base(path, values[0]), also)
        if shown is MISSING:
            return None
        return self._entry_for(path, rule, sides, shown)

    def _stand(self, path: FieldPath, rule: FieldRule, values: Sequence[Maybe]) -> tuple[Maybe, tuple[Maybe, ...]]:
        """What is shown and what else stands at a field, by the rule on sets of standing values."""
        sets = [
            {canonical(rule.standard(each)): each for each in (*self._also(path, version, value), value)}
            for version, value in enumerate(values)
        ]
        result = standing(*sets)
        shown, *others = ranked(result)
        base = canonical(rule.standard(values[0]))
        if rule.strategy in ("hold", "immutable", "once") and base in result and values[0] is not MISSING:
            shown, others = result[base], [value for value in ranked(result) if not same(value, result[base])]
        return shown, tuple(others)

    def _also(self, path: FieldPath, version: int, value: Maybe) -> tuple[Maybe, ...]:
        conflict = self.opened[version].get(path)
        if conflict is None or value is MISSING or conflict.kind not in OF_VALUES:
            return ()  # a conflict at a field that is gone is void
        return conflict.also

    def _only_removals(self, path: FieldPath) -> bool:
        return all(value is MISSING for conflicts in self.opened if path in conflicts for value in conflicts[path].also)

    def _present_or_removed(self, path: FieldPath, rule: FieldRule, sides: Sides) -> Entry | None:
        """A map or list of which a removal stands open: whether it is there is decided apart from what it holds."""
        here, gone = "here", MISSING
        sets = []
        for version, side in enumerate(sides):
            present: list[Maybe] = [here] if side is not None else [gone]
            sets.append(as_standing(*present, *self._also(path, version, here if side is not None else gone)))
        result = dict(standing(*sets))
        edited = [side for side in sides[1:] if side and not same(_standard(side, rule), _standard(sides.base, rule))]
        if edited:
            result.update(as_standing(here))
        if canonical(here) not in result:
            return None
        if canonical(gone) in result:
            self._conflict(path, DELETED_EDITED, self._base(path, entry_value(sides.base, rule)), (gone,))
        if sides.ours is None or sides.theirs is None:
            return sides.ours or sides.theirs or sides.base
        inside = self._inside(path, rule, sides)
        if inside is None:
            return self._decided(path, rule, sides)
        return slots.surrounded(sides, inside, slots.gap_beside(sides, sides.ours))

    def _kind(self, path: FieldPath, values: tuple[Maybe, ...]) -> str:
        if MISSING in values:
            return DELETED_EDITED
        kinds = {conflicts[path].kind for conflicts in self.opened[1:] if path in conflicts} - {DELETED_EDITED}
        return max(kinds, default=EDITED_BOTH) if len(kinds) == 1 else EDITED_BOTH

    def _base(self, path: FieldPath, otherwise: Maybe) -> Maybe:
        """The base that a conflict names for its reader: that of the conflict which stood first."""
        if path in self.opened[0]:
            return self.opened[0][path].base
        found = [conflicts[path].base for conflicts in self.opened[1:] if path in conflicts]
        return max(found, key=rank) if found else otherwise

    def _entry_for(self, path: FieldPath, rule: FieldRule, sides: Sides, shown: Value) -> Entry:
        wanted = rule.standard(shown)
        if sides.ours is not None and sides.theirs is not None:
            if same(_standard(sides.ours, rule), _standard(sides.theirs, rule)) and same(_standard(sides.ours, rule), wanted):
                return self._with_either(path, rule, sides)
            return self._showing(rule, sides, wanted, shown)
        present = sides.ours or sides.theirs
        assert present is not None
        return present if same(_standard(present, rule), wanted) else with_value(present, shown, rule)

    def all_conflicts(self, root: Entry | None) -> tuple[Conflict, ...]:
        """What this merge found, and what stood open in places that it had no need to look into."""
        paths = {path for conflicts in self.opened for path in conflicts} - self.decided - self.conflicts.keys()
        base, ours, theirs = self.opened
        for path in paths:
            if path in base and not (path in ours and path in theirs):
                continue  # settled by one side
            conflict = max((each[path] for each in (ours, theirs) if path in each), key=repr)
            if root is not None and (conflict.kind not in OF_VALUES or find(root, path, self.schema.root)):
                self.conflicts[path] = conflict
        return tuple(self.conflicts[path] for path in sorted(self.conflicts))

    # Collections: the recursion.

    def _inside(self, path: FieldPath, rule: FieldRule, sides: Sides) -> Collection | None:
        """The merged collection where the strategy looks into it and both sides have one; else None."""
        base, ours, theirs = (_collection(side) for side in sides)
        if not ours or not theirs or ours.mapping != theirs.mapping:
            return None
        base = base if base and base.mapping == ours.mapping else None
        if ours.mapping:
            return self._map(path, rule, base, ours, theirs) if rule.strategy == "granular" else None
        if rule.strategy in ITEMS_BY_KEY:
            return self._items(path, rule, base, ours, theirs)
        if rule.strategy == "set":
            return self._set(path, rule, base, ours, theirs)
        return self._sequence(path, rule, base, ours, theirs) if rule.strategy == "sequence" else None

    def _map(
        self, path: FieldPath, rule: FieldRule, base: Collection | None, ours: Collection, theirs: Collection
    ) -> Collection:
        named = [_by_name(side) for side in (base, ours, theirs)]
        merged: dict[str, Entry | None] = {}
        for group, members in rule.groups.items():
            if any(name in side for side in named for name in members):
                merged.update(self._group((*path, group), rule, members, named))
        computed = []
        for key in {**named[0], **named[1], **named[2]}:
            field = rule.field(key)
            if field.strategy == "derived" and field.policy.function in FUNCTIONS:
                computed.append(key)
            elif key not in rule.group_of:
                merged[key] = self.field((*path, key), field, Sides(*(side.get(key) for side in named)))
        for key in computed:
            merged[key] = self._derived(rule.field(key), merged, Sides(*(side.get(key) for side in named)), rule)
        return _arranged(rule, named, merged, (base, ours, theirs)).collection

    def _derived(self, rule: FieldRule, merged: Mapping[str, Entry | None], sides: Sides, record: FieldRule) -> Entry | None:
        fields = {key: value_of(entry.node, record.field(key)) for key, entry in merged.items() if entry is not None}
        value = FUNCTIONS[rule.policy.function or ""](fields)
        if sides.ours is None or sides.theirs is None:
            present = sides.ours or sides.theirs
            if present is None or sides.base is not None:
                return None
            return present if value is MISSING else with_value(present, value, rule)
        return self._showing(rule, sides, value if value is not MISSING else max(map(_standard, sides[1:], (rule, rule)), key=rank))

    def _group(
        self, path: FieldPath, rule: FieldRule, members: tuple[str, ...], named: Sequence[Mapping[str, Entry]]
    ) -> dict[str, Entry | None]:
        """Sibling fields that merge as one register over all of them; `path` ends in the group's name."""
        group = rule.step(path[-1])
        tuples = [groups.values(members, side, rule) for side in named]
        if any(path in conflicts for conflicts in self.opened):
            self.decided.add(path)
            shown, also = self._stand(path, group, tuples)
            base = self._base(path, tuples[0])
            if also:
                self._conflict(path, self._kind(path, (shown, *also)), base, also)
        else:
            outcome = groups.decide(members, rule, *tuples)
            self._note(path, "ladder", outcome, tuples[0])
            shown = outcome.shown
        merged: dict[str, Entry | None] = {}
        for name in members:
            sides = Sides(*(side.get(name) for side in named))
            wanted = shown.get(name, MISSING) if isinstance(shown, dict) else MISSING
            if wanted is MISSING:
                merged[name] = None
            elif sides.ours is None and sides.theirs is None:
                merged[name] = sides.base or entry_of(name, wanted, Collection(True, []))
            else:
                merged[name] = self._entry_for((*path[:-1], name), rule.field(name), sides, wanted)
        return merged

    def _items(
        self, path: FieldPath, rule: FieldRule, base: Collection | None, ours: Collection, theirs: Collection
    ) -> Collection | None:
        """A list whose items are matched by their key."""
        named = [_by_key(side, rule) for side in (base, ours, theirs)]
        if named[1] is None or named[2] is None:
            return None  # a key twice: the list is a register, so that no item is dropped
        known = [named[0] or {}, named[1], named[2]]
        merged = {
            key: self.field((*path, key), rule.item, Sides(*(side.get(key) for side in known)))
            for key in {**known[0], **known[1], **known[2]}
        }
        result = _arranged(rule, known, merged, (base, ours, theirs))
        self._note_order(path, rule, result)
        return result.collection

    def _set(
        self, path: FieldPath, rule: FieldRule, base: Collection | None, ours: Collection, theirs: Collection
    ) -> Collection:
        """A list of values that are each there or not."""
        named = [_by_value(side, rule) for side in (base, ours, theirs)]
        merged: dict[str, Entry | None] = {}
        for name in {**named[1], **named[2]}:
            sides = Sides(*(side.get(name) for side in named))
            if not listmerge.members(named[0], named[1], named[2], name):
                merged[name] = None
            elif sides.ours is None or sides.theirs is None:
                merged[name] = sides.ours or sides.theirs
            else:
                merged[name] = self._with_either(path, rule.item, sides)
        return _arranged(rule, named, merged, (base, ours, theirs)).collection

    def _note_order(self, path: FieldPath, rule: FieldRule, result: _Arranged) -> None:
        if result.other and rule.policy.order == "source" and rule.strategy == "keyed" and path not in self.conflicts:
            self._conflict(path, ORDER, MISSING, (list(result.other),))

    def _sequence(
        self, path: FieldPath, rule: FieldRule, base: Collection | None, ours: Collection, theirs: Collection
    ) -> Collection:
        """Any list, element by element."""
        sides = [side.entries if side else [] for side in (base, ours, theirs)]
        texts = [[canonical(_standard(entry, rule.item)) for entry in entries] for entries in sides]
        entries: list[Entry] = []
        for places in listmerge.sequence(*texts):
            found = Sides(*(side[place] if place is not None else None for side, place in zip(sides, places, strict=True)))
            if found.ours is None or found.theirs is None:
                present = found.ours or found.theirs
                assert present is not None
                entries.append(present)
            else:
                entries.append(self._with_either(path, rule.item, found))
        return slots.shaped(base, ours, theirs, entries)

    def _by_place(
        self, path: FieldPath, rule: FieldRule, base: Collection | None, ours: Collection, theirs: Collection
    ) -> Collection:
        """Two lists of the same values: item by item, for their bytes."""
        before = base.entries if base and len(base.entries) == len(ours.entries) else [None] * len(ours.entries)
        entries = [
            self._with_either((*path, str(place)), rule.item, Sides(*items))
            for place, items in enumerate(zip(before, ours.entries, theirs.entries, strict=True))
        ]
        return slots.shaped(base, ours, theirs, entries)


def _by_text(sides: Sides, adds: bool) -> Entry | None | _Unsettled:
    """Rows 1 to 3 and equality, where the whole texts of the entries show them."""
    base, ours, theirs = sides
    if base is None:
        if ours is None or theirs is None:
            return ours or theirs
    elif ours is not None and ours.text == base.text:
        return theirs
    elif theirs is not None and theirs.text == base.text:
        return ours
    if ours is not None and theirs is not None and ours.text == theirs.text and not adds:
        return ours
    return None if ours is None and theirs is None else _UNSETTLED


def _standard(entry: Entry | None, rule: FieldRule) -> Maybe:
    value = entry_value(entry, rule)
    return rule.standard(value) if rule.has_formats else value


def _collection(entry: Entry | None) -> Collection | None:
    """The entry's map or list, if it may be looked into."""
    node = entry.node if entry is not None else None
    return node if isinstance(node, Collection) and not node.tied else None


def _looks_inside(rule: FieldRule, sides: Sides) -> bool:
    strategies = ("granular",) if all(node.mapping for node in map(_collection, sides) if node) else ("keyed", "log", "set", "sequence")
    return rule.strategy in strategies and all(_collection(side) for side in sides if side is not None)


def _by_name(side: Collection | None) -> dict[str, Entry]:
    return {entry.key: entry for entry in side.entries if entry.key is not None} if side else {}


def _by_key(side: Collection | None, rule: FieldRule) -> dict[str, Entry] | None:
    entries = side.entries if side else []
    named = {key_of(value_of(entry.node, rule.item), rule): entry for entry in entries}
    return named if len(named) == len(entries) else None


def _by_value(side: Collection | None, rule: FieldRule) -> dict[str, Entry]:
    return {canonical(_standard(entry, rule.item)): entry for entry in side.entries} if side else {}


@dataclass(frozen=True)
class _Arranged:
    """A merged collection in its order; `other` is the order that gave way, if both sides moved something."""

    collection: Collection
    other: tuple[str, ...] | None


def _arranged(
    rule: FieldRule,
    named: Sequence[Mapping[str, Entry]],
    merged: Mapping[str, Entry | None],
    sides: tuple[Collection | None, Collection, Collection],
) -> _Arranged:
    standing = {name: entry for name, entry in merged.items() if entry is not None}
    order = listmerge.ordered(*(list(side) for side in named), standing)
    sequence = order.sequence
    if rule.strategy == "log":
        sequence = _by_time(rule, named, standing, sequence)
    elif rule.policy.order == "key":
        sequence = sorted(sequence)
    entries = _with_headings(named, standing, sequence)
    return _Arranged(slots.shaped(*sides, entries), order.other)


def _by_time(
    rule: FieldRule, named: Sequence[Mapping[str, Entry]], standing: Mapping[str, Entry], sequence: list[str]
) -> list[str]:
    """A log's order: entries of the base keep theirs, new ones go in by (instant, key)."""
    at = rule.policy.at

    def moment(name: str) -> tuple[Decimal, str]:
        value = value_of(standing[name].node, rule.item)
        text = value.get(at) if at and isinstance(value, dict) else None
        return (instant(text) if isinstance(text, str) else None) or Decimal(0), name

    kept = [name for name in sequence if name in named[0]]
    new = [name for name in sequence if name not in named[0]]
    return listmerge.inserted(kept, new, moment, [[name for name in side if name in standing] for side in named[1:]])


def _with_headings(
    named: Sequence[Mapping[str, Entry]], standing: Mapping[str, Entry], sequence: list[str]
) -> list[Entry]:
    """The entries in order. A heading that one side changed above an entry that the other removed goes to the next."""
    headings: dict[str, str] = {}
    for side in named[1:]:
        waiting = ""
        for name, entry in side.items():
            if name in standing:
                headings[name] = headings.get(name, "") + waiting
                waiting = ""
            elif name in named[0] and slots.heading(entry.lead) != slots.heading(named[0][name].lead):
                waiting += slots.heading(entry.lead)
    entries = []
    for name in sequence:
        entry = standing[name]
        if headings.get(name) and headings[name] not in entry.lead:
            entry = entry.moved(entry.node, lead=headings[name] + entry.lead, head=entry.head, gap=entry.gap, trail=entry.trail)
        entries.append(entry)
    return entries
