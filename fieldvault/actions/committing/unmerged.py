"""Paths that plain git left unmerged with no merge to conclude: of a stash that it brought back, of a branch squashed.

Law: the three versions that git's index holds of a record are merged again, and where the file shows what that merge
shows, what else stands becomes a conflict, in the commit that takes the file. With it the path counts as merged, as it
does after `git commit -a`. The index is read only where git may have left such a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fieldvault.actions.ground.vault import Vault
from fieldvault.core.names import is_record
from fieldvault.core.snapshot import FILE, Entry, Oid, blob_id
from fieldvault.edge import yamltext
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.trees import find_file
from fieldvault.edge.worktree.files import Read

Stages = tuple[Oid | None, Oid | None, Oid | None]  # base, ours, theirs


def unmerged(vault: Vault) -> Mapping[str, Stages]:
    """The versions of each path that git's index has unmerged."""
    if vault.refs.read("refs/stash") is None and not (vault.git_dir / "SQUASH_MSG").exists():
        return {}
    from fieldvault.actions.ground.gitindex import read_index  # git leaves no such path as a rule

    index = read_index(vault)
    return index.unmerged() if index else {}


def left_standing(batch: Batch, tree: Oid, paths: Mapping[str, Stages]) -> Iterator[tuple[str, Entry]]:
    """The conflict files of what else stands at the fields of these records: (path, entry)."""
    if not paths:
        return
    from fieldvault.actions.merging.recordmerge import Side, merge_record  # all of which hardly a commit needs
    from fieldvault.actions.records.types import Types, record_id, value_of_entry
    from fieldvault.core.conflicts import OF_VALUES, conflict_path
    from fieldvault.core.fields import value_at
    from fieldvault.core.values import same

    types = Types(batch, tree)
    for path, stages in paths.items():
        entry = find_file(batch, tree, path)
        if entry is None or not is_record(path):
            continue
        schema = types.schema(path)
        value = value_of_entry(batch, entry, schema)
        base, ours, theirs = (Side(batch.blob(oid) if oid else None) for oid in stages)
        key = record_id(batch.blob(entry.oid)) or path
        merged = merge_record(base, ours, theirs, schema, key)
        for conflict in merged.conflicts:
            file, shown = conflict_path(key, conflict.field), value_at(merged.value, conflict.field, schema)
            as_merged = conflict.kind in OF_VALUES and value is not None
            if as_merged and same(shown, value_at(value, conflict.field, schema)) and not find_file(batch, tree, file):
                yield file, Entry(FILE, batch.add("blob", yamltext.write_conflict(conflict)))


def as_they_stand(vault: Vault, batch: Batch, tree: Oid, paths: Iterable[str]) -> Iterator[tuple[str, Read]]:
    """Those of the paths at which the folder holds what the tree has."""
    for path in paths:
        read, entry = vault.worktree.read(path), find_file(batch, tree, path)
        if read is not None and entry is not None and blob_id(read.data) == entry.oid:
            yield path, read
