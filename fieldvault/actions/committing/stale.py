"""Saves from editors that still hold an old version of a record.

Law: core/stale says which version a save came from. A stale save is treated as an edit of that version: it merges with
what HEAD has. One that is an old version in every value leaves HEAD's shown, and both stand as `stale-save` conflicts,
unless fv or git put it there, or it chooses what stands open. What nobody replaced behind the person's back is never
doubted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from fieldvault.actions.committing.survey import Edit
from fieldvault.actions.ground.gitindex import read_index
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.openconflicts import open_conflicts
from fieldvault.actions.records.types import Types, record_id, value_of_entry
from fieldvault.core.changes import changes_between
from fieldvault.core.conflicts import STALE_SAVE, Conflict, conflict_path
from fieldvault.core.describe import title_of
from fieldvault.core.names import is_record
from fieldvault.core.schema import Schema
from fieldvault.core.snapshot import FILE, Entry, Oid
from fieldvault.core.stale import Former, judge_save
from fieldvault.core.values import MISSING, FieldPath, Maybe, Value, canonical, same
from fieldvault.edge import yamltext
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.trees import find_file, patch_tree
from fieldvault.edge.index.stats import SAVE
from fieldvault.errors import Corrupt

EDITS_MAX = 200  # whoever saves more at once is a program, and read them before


class StaleSave(NamedTuple):
    """A save of the record `title` that came from an old version. `exact`: it is that version, and a person must say
    which values stand; else what came since was merged with it.
    """

    path: str
    title: str
    base: Entry
    exact: bool


def stale_saves(vault: Vault, batch: Batch, tree: Oid | None, edits: Sequence[Edit]) -> list[StaleSave]:
    """The stale ones among these edits of `tree`."""
    if len(edits) > EDITS_MAX:
        return []
    types = Types(batch, tree)
    found = [_judge(vault, batch, types, tree, edit) for edit in edits]
    return [one for one in found if one is not None]


def _judge(vault: Vault, batch: Batch, types: Types, tree: Oid | None, edit: Edit) -> StaleSave | None:
    path, base, new = edit.change
    if base is None or new is None or not is_record(path):
        return None
    former = vault.stats.former(path)
    if all(one.writer == SAVE for one in former):
        return None
    schema = types.schema(path)
    saved, head = (value_of_entry(batch, entry, schema) for entry in (new, base))
    if saved is None or head is None:
        return None
    versions = [Former(_value(batch, one.oid, schema), own=one.writer == SAVE) for one in former]
    stale = judge_save(saved, head, versions, schema)
    if stale is None:
        return None
    if stale.exact:
        standing = open_conflicts(batch, tree, record_id(batch.blob(base.oid)) or path)
        if _chooses(saved, head, standing, schema) or _put_there_by_git(vault, path, new.oid):
            return None
    return StaleSave(path, title_of(head, path), Entry(base.mode, former[stale.place].oid), stale.exact)


def _value(batch: Batch, oid: Oid, schema: Schema) -> Maybe:
    try:
        value = value_of_entry(batch, Entry(FILE, oid), schema)
    except Corrupt:  # git forgets what nothing names any more
        return MISSING
    return MISSING if value is None else value


def _chooses(saved: Value, head: Value, standing: Mapping[FieldPath, Conflict], schema: Schema) -> bool:
    """Whether every field that differs has an open conflict in which the saved value stands: then it is a choice."""
    return all(
        change.path in standing and any(same(change.new, value) for value in standing[change.path].also)
        for change in changes_between(head, saved, schema)
    )


def _put_there_by_git(vault: Vault, path: str, oid: Oid) -> bool:
    """Whether git's index names this version: `git checkout COMMIT -- PATH` writes both, an editor only the file."""
    index = read_index(vault)
    staged = index.get(path) if index else None
    return staged is not None and staged.oid == oid


def leave_open(batch: Batch, tree: Oid, saves: Iterable[StaleSave]) -> Oid:
    """The tree with HEAD's and the old values both standing where a save is an old version. A value that HEAD does not
    have is shown: what stands open is always to be seen in the record.
    """
    types = Types(batch, tree)
    for save in saves:
        entry = find_file(batch, tree, save.path)
        if not save.exact or entry is None:
            continue
        schema = types.schema(save.path)
        data = batch.blob(entry.oid)
        document = yamltext.read(data)
        old = value_of_entry(batch, save.base, schema)
        assert old is not None
        differing = changes_between(old, document.value(schema), schema)
        key = record_id(data) or save.path
        standing = open_conflicts(batch, tree, key)
        found: dict[str, Entry | None] = {}
        for change in differing:
            other = MISSING if change.new is MISSING else change.old
            known = standing.get(change.path, Conflict(key, change.path, STALE_SAVE, MISSING, ()))
            also = {canonical(value): value for value in (*known.also, other)}
            conflict = known._replace(also=tuple(also.values()))
            found[conflict_path(key, change.path)] = _blob(batch, yamltext.write_conflict(conflict))
        shown = [(change.path, change.old) for change in differing if change.new is MISSING]
        if shown:
            found[save.path] = _blob(batch, document.with_edits(shown, schema), entry.mode)
        tree = patch_tree(batch, tree, found)
    return tree


def _blob(batch: Batch, data: bytes, mode: int = FILE) -> Entry:
    return Entry(mode, batch.add("blob", data))
