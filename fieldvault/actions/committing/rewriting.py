"""Changes that fv makes to the person's files itself: a field that is set, a choice among values that stand.

Law: such a change is made to what stands in the folder, and is carried out with the commit that holds it, as one change
of the vault: cut off at any moment, the files and history are both as before or both as after.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from fieldvault.actions.committing.survey import Edit, Survey
from fieldvault.actions.ground.vault import Vault
from fieldvault.core.snapshot import FILE, Entry, TreeChange, blob_id
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.trees import find_file
from fieldvault.edge.worktree.files import changed_entry
from fieldvault.errors import FieldvaultError


class Rewrite(NamedTuple):
    """One file: what stands there (None: nothing), what is to, and its bytes where no commit has them yet."""

    change: TreeChange
    data: bytes | None = None


def standing(vault: Vault, path: str) -> Entry | None:
    """What the folder holds at a path."""
    read = vault.worktree.read(path)
    return changed_entry(read, None) if read else None


def rewrite(vault: Vault, path: str, was: bytes, data: bytes) -> Rewrite:
    """New bytes for the record at `path`, made from those that were read there."""
    found = standing(vault, path) or Entry(FILE, "")
    return Rewrite(TreeChange(path, found._replace(oid=blob_id(was)), found._replace(oid=blob_id(data))), data)


def new_file(path: str, data: bytes) -> Rewrite:
    return Rewrite(TreeChange(path, None, Entry(FILE, blob_id(data))), data)


def rewritten(batch: Batch, seen: Survey, edits: Collection[Edit], rewrites: Iterable[Rewrite]) -> list[Edit]:
    """The person's edits with those of fv in place of, or on top of, them.

    Raises `file-edited` where somebody saved the file since fv looked at it.
    """
    by_path = {edit.change.path: edit for edit in edits}
    for (path, old, new), data in rewrites:
        edit = by_path.pop(path, None)
        base = edit.change.old if edit else seen.behind.get(path, _at_head(batch, seen, path))
        if _oid(edit.change.new if edit else base) != _oid(old):
            raise FieldvaultError("file-edited", path=path)
        if data is not None:
            batch.add("blob", data)
        if new != base:
            by_path[path] = Edit(TreeChange(path, base, new), None)
    return sorted(by_path.values(), key=lambda edit: edit.change.path)


def held(edits: Iterable[Edit], rewrites: Sequence[Rewrite]) -> dict[str, Entry | None]:
    """What the folder holds at the paths of these edits, before fv's own changes are brought to it."""
    return {edit.change.path: edit.change.new for edit in edits} | {one.change.path: one.change.old for one in rewrites}


def _at_head(batch: Batch, seen: Survey, path: str) -> Entry | None:
    return find_file(batch, seen.tree, path) if seen.tree else None


def _oid(entry: Entry | None) -> str | None:
    return entry.oid if entry else None
