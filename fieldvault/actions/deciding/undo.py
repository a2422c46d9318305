"""Taking back what a commit did.

Law: undo never moves a branch back. It is one more merge, with the commit as base, what is now as ours and the commit's
parent as theirs: what was done since stays, and where somebody changed the same field again that stands, as a conflict.
Of a merge it takes back only what the merge decided: what gave way stands again, and what merged by itself stays. A
question that the merge left open stays one, with this side's value shown: undo answers none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fieldvault.actions.committing.commit import CommitReport, commit
from fieldvault.actions.deciding.decisions import decided, touched_by_both
from fieldvault.actions.deciding.takenback import taken_back_by, undo_message
from fieldvault.actions.ground.change import Change, HeadMoved, apply_change, left_behind
from fieldvault.actions.ground.commits import Now, write_commit
from fieldvault.actions.ground.former import CAME_IN
from fieldvault.actions.ground.recovery import locked
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.merging.recordmerge import MergedRecord
from fieldvault.actions.merging.treemerge import merge_trees
from fieldvault.actions.records.describing import describe
from fieldvault.actions.records.lookup import find_record
from fieldvault.actions.records.types import Types
from fieldvault.core.conflicts import OF_VALUES, conflict_path
from fieldvault.core.describe import is_left_open
from fieldvault.core.fields import value_at
from fieldvault.core.names import is_record
from fieldvault.core.schema import Schema
from fieldvault.core.snapshot import FILE, Entry, Oid
from fieldvault.core.values import MISSING, same
from fieldvault.edge import yamltext
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import Commit, read_commit, walk
from fieldvault.edge.git.store.trees import diff_trees, find, patch_tree
from fieldvault.errors import Busy, FieldvaultError

_BROUGHT = (CAME_IN, "clone", "pull", "merge", "reset", "checkout")  # the moves of a reflog that make no commit


@dataclass(frozen=True)
class Undone:
    """`commit` was taken back by the commit in `report`."""

    commit: Commit
    report: CommitReport


def undo(vault: Vault, now: Now, oid: Oid | None = None, record: str | None = None, *, redo: bool = False) -> Undone:
    """Take back a commit, by default the last one made on this device that was not taken back; of one record where it
    is named. With `redo`, take back the last undo. Raises `undo-nothing`.
    """
    commit(vault, now)
    path = find_record(vault, record).path if record else None
    target = read_commit(vault.objects, oid) if oid else _last(vault, redo)
    with locked(vault, "undo"):
        vault.guard_idle()
        try:
            return Undone(target, _undo(vault, now, target, path))
        except HeadMoved:
            raise Busy("git-busy", path=str(vault.git_dir)) from None


def _before(batch: Batch, target: Commit) -> Oid:
    """The tree to go back to: that of the parent; of a merge its own, with what gave way in it standing again."""
    parent = read_commit(batch, target.parents[0]).tree
    if len(target.parents) == 1:
        return parent
    restored: dict[str, Entry | None] = {}
    for path in touched_by_both(batch, target):
        merged, entry = decided(batch, target, path), find(batch, target.tree, path)
        mine = find(batch, parent, path)
        if not is_record(path) or merged is None or entry is None or (mine is None and not merged.conflicts):
            restored[path] = mine
        elif mine is not None:
            restored |= _undecided(batch, path, merged, mine, entry, Types(batch, target.tree).schema(path))
    return patch_tree(batch, target.tree, restored)


def _undecided(
    batch: Batch, path: str, merged: MergedRecord, mine: Entry, entry: Entry, schema: Schema
) -> dict[str, Entry]:
    """The record of a merge, and the files of its conflicts, with what `mine` has at the fields that were decided."""
    own = yamltext.read(batch.blob(mine.oid)).value(schema)
    document = yamltext.read(batch.blob(entry.oid))
    edits = [(notice.field, value_at(own, notice.field, schema)) for notice in merged.notices]
    files = {}
    for conflict in merged.conflicts:
        chosen = value_at(own, conflict.field, schema)
        if conflict.kind not in OF_VALUES or chosen is MISSING:
            continue
        edits.append((conflict.field, chosen))
        rule = schema.rule(conflict.field)
        stand = (value_at(document.value(schema), conflict.field, schema), *conflict.also)
        others = [value for value in stand if not same(rule.standard(value), rule.standard(chosen))]
        written = yamltext.write_conflict(conflict._replace(also=tuple(others)))
        files[conflict_path(conflict.record, conflict.field)] = Entry(FILE, batch.add("blob", written))
    return files | {path: Entry(entry.mode, batch.add("blob", document.with_edits(edits, schema)))}


def _last(vault: Vault, redo: bool) -> Commit:
    """The newest commit made here that stands, which nothing has taken back: an ordinary one, with `redo` an undo of
    one (what brought something back is neither).
    """
    head, made_here = vault.head(), _made_here(vault)
    taken_back: set[Oid | None] = set()
    for one in walk(vault.objects, [head] if head else []):
        undoes = taken_back_by(one)
        if one.oid in taken_back:
            continue  # and if it was an undo itself, what it took back stands again
        if undoes:
            taken_back.add(undoes)
        wanted = _is_undo(vault, undoes) if redo else undoes is None
        if made_here(one) and wanted and len(one.parents) == 1 and not is_left_open(one.message):
            return one
    raise FieldvaultError("undo-nothing")


def _made_here(vault: Vault) -> Callable[[Commit], bool]:
    """Whether a commit was made on this device: git's reflog tells; where none is kept, by whom it was made."""
    moves = list(vault.refs.reflog.moves("HEAD"))
    made = {move.new for move in moves if not move.message.startswith(_BROUGHT)}
    mine = vault.identity().committer
    return lambda commit: commit.oid in made if moves else commit.committer == mine


def _is_undo(vault: Vault, undoes: Oid | None) -> bool:
    """Whether a commit that takes back `undoes` is an undo: one that takes back an undo is not."""
    if undoes is None or undoes not in vault.objects:
        return undoes is not None
    return not _is_undo(vault, taken_back_by(read_commit(vault.objects, undoes)))


def _undo(vault: Vault, now: Now, target: Commit, path: str | None) -> CommitReport:
    head = vault.head()
    if head is None or not target.parents:
        raise FieldvaultError("undo-nothing")
    tree = read_commit(vault.objects, head).tree
    with Batch(vault.objects) as batch:
        before = _before(batch, target)
        if path is not None:
            before = patch_tree(batch, target.tree, {path: find(batch, before, path)})
        merged = merge_trees(batch, target.tree, tree, before)
        changes = diff_trees(batch, tree, merged.tree)
        if not changes:
            raise FieldvaultError("undo-nothing")
        text = undo_message(target)
        report = CommitReport(merged=merged.files)
        report.changes = describe(batch, Types(batch, merged.tree), changes)
        report.commit = write_commit(vault, batch, now(), merged.tree, (head,), text)
        change = Change(vault.branch(), head, report.commit, changes, changes, reason=text.splitlines()[0])
        report.behind = left_behind(apply_change(vault, batch, change))
    return report
