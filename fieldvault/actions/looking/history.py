"""Looking back: what was committed, and how two states differ, field by field.

Law: reads only; the cost follows what is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fieldvault.actions.committing.survey import survey
from fieldvault.actions.deciding.decisions import decided
from fieldvault.actions.ground.vault import HUB_MAIN, Vault
from fieldvault.actions.merging.recordmerge import MergedRecord
from fieldvault.actions.records.describing import describe
from fieldvault.actions.records.lookup import find_record
from fieldvault.actions.records.types import Types
from fieldvault.core.describe import FileChange
from fieldvault.core.snapshot import Oid, TreeChange
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import Commit, newest_first, read_commit, walk
from fieldvault.edge.git.store.trees import diff_trees
from fieldvault.errors import Corrupt, FieldvaultError

_REVISION = re.compile(r"([^~]*)(?:~([0-9]*))?")
_ABBREVIATION = re.compile(r"[0-9a-f]{4,40}")


@dataclass(frozen=True)
class LogEntry:
    """One commit and what it changed against its first parent; `waiting`: the hub has not confirmed it yet.

    `decided`: where one record was asked about and this commit merged it, what that merge decided.
    """

    commit: Commit
    changes: list[FileChange]
    waiting: bool
    decided: MergedRecord | None = None


def log(vault: Vault, record: str | None = None, limit: int | None = None) -> Iterator[LogEntry]:
    """The commits of main, newest first; those that touched one record where it is named, through its moves."""
    head = vault.head()
    if head is None:
        return
    unsent = _unsent(vault, head)
    path = find_record(vault, record).path if record else None
    count = 0
    for commit in newest_first(vault.objects, head):
        changes = changes_of(vault, commit)
        decision = None
        if path is not None:
            changes = [change for change in changes if path in (change.path, change.old_path)]
            with Batch(vault.objects) as batch:
                decision = decided(batch, commit, path)
            if not changes and decision is None:
                continue
            path = next((change.old_path for change in changes if change.old_path), path)
        yield LogEntry(commit, changes, commit.oid in unsent, decision)
        count += 1
        if limit is not None and count >= limit:
            return


def _unsent(vault: Vault, head: Oid) -> set[Oid]:
    """The commits that the hub has not confirmed; none where there is no hub to wait for."""
    if vault.config.origin_url() is None:
        return set()
    known = vault.refs.read(HUB_MAIN)
    return {commit.oid for commit in walk(vault.objects, [head], [known] if known else [])}


def changes_of(vault: Vault, commit: Commit) -> list[FileChange]:
    """What a commit changed against its first parent."""
    try:
        parent = read_commit(vault.objects, commit.parents[0]).tree if commit.parents else None
        changes = diff_trees(vault.objects, parent, commit.tree)
    except Corrupt:  # a history that was cut short on purpose: a shallow clone of plain git's
        return []
    return describe(vault.objects, Types(vault.objects, commit.tree), changes)


def diff(vault: Vault, revisions: list[Oid], record: str | None = None) -> list[FileChange]:
    """How the folder differs from HEAD; with one commit, from that; with two, how the second differs from the first."""
    path = find_record(vault, record).path if record else None
    with Batch(vault.objects) as batch:
        tree: Oid | None
        if len(revisions) == 2:
            old, tree = (read_commit(vault.objects, oid).tree for oid in revisions)
            changes = diff_trees(vault.objects, old, tree)
        else:
            changes = _unsaved(vault, batch, revisions[0] if revisions else None)
            tree = vault.head_tree()
        if path is not None:
            changes = [change for change in changes if change.path == path]
        return describe(batch, Types(batch, tree), changes)


def _unsaved(vault: Vault, batch: Batch, since: Oid | None) -> list[TreeChange]:
    """What the folder holds against a commit; nothing is written but into the batch, which nobody flushes."""
    seen = survey(vault)
    for edit in seen.edits:
        if edit.read is not None:
            batch.add("blob", edit.read.data)
    mine = {edit.change.path: edit.change for edit in seen.edits}
    if since is None:
        return list(mine.values())
    changes = {
        change.path: change for change in diff_trees(vault.objects, read_commit(vault.objects, since).tree, seen.tree)
    }
    for path, change in mine.items():
        changes[path] = change._replace(old=changes[path].old if path in changes else change.old)
    return [change for _, change in sorted(changes.items()) if change.old != change.new]


def find_commit(vault: Vault, text: str) -> Oid:
    """The commit that `text` names: an id or the start of one, HEAD, HEAD~N, a branch. `commit-unknown` otherwise."""
    form = _REVISION.fullmatch(text)
    oid = _named(vault, form[1]) if form else None
    for _ in range(int(form[2] or 1) if form and form[2] is not None else 0):
        parents = read_commit(vault.objects, oid).parents if oid else ()
        oid = parents[0] if parents else None
    if oid is None:
        raise FieldvaultError("commit-unknown", commit=text)
    return oid


def _named(vault: Vault, name: str) -> Oid | None:
    head = vault.head()
    if name in ("HEAD", "@", ""):
        return head
    for ref in (f"refs/heads/{name}", f"refs/remotes/{name}"):
        if not _ABBREVIATION.fullmatch(name) and (oid := vault.refs.read(ref)):
            return oid
    if head is None or not _ABBREVIATION.fullmatch(name):
        return None
    found = {commit.oid for commit in walk(vault.objects, [head]) if commit.oid.startswith(name)}
    return found.pop() if len(found) == 1 else None
