"""Merges that plain git made, made again: what they left open.

Law: git's merge driver writes the record and nothing else (a conflict file written there makes `git merge` abort where
theirs adds the same one). So the parents of each merge that fv did not make are merged again, and where a field still
shows what that merge shows, what else stands becomes a conflict file. Another value there is a person's choice.
"""

from __future__ import annotations

from collections.abc import Iterable

from fieldvault.actions.merging.commitmerge import merge_commits
from fieldvault.actions.records.types import Types, value_of
from fieldvault.core.conflicts import OF_VALUES, Conflict, conflict_path
from fieldvault.core.describe import MERGE_TRAILER
from fieldvault.core.fields import value_at
from fieldvault.core.snapshot import Oid
from fieldvault.core.values import MISSING, Maybe, same
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import Commit, read_commit
from fieldvault.edge.git.store.objects import Objects
from fieldvault.edge.git.store.trees import find

MERGES_MAX = 100  # older ones were looked at by whoever synced then


def left_by(merges: Iterable[Commit], objects: Objects, head: Oid) -> dict[str, Conflict]:
    """What those that fv did not make left open at `head`, and no file says: by the path of its file."""
    found: dict[str, Conflict] = {}
    with Batch(objects) as batch:  # is never flushed
        tree = read_commit(batch, head).tree
        for merge in [one for one in merges if MERGE_TRAILER not in one.message][:MERGES_MAX]:
            found |= _open_in(batch, merge, tree)
    return found


def _open_in(batch: Batch, merge: Commit, tree: Oid) -> dict[str, Conflict]:
    found = {}
    types = Types(batch, tree)
    ours = merge_commits(batch, *merge.parents)
    for file in ours.files:
        for conflict in file.record.conflicts if file.record else ():
            path = conflict_path(conflict.record, conflict.field)
            shown = [_shown(batch, types, one, file.path, conflict) for one in (ours.tree, merge.tree, tree)]
            as_ours = conflict.kind in OF_VALUES and same(shown[0], shown[1]) and same(shown[0], shown[2])
            if as_ours and find(batch, tree, path) is None:
                found[path] = conflict
    return found


def _shown(batch: Batch, types: Types, tree: Oid, path: str, conflict: Conflict) -> Maybe:
    entry = find(batch, tree, path)
    value = value_of(batch.blob(entry.oid), types, path) if entry else None
    return value_at(value, conflict.field, types.schema(path)) if value is not None else MISSING
