"""Committing: what stands in the folder goes into history.

Law: saving is never refused for its content. A readable record is committed, valid or not; only what cannot be read,
and an empty file over a record, is held as a draft, named with its line, and stands in nobody's way. What is committed
is exactly the bytes that were read, compared with the version the file came from: where HEAD has moved on since, the
edit is merged with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fieldvault.actions.committing.adopting import left_open
from fieldvault.actions.committing.contents import keep_contents
from fieldvault.actions.committing.drafts import keep_drafts
from fieldvault.actions.committing.gitspointers import take_up_pointers
from fieldvault.actions.committing.masses import gone_records, held_here
from fieldvault.actions.committing.rewriting import Rewrite, held, rewritten
from fieldvault.actions.committing.stale import StaleSave, leave_open, stale_saves
from fieldvault.actions.committing.survey import Edit, Survey, survey
from fieldvault.actions.committing.unmerged import as_they_stand, left_standing, unmerged
from fieldvault.actions.committing.unreadable import Draft, draft_in
from fieldvault.actions.ground.change import Change, HeadMoved, apply_change, git_held_back, left_behind
from fieldvault.actions.ground.commits import Now, write_commit
from fieldvault.actions.ground.forgit import teach_git
from fieldvault.actions.ground.recovery import locked
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.merging.voids import void_conflicts
from fieldvault.actions.records.before import Before
from fieldvault.actions.records.describing import describe
from fieldvault.actions.records.types import Types
from fieldvault.core.deletions import MASS_DELETION, with_allowance
from fieldvault.core.describe import FileChange, commit_message, left_open_message
from fieldvault.core.judge import refuse
from fieldvault.core.snapshot import FILE, Entry, Oid, TreeChange
from fieldvault.edge import yamltext
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import read_commit
from fieldvault.edge.git.store.trees import diff_trees, differences, patch_tree
from fieldvault.edge.git.store.upkeep import keep_tidy
from fieldvault.errors import Busy

if TYPE_CHECKING:
    from fieldvault.actions.merging.treemerge import MergedFile

TRIES_MAX = 5
FREE_TRIES = 2  # before plain git, which plans in no time, is held back while we do


@dataclass
class CommitReport:
    """What one commit did. `commit` is None where there was nothing to commit.

    `held`: files that wait for a person, with a key of the catalogue each. `behind`: files that could not be brought to
    what HEAD has (open elsewhere, read-only), and why.
    """

    commit: Oid | None = None
    changes: list[FileChange] = field(default_factory=list)
    merged: list[MergedFile] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    behind: dict[str, str] = field(default_factory=dict)
    stale: list[StaleSave] = field(default_factory=list)  # saves of old versions, and what became of them
    opened: int = 0  # fields that a merge, ours or of plain git, left open, and that wait for a person from now on

    @property
    def waits(self) -> bool:
        """Whether something waits for a person."""
        return bool(self.drafts or self.held)


def commit(
    vault: Vault, now: Now, message: str | None = None, paths: Sequence[str] = (), rewrites: Sequence[Rewrite] = ()
) -> CommitReport:
    """Commit what the person changed, all of it or below `paths`. Durable when it returns.

    `rewrites`: what fv changes itself, at some of `paths`; `file-edited` where what it was made from stands no more.
    """
    teach_git(vault)
    for turn in range(TRIES_MAX):
        with locked(vault, "commit"), git_held_back(vault) if turn >= FREE_TRIES else nullcontext():
            vault.guard_idle()
            try:
                opened = _take_up(vault, now)
                report = _commit(vault, now, message, paths, rewrites)
            except HeadMoved:  # plain git was quicker: its commit becomes our parent
                continue
        report.opened += opened
        keep_tidy(vault.objects)
        return report
    raise Busy("git-busy", path=str(vault.git_dir))


def _take_up(vault: Vault, now: Now) -> int:
    """Commit what merges of plain git left open as conflicts, apart from the person's edits; how many there were."""
    opened, head = left_open(vault), vault.head()
    if not opened or head is None:
        return 0
    batch, old = Batch(vault.objects), read_commit(vault.objects, head).tree
    files = {path: Entry(FILE, batch.add("blob", yamltext.write_conflict(one))) for path, one in opened.items()}
    tree = patch_tree(batch, old, files)
    text = left_open_message(len(opened))
    commit = write_commit(vault, batch, now(), tree, (head,), text)
    changes = diff_trees(batch, old, tree)
    apply_change(vault, batch, Change(vault.branch(), head, commit, changes, changes, reason=f"commit: {text.strip()}"))
    return len(opened)


