"""Merging two trees over their base: every file that both sides touched, by what it is.

Law: three trees in, one tree and what was decided out, into a batch only: nothing is on the disk before the caller
flushes it. It knows no side: with ours and theirs swapped the tree has the same id. core/plan says which files meet;
records merge field by field (recordmerge), attachments as a whole or by lines (attachmentmerge).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fieldvault.actions.merging import recordmerge
from fieldvault.actions.merging.attachmentmerge import merge_attachment
from fieldvault.actions.merging.placing import place
from fieldvault.actions.merging.recordmerge import MergedRecord, Side
from fieldvault.actions.merging.schemamerge import merge_schema
from fieldvault.actions.merging.together import merge_all
from fieldvault.actions.merging.voids import void_conflicts
from fieldvault.actions.records.openconflicts import ConflictFiles, conflict_folder, folders
from fieldvault.actions.records.types import Types, blob_of, record_id, value_of, value_of_entry
from fieldvault.core.conflicts import (
    DUPLICATE_ID,
    OF_FILES,
    RENAMED,
    UNREADABLE,
    Conflict,
    conflict_path,
    merge_conflict,
)
from fieldvault.core.describe import title_of
from fieldvault.core.duplicates import are_two, other_id, other_path
from fieldvault.core.names import is_conflict, is_own, is_record, is_schema
from fieldvault.core.plan import Located, Unit, pair_up, settle_mode, settle_path
from fieldvault.core.schema import DEFAULT
from fieldvault.core.snapshot import FILE, Entry, Oid, TreeChange
from fieldvault.core.values import MISSING, Value, canonical
from fieldvault.edge import yamltext
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.trees import diff_trees, differences, patch_tree
from fieldvault.edge.yamltext import read_conflict, write_conflict
from fieldvault.errors import Unreadable


@dataclass(frozen=True)
class MergedFile:
    """One file that both sides touched. `record`: what its merge decided; `other`: where the second version lies."""

    path: str
    title: str
    record: MergedRecord | None = None
    other: str | None = None


@dataclass
class TreeMerge:
    """The merged tree and, for the report, the files that both sides touched."""

    tree: Oid
    files: list[MergedFile] = field(default_factory=list)


def merge_trees(batch: Batch, base: Oid | None, ours: Oid | None, theirs: Oid | None) -> TreeMerge:
    """Merge the trees `ours` and `theirs` over `base` (None: the empty tree)."""
    return _TreeMerge(batch, base, ours, theirs).run()


class _TreeMerge:
    """One merge of two trees: what goes from the base's tree, and what comes."""

    types: Types  # those of the merged tree
    met: dict[Unit, tuple[MergedRecord, str]]  # the records that both sides touched

    def __init__(self, batch: Batch, base: Oid | None, ours: Oid | None, theirs: Oid | None) -> None:
        self.batch = batch
        self.base = base
        self.conflict_files = [ConflictFiles(batch, tree) for tree in (base, ours, theirs)]
        self.ours = {change.path: change for change in diff_trees(batch, base, ours)}
        self.theirs = {change.path: change for change in diff_trees(batch, base, theirs)}
        self.folders_ours = folders(self.ours)
        self.folders_theirs = folders(self.theirs)
        self.merged_folders: set[str] = set()
        self.gone: set[str] = set()
        self.ids: dict[Oid, str | None] = {}
        self.come: list[Located] = []
        self.open: dict[str, Conflict] = {}  # what the merge leaves open, by the path of its file
        self.files: list[MergedFile] = []

    def run(self) -> TreeMerge:
        units = pair_up(_but_conflicts(self.ours), _but_conflicts(self.theirs), self._record_id)
        for unit in units:  # schemas and settings first: they say how the records merge
            if is_own(unit.path):
                self._unit(unit)
        self.types = Types(self.batch, self._tree())
        self.met = merge_all(self._outcome, [unit for unit in units if is_record(unit.path) and self._meets(unit)])
        for unit in units:
            if not is_own(unit.path):
                self._unit(unit)
        self._conflicts_alone()
        tree = self._tree()
        voids = void_conflicts(self.batch, tree, differences(self.batch, self.base, tree))
        tree = patch_tree(self.batch, tree, dict.fromkeys(voids))
        return TreeMerge(tree, sorted(self.files, key=lambda file: file.path))

    def _tree(self) -> Oid:
        """The base with what goes and comes, and what is open in it."""
        placed = place(self.batch, self.base, self.gone, self.come)
        new = {moved.file.path: moved.to for moved in placed.moved}
        opened = {path: self._blob(write_conflict(_moved(one, new))) for path, one in self.open.items()}
        tree = patch_tree(self.batch, self.base, placed.changes | opened)
        for file, to in placed.moved:
            if not is_record(file.path) or self._record_id(file) is None:
                tree = self._refiled(tree, file.path, to)
        return tree

    def _refiled(self, tree: Oid, path: str, to: str) -> Oid:
        """What stands open at a file that is known by its path, filed under the path that it has now."""
        files = ConflictFiles(self.batch, tree)
        changes: dict[str, Entry | None] = dict.fromkeys(files.paths(path))
        for conflict in files.open(path).values():
            changes[conflict_path(to, conflict.field)] = self._blob(write_conflict(conflict._replace(record=to)))
        return patch_tree(self.batch, tree, changes)

    def _blob(self, data: bytes, mode: int = FILE) -> Entry:
        return Entry(mode, self.batch.add("blob", data))

    def _record_id(self, located: Located) -> str | None:
        oid = located.entry.oid
        if oid not in self.ids:
            self.ids[oid] = record_id(self.batch.blob(oid))
        return self.ids[oid]

    def _unit(self, unit: Unit) -> None:
        self.gone |= unit.paths
        if is_record(unit.path):
            self._record(unit)
        elif unit.decided:
            self._take(unit.outcome)
        elif unit.ours == unit.theirs:
            self._take(unit.ours)
        elif is_own(unit.path):
            self._own(unit)
        else:
            self._attachment(unit)

    def _take(self, outcome: Located | None) -> None:
        if outcome is not None:
            self.come.append(outcome)

    def _put(self, path: str, data: bytes, mode: int = FILE) -> None:
        self.come.append(Located(path, self._blob(data, mode)))

    def _meets(self, unit: Unit) -> bool:
        """Whether both sides did something to a record, or to what stands open at it."""
        if unit.decided and not self.folders_ours and not self.folders_theirs:
            return False
        folder = conflict_folder(self._key(unit))
        if unit.decided:
            return folder in (self.folders_theirs if unit.theirs == unit.base else self.folders_ours)
        if unit.ours != unit.theirs or folder in self.folders_ours | self.folders_theirs:
            return True
        return self.types.schema(settle_path(unit)[0]).root.adds

    def _outcome(self, unit: Unit) -> tuple[MergedRecord, str]:
        """What the merge of a record decides, and its title."""
        key, path = self._key(unit), settle_path(unit)[0]
        merged = recordmerge.merge_record(*self._sides(unit, key), self.types.schema(path), key)
        return merged, self._title(path, merged)

    def _record(self, unit: Unit) -> None:
        if unit not in self.met:
            self._take(unit.outcome if unit.decided else unit.ours)
        elif not self._told_apart(unit):
            self._merged(unit, self._key(unit), *self.met[unit])

    def _title(self, path: str, merged: MergedRecord) -> str:
        value: Value | None = None
        if merged.value is not MISSING:
            value = merged.value
        elif merged.data is not None:
            value = value_of(merged.data, self.types, path)
        return title_of(value, path)

    def _key(self, unit: Unit) -> str:
        """By what a record's conflicts are filed: its id, else its path."""
        base, *sides = (self._record_id(side) if side else None for side in unit)
        return base or max(filter(None, sides), default=unit.base.path if unit.base else settle_path(unit)[0])

    def _sides(self, unit: Unit, key: str) -> tuple[Side, Side, Side]:
        """The three versions, each with what stands open in it."""
        base, ours, theirs = (
            Side(blob_of(self.batch, side.entry) if side else None, files.open(key))
            for side, files in zip(unit, self.conflict_files, strict=True)
        )
        return base, ours, theirs

    def _told_apart(self, unit: Unit) -> bool:
        """Where two people made a record with one id, and they are two: give the lower one an id of its own."""
        _, ours, theirs = unit
        if unit.base or not ours or not theirs:
            return False
        key, schema = self._key(unit), self.types.schema(settle_path(unit)[0])
        values = [(value_of_entry(self.batch, side.entry, schema), side) for side in (ours, theirs)]
        (lower, moved), (higher, stays) = sorted(values, key=lambda one: canonical(one[0]))
        if lower is None or higher is None or not are_two(lower, higher, schema):
            return False
        new = other_id(key, lower)
        other = other_path(moved.path, key, new)
        document = yamltext.read(self.batch.blob(moved.entry.oid))
        self._take(stays)
        self._put(other, document.with_edits([(("id",), new)], schema), moved.entry.mode)
        self._leave_open(Conflict(key, (), DUPLICATE_ID, MISSING, (other,)))
        self.files.append(MergedFile(stays.path, title_of(higher, stays.path), other=other))
        return True

    def _merged(self, unit: Unit, key: str, merged: MergedRecord, title: str) -> None:
        """Take the outcome, with what it leaves open: filed by what the record is known by now, if it lost its id."""
        path, other = settle_path(unit)
        self.merged_folders.add(conflict_folder(key))
        for files in self.conflict_files:
            self.gone |= files.paths(key).keys()
        known = key if merged.data is None else record_id(merged.data) or path
        self._leave_open(*(conflict._replace(record=known) for conflict in merged.conflicts))
        unreadable = None
        for unreadable, data in merged.beside(path):
            self._put(unreadable, data)
            self._leave_open(Conflict(known, (), UNREADABLE, MISSING, (unreadable,)))
        if merged.data is not None:
            self._put(path, merged.data, settle_mode(unit))
            if other:
                self._leave_open(Conflict(known, (), RENAMED, MISSING, (other,)))
        self.files.append(MergedFile(path, title, merged, unreadable))

    def _leave_open(self, *conflicts: Conflict) -> None:
        """Of two at one field the first: what its fields hold goes before what became of the file."""
        for conflict in conflicts:
            self.open.setdefault(conflict_path(conflict.record, conflict.field), conflict)

    def _own(self, unit: Unit) -> None:
        """Settings merge as a map, by the default rules; schemas down to one property."""
        sides = self._sides(unit, unit.path)
        if is_schema(unit.path):
            merged = merge_schema(*sides, unit.path)
        else:
            merged = recordmerge.merge_record(*sides, DEFAULT, unit.path)
        self._merged(unit, unit.path, merged, unit.path)

    def _attachment(self, unit: Unit) -> None:
        merged = merge_attachment(self.batch, unit)
        self.come += filter(None, (merged.shown, merged.other))
        if merged.conflict is not None:
            self._leave_open(merged.conflict)
        path, other = merged.shown.path, merged.other
        self.files.append(MergedFile(path, path.rpartition("/")[2], other=other.path if other else None))

    def _conflicts_alone(self) -> None:
        """Conflict files whose record was not merged: one side moved, or both decided something about the same one."""
        for path in sorted(filter(is_conflict, self.ours.keys() | self.theirs.keys())):
            if path.rpartition("/")[0] in self.merged_folders:
                continue
            one, other = self.ours.get(path), self.theirs.get(path)
            self.gone.add(path)
            if one is None or other is None or one.new == other.new:
                change = one or other
                assert change is not None
                self._take(Located(path, change.new) if change.new else None)
            else:
                left = merge_conflict(*map(self._conflict_at, (one.old, one.new, other.new)))
                if left is not None:
                    self._leave_open(left)

    def _conflict_at(self, entry: Entry | None) -> Conflict | None:
        try:
            return read_conflict(self.batch.blob(entry.oid)) if entry else None
        except Unreadable:
            return None


def _but_conflicts(changes: dict[str, TreeChange]) -> dict[str, TreeChange]:
    return {path: change for path, change in changes.items() if not is_conflict(path)}


def _moved(conflict: Conflict, new: Mapping[str, str]) -> Conflict:
    """The conflict with the files it names where they lie now."""
    if conflict.kind not in OF_FILES:
        return conflict
    return conflict._replace(also=tuple(new.get(one, one) if isinstance(one, str) else one for one in conflict.also))
