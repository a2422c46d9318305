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

from collections.abc import Callable, Iterable, Iterator, Mapping
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
    moved_ours, moved_theirs = _renames(ours, record_id), _renames(theirs, record_id)
    units = [
        Unit(base, _side(base, ours, moved_ours), _side(base, theirs, moved_theirs)) for base in _bases(ours, theirs)
    ]
    new_ours = _added(ours, moved_ours)
    new_theirs = _added(theirs, moved_theirs)
    units.extend(_pair_added(new_ours, new_theirs, record_id))
    return sorted(units, key=lambda unit: unit.path)


def _bases(ours: Changes, theirs: Changes) -> Iterator[Located]:
    for path in sorted(ours.keys() | theirs.keys()):
        change = ours.get(path) or theirs[path]
        if change.old is not None:
            yield Located(path, change.old)


def _side(base: Located, changes: Changes, moved: Mapping[str, Located]) -> Located | None:
    if base.path in moved:
        return moved[base.path]
    change = changes.get(base.path)
    if change is None:
        return base
    return Located(base.path, change.new) if change.new else None


def _renames(changes: Changes, record_id: RecordId) -> dict[str, Located]:
    """The records that this side moved: old path -> where it lies now. An id that stands twice moves nothing."""
    gone = [Located(c.path, c.old) for c in changes.values() if c.old and not c.new and is_record(c.path)]
    come = [Located(c.path, c.new) for c in changes.values() if c.new and not c.old and is_record(c.path)]
    if not gone or not come:
        return {}
    old, new = _by_id(gone, record_id), _by_id(come, record_id)
    return {old[key].path: new[key] for key in old.keys() & new.keys()}


def _by_id(records: Iterable[Located], record_id: RecordId) -> dict[str, Located]:
    found: dict[str, list[Located]] = {}
    for record in records:
        key = record_id(record)
        if key is not None:
            found.setdefault(key, []).append(record)
    return {key: some[0] for key, some in found.items() if len(some) == 1}


def _added(changes: Changes, moved: Mapping[str, Located]) -> dict[str, Located]:
    arrived = {located.path for located in moved.values()}
    return {c.path: Located(c.path, c.new) for c in changes.values() if c.new and not c.old and c.path not in arrived}


def _pair_added(ours: dict[str, Located], theirs: dict[str, Located], record_id: RecordId) -> Iterator[Unit]:
    """New files: paired by id where both are records that have one, else by path."""
    if not ours or not theirs:
        yield from (Unit(None, one, None) for one in ours.values())
        yield from (Unit(None, None, one) for one in theirs.values())
        return
    ids_ours = {one.path: record_id(one) for one in ours.values() if is_record(one.path)}
    ids_theirs = _by_id((one for one in theirs.values() if is_record(one.path)), record_id)
    left = dict(theirs)
    for path, one in ours.items():
        key = ids_ours.get(path)
        other = ids_theirs.get(key) if key else None
        if other is None and path in left and (not key or record_id(left[path]) is None):
            other = left[path]
        if other is not None and left.pop(other.path, None) is None:
            other = None
        yield Unit(None, one, other)
    yield from (Unit(None, None, one) for one in left.values())


def settle_path(unit: Unit) -> tuple[str, str | None]:
    """Where the merged file lies, and the other place if both sides moved it differently (the higher name is shown)."""
    base = unit.base.path if unit.base else None
    places = {side.path for side in (unit.ours, unit.theirs) if side} - {base}
    if not places:
        assert base is not None
        return base, None
    higher = max(places)
    return higher, min(places) if len(places) > 1 else None