def _commit(
    vault: Vault, now: Now, message: str | None, paths: Sequence[str], rewrites: Sequence[Rewrite]
) -> CommitReport:
    branch = vault.branch()
    seen = survey(vault, paths)
    report = CommitReport(held=dict(seen.problems))
    edits: list[Edit] = []
    broken: list[Edit] = []
    for edit in seen.edits:
        draft = draft_in(edit)
        report.drafts += [draft] if draft else []
        (broken if draft else edits).append(edit)
    keep_drafts(vault, now(), broken, paths)
    edits = keep_contents(vault, edits, report.held)
    batch = Batch(vault.objects)
    for edit in edits:
        if edit.read is not None:
            batch.add("blob", edit.read.data)
    edits = _acceptable(batch, seen, rewritten(batch, seen, edits, rewrites), report)
    edits, allowed = _without_mass_deletion(vault, batch, seen, edits, now()[0], report)
    report.stale = stale_saves(vault, batch, seen.tree, [edit for edit in edits if edit.read])
    edits = _from_their_bases(seen, edits, report.stale)
    tree = _new_tree(batch, seen, edits, report)
    voids = void_conflicts(batch, tree, differences(batch, seen.tree, tree))  # as merged, not as saved
    adopted = take_up_pointers(vault, batch, seen.head, (edit.change for edit in edits))
    left = {} if paths else unmerged(vault)
    opened = dict(left_standing(batch, tree, left))
    report.opened = len(opened) + sum(len(file.record.conflicts) for file in report.merged if file.record)
    if voids or adopted or opened:
        tree = patch_tree(batch, tree, adopted | opened | dict.fromkeys(voids))
    tree = leave_open(batch, tree, report.stale)
    saved = held(edits, [one for one in rewrites if one.change.path not in report.held])
    files = _files_to_bring(batch, seen, saved, tree)
    tree_changes = diff_trees(batch, seen.tree, tree)
    settled = dict(as_they_stand(vault, batch, tree, left))
    if not tree_changes and not files and not settled:
        _note_caught_up(vault, seen)
        if seen.head:
            vault.note_looked_at(seen.head)
        return report
    head = seen.head
    if tree_changes:
        report.changes = describe(batch, Types(batch, tree), tree_changes)
        doubted = [save.title for save in report.stale]
        text = message.rstrip("\n") + "\n" if message else commit_message(report.changes, doubted)
        text = with_allowance(text, allowed) if allowed else text
        parents = (seen.head,) if seen.head else ()
        head = report.commit = write_commit(vault, batch, now(), tree, parents, text)
    assert head is not None
    read = settled | {edit.change.path: edit.read for edit in edits if edit.read is not None}
    read = {path: one for path, one in read.items() if path not in {change.path for change in files}}
    reason = f"commit: {text.splitlines()[0]}" if report.commit else "fv: bring files along"
    change = Change(branch, seen.head, head, tree_changes, files, read, reason)
    report.behind = left_behind(apply_change(vault, batch, change))
    vault.note_looked_at(head)
    return report


def _acceptable(batch: Batch, seen: Survey, edits: list[Edit], report: CommitReport) -> list[Edit]:
    """The edits without those whose names another machine could not hold; these stay here, and are named."""
    tree = patch_tree(batch, seen.tree, {edit.change.path: edit.change.new for edit in edits})
    refused = refuse((edit.change for edit in edits), Before(batch, seen.tree, tree))
    report.held |= refused
    return [edit for edit in edits if edit.change.path not in refused]


def _from_their_bases(seen: Survey, edits: list[Edit], stale: Iterable[StaleSave]) -> list[Edit]:
    """The edits, the stale ones as edits of the old versions that they came from."""
    bases = {save.path: save.base for save in stale}
    seen.behind |= bases
    return [
        edit._replace(change=edit.change._replace(old=bases.get(edit.change.path, edit.change.old))) for edit in edits
    ]


def _without_mass_deletion(
    vault: Vault, batch: Batch, seen: Survey, edits: list[Edit], at: int, report: CommitReport
) -> tuple[list[Edit], int]:
    """The edits without deletions that wait for the person's word; and how many went by that word."""
    gone = gone_records(batch, (edit.change for edit in edits))
    if vault.allow_deletions:
        return edits, len(gone)
    waiting = held_here(vault, batch, seen.tree, seen.head, gone, at)
    report.held |= dict.fromkeys(sorted(waiting), MASS_DELETION)
    return [edit for edit in edits if edit.change.path not in waiting], 0


def _new_tree(batch: Batch, seen: Survey, edits: Iterable[Edit], report: CommitReport) -> Oid:
    """HEAD's tree with the edits; those made to an older version than HEAD's are merged with HEAD's."""
    edits = list(edits)
    mine = {edit.change.path: edit.change.new for edit in edits}
    if not any(edit.change.path in seen.behind for edit in edits):
        return patch_tree(batch, seen.tree, mine)
    from fieldvault.actions.merging.treemerge import merge_trees  # files are left behind seldom

    bases = {edit.change.path: edit.change.old for edit in edits}
    base = patch_tree(batch, seen.tree, bases)
    merged = merge_trees(batch, base, patch_tree(batch, base, mine), seen.tree)
    report.merged = merged.files
    return merged.tree


def _files_to_bring(batch: Batch, seen: Survey, saved: dict[str, Entry | None], tree: Oid) -> list[TreeChange]:
    """What the folder holds against what it is to hold: files that were behind, what a merge decided, what is void, and
    what fv changes itself. `saved`: what the folder holds where it differs from its base.
    """
    holds = patch_tree(batch, seen.tree, seen.behind | saved)
    waiting = {edit.change.path for edit in seen.edits} - saved.keys()
    return [change for change in diff_trees(batch, holds, tree) if change.path not in waiting]


def _note_caught_up(vault: Vault, seen: Survey) -> None:
    if seen.caught_up:
        vault.stats.update(seen.tree, {}, forget_behind=seen.caught_up, expected=seen.tree)
