"""Committing: what stands in the folder goes into history.

Law: saving is never refused for its content (taking). What is committed is exactly the bytes that were read, compared
with the version the file came from: where HEAD has moved on since, the edit is merged with it (joining). History and
the files of the folder change together (ground/change).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fieldvault.actions.committing.adopting import left_open
from fieldvault.actions.committing.joining import Joined, join
from fieldvault.actions.committing.rewriting import Rewrite, held
from fieldvault.actions.committing.stale import StaleSave
from fieldvault.actions.committing.survey import Survey, survey
from fieldvault.actions.committing.taking import Taken, take
from fieldvault.actions.committing.unreadable import Draft
from fieldvault.actions.ground.change import Change, HeadMoved, apply_change, git_held_back, left_behind
from fieldvault.actions.ground.commits import Now, write_commit
from fieldvault.actions.ground.forgit import teach_git
from fieldvault.actions.ground.recovery import locked
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.describing import describe
from fieldvault.actions.records.types import Types
from fieldvault.core.deletions import with_allowance
from fieldvault.core.describe import FileChange, commit_message, left_open_message
from fieldvault.core.snapshot import FILE, Entry, Oid, TreeChange
from fieldvault.edge import yamltext
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import read_commit
from fieldvault.edge.git.store.trees import diff_trees, patch_tree
from fieldvault.edge.git.store.upkeep import keep_tidy
from fieldvault.edge.worktree.files import Read
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
    branch, seen, batch = vault.branch(), survey(vault, paths), Batch(vault.objects)
    taken = take(vault, batch, seen, now(), paths, rewrites)
    joined = join(vault, batch, seen, taken.edits, everything=not paths)
    report = CommitReport(
        merged=joined.merged, drafts=taken.drafts, held=taken.held, stale=joined.stale, opened=joined.opened
    )
    tree_changes = diff_trees(batch, seen.tree, joined.tree)
    files = _files_to_bring(batch, seen, taken, rewrites, joined.tree)
    if not tree_changes and not files and not joined.settled:
        _note_nothing_new(vault, seen)
        return report
    head, reason = seen.head, "fv: bring files along"
    if tree_changes:
        report.changes = describe(batch, Types(batch, joined.tree), tree_changes)
        text = _message(message, report, taken.allowed)
        head = report.commit = write_commit(vault, batch, now(), joined.tree, (head,) if head else (), text)
        reason = f"commit: {text.splitlines()[0]}"
    assert head is not None
    read = _read_as_they_stay(taken, joined, files)
    change = Change(branch, seen.head, head, tree_changes, files, read, reason)
    report.behind = left_behind(apply_change(vault, batch, change))
    vault.note_looked_at(head)
    return report


def _files_to_bring(
    batch: Batch, seen: Survey, taken: Taken, rewrites: Iterable[Rewrite], tree: Oid
) -> list[TreeChange]:
    """What the folder holds against what it is to hold: files that were behind, what a merge decided, what is void, and
    what fv changes itself. What waits is left alone.
    """
    saved = held(taken.edits, [one for one in rewrites if one.change.path not in taken.held])
    waiting = {edit.change.path for edit in seen.edits} - saved.keys()
    holds = patch_tree(batch, seen.tree, seen.behind | saved)
    return [change for change in diff_trees(batch, holds, tree) if change.path not in waiting]


def _read_as_they_stay(taken: Taken, joined: Joined, files: Iterable[TreeChange]) -> dict[str, Read]:
    """The files that hold what is committed already: all that were read, but for those that are brought along."""
    read = dict(joined.settled) | {edit.change.path: edit.read for edit in taken.edits if edit.read is not None}
    brought = {change.path for change in files}
    return {path: one for path, one in read.items() if path not in brought}


def _message(given: str | None, report: CommitReport, allowed: int) -> str:
    doubted = [save.title for save in report.stale]
    text = given.rstrip("\n") + "\n" if given else commit_message(report.changes, doubted)
    return with_allowance(text, allowed) if allowed else text


def _note_nothing_new(vault: Vault, seen: Survey) -> None:
    if seen.caught_up:
        vault.stats.update(seen.tree, {}, forget_behind=seen.caught_up, expected=seen.tree)
    if seen.head:
        vault.note_looked_at(seen.head)
