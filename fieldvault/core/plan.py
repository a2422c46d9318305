"""Which files two sides changed, and what becomes of each: a truth table that yields steps, apart from running them.

Law: a pure function of the two sets of changes. It knows no side: with ours and theirs swapped, the steps are the same.
A record is matched by its `id`, so that a rename here and an edit there meet; anything else by its path.

|  ours \\ theirs | same as base | changed        | removed        |
| --------------- | ------------ | -------------- | -------------- |
| same as base    | -            | 2 take theirs  | 2 take theirs  |
| changed         | 3 take ours  | 4 merge        | 5 merge        |
| removed         | 3 take ours  | 5 merge        | 1 gone         |

Row 4 also where both are alike: two people who each take 3 samples off 10 gave 6, and only the record's merge knows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from fieldvault.core.names import is_record
from fieldvault.core.snapshot import Entry, TreeChange


class Located(NamedTuple):
    """A version of a file, and where it lies."""

    path: str
    entry: Entry


class Unit(NamedTuple):
    """One file as three trees hold it."""

    base: Located | None
    ours: Located | None
    theirs: Located | None

    @property
    def path(self) -> str:
        """A name for the unit in messages: where it lies, or lay."""
        some = self.ours or self.theirs or self.base
        assert some is not None
        return some.path

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(side.path for side in self if side)

    @property
    def decided(self) -> bool:
        """True where no merge is needed: one side alone moved, or both removed (rows 1 to 3)."""
        return self.ours == self.base or self.theirs == self.base or (self.ours is None and self.theirs is None)

    @property
    def outcome(self) -> Located | None:
        """What stands, of a decided unit."""
        assert self.decided
        return self.theirs if self.ours == self.base else self.ours


Changes = Mapping[str, TreeChange]
RecordId = Callable[[Located], str | None]  # the `id` of the record in that version, None where it has none


def pair_up(ours: Changes, theirs: Changes, record_id: RecordId) -> list[Unit]:
    """Every file that either side changed, in order of path."""
    changes = (*ours.values(), *theirs.values())
    sides = [_Side(side, _Identity(side.values(), changes, record_id), record_id) for side in (ours, theirs)]
    bases = {Located(change.path, change.old) for change in changes if change.old}
    units = [Unit(base, *(side.holds(base) for side in sides)) for base in bases]
    units.extend(_pair_added(sides[0].added, sides[1].added, record_id))
    return sorted(units, key=lambda unit: unit.path)


class _Side:
    """What one side did: files edited where they lie, moved, removed, and added.

    A record is its id: where another record took its path, the one that lay there is gone from it.
    """

    def __init__(self, changes: Changes, identity: _Identity, record_id: RecordId) -> None:
        gone: dict[str, Located] = {}
        come: dict[str, Located] = {}
        self._edited: dict[str, Located] = {}
        for path, old, new in changes.values():
            was, now = old and Located(path, old), new and Located(path, new)
            if was and now and identity.kept(was, now):
                self._edited[path] = now
                continue
            if was:
                gone[path] = was
            if now:
                come[path] = now
        self._moved = _moves(gone.values(), come.values(), record_id)
        self._gone = gone
        arrived = {located.path for located in self._moved.values()}
        self.added = {path: located for path, located in come.items() if path not in arrived}

    def holds(self, base: Located) -> Located | None:
        """This side's version of a file of the base."""
        if base.path in self._moved:
            return self._moved[base.path]
        return None if base.path in self._gone else self._edited.get(base.path, base)


class _Identity:
    """Whether a path holds the record that it held, told from what else a side changed, and from what both changed."""

    def __init__(self, own: Collection[TreeChange], both: Collection[TreeChange], record_id: RecordId) -> None:
        self._own = own
        self._both = both
        self._record_id = record_id

    def kept(self, was: Located, now: Located) -> bool:
        """Whether the path holds the file that it held. A record that lost its id, or cannot be read, is the one that
        it was unless that id came elsewhere; one that got an id is, unless that id is, or was, known elsewhere.
        """
        if not is_record(now.path):
            return True
        old, new = self._record_id(was), self._record_id(now)
        if old is None and new is None:
            return True
        if old is None or new is None:
            elsewhere = self._known_at.get(new, set()) if new else self._came_to.get(old or "", set())
            return elsewhere <= {now.path}
        return old == new

    @cached_property
    def _came_to(self) -> dict[str, set[str]]:
        return self._places((change.path, change.new) for change in self._own)

    @cached_property
    def _known_at(self) -> dict[str, set[str]]:
        return self._places((change.path, entry) for change in self._both for entry in (change.old, change.new))

    def _places(self, versions: Iterable[tuple[str, Entry | None]]) -> dict[str, set[str]]:
        """The paths of each id among these versions of files."""
        places: dict[str, set[str]] = {}
        for path, entry in versions:
            key = self._record_id(Located(path, entry)) if entry and is_record(path) else None
            if key is not None:
                places.setdefault(key, set()).add(path)
        return places


def _moves(gone: Iterable[Located], come: Iterable[Located], record_id: RecordId) -> dict[str, Located]:
    """The records that lie elsewhere now: old path -> new place. An id that stands twice moves nothing."""
    departed, arrived = (list(filter(_in_record, some)) for some in (gone, come))
    if not departed or not arrived:
        return {}
    old, new = _by_id(departed, record_id), _by_id(arrived, record_id)
    return {old[key].path: new[key] for key in old.keys() & new.keys()}


def _by_id(records: Iterable[Located], record_id: RecordId) -> dict[str, Located]:
    found: dict[str, list[Located]] = {}
    for record in records:
        key = record_id(record)
        if key is not None:
            found.setdefault(key, []).append(record)
    return {key: some[0] for key, some in found.items() if len(some) == 1}


def _pair_added(ours: dict[str, Located], theirs: dict[str, Located], record_id: RecordId) -> Iterator[Unit]:
    """New files: records by their id, what is left by its path. One that has an id and one that has none are two: made
    one, the id could stand a second time where somebody else had put that record.
    """
    here, there = dict(ours), dict(theirs)
    if ours and theirs:
        ids_ours, ids_theirs = (_by_id(filter(_in_record, side.values()), record_id) for side in (ours, theirs))
        for key in ids_ours.keys() & ids_theirs.keys():
            yield Unit(None, here.pop(ids_ours[key].path), there.pop(ids_theirs[key].path))
    for path in here.keys() & there.keys():
        if not is_record(path) or (record_id(here[path]) is None and record_id(there[path]) is None):
            yield Unit(None, here.pop(path), there.pop(path))
    yield from (Unit(None, one, None) for one in here.values())
    yield from (Unit(None, None, one) for one in there.values())


def _in_record(located: Located) -> bool:
    return is_record(located.path)


def settle_path(unit: Unit) -> tuple[str, str | None]:
    """Where the merged file lies, and the other place if both sides moved it differently (the higher name is shown)."""
    base = unit.base.path if unit.base else None
    places = {side.path for side in (unit.ours, unit.theirs) if side} - {base}
    if not places:
        assert base is not None
        return base, None
    higher = max(places)
    return higher, min(places) if len(places) > 1 else None


def settle_mode(unit: Unit) -> int:
    """Modes never conflict: a changed one wins over the base's, and of two the executable one."""
    base = unit.base.entry.mode if unit.base else None
    modes = {side.entry.mode for side in (unit.ours, unit.theirs) if side}
    return max(modes - {base} or modes)
