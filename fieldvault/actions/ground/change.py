"""One change of the vault: the order of its writes is its safety.

Law: 1 the new versions of the working files, staged, and the objects, pinned by `refs/fv/pending`; all durable. 2 git's
own locks on index, HEAD and the branch; under them HEAD is still what was planned, which is the compare-and-set. 3 the
journal. 4 the working files. 5 the locks become the new branch and index. 6 journal and pin go. Cut off before 3
nothing has changed. After it the next command finishes (`recovery`), and plain git finds its locks taken and
refuses until then. Commit, sync, resolve and undo all pass through here; nothing else moves a branch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from fieldvault.actions.ground.absent import note_absent
from fieldvault.actions.ground.gitindex import NextIndex
from fieldvault.actions.ground.mirror import note_change
from fieldvault.actions.ground.showing import Showing
from fieldvault.actions.ground.staged import keep_staged
from fieldvault.actions.ground.vault import PENDING, Vault
from fieldvault.core.snapshot import Oid, TreeChange
from fieldvault.edge.durable import write_whole
from fieldvault.edge.git.gitdir.locks import GitLock, break_left_locks
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import person_line, read_commit
from fieldvault.edge.journal import Journal
from fieldvault.edge.worktree.files import Read
from fieldvault.edge.worktree.replacing import Outcome, Replacing

LOCK_WAIT_SECONDS = 10.0


class Change(NamedTuple):
    """What is to become of the vault.

    `tree_changes`: every path in which the new head's tree differs from the old one's. `files`: the working files to
    bring along, each from the version it is expected to hold (its working base). `read`: files that hold the new
    version already, because it was read from them. `dropping`: large attachments are left as pointers.
    """

    branch: str
    old_head: Oid | None
    new_head: Oid
    tree_changes: Sequence[TreeChange]
    files: Sequence[TreeChange] = ()
    read: Mapping[str, Read] = {}
    reason: str = ""
    dropping: bool = False


class HeadMoved(Exception):
    """The branch is no longer where this change began: nothing was written, plan again."""


@contextmanager
def git_held_back(vault: Vault) -> Iterator[None]:
    """Plan with git's locks in hand, where git was quicker again and again; `apply_change` then takes them over."""
    try:
        _Locks(vault, vault.branch()).acquire()
        yield
    finally:
        if not vault.journal.exists():  # else they stay until the change is finished
            break_left_locks(vault.locks_dir)


def apply_change(vault: Vault, batch: Batch, change: Change) -> list[Outcome]:
    """Carry out one change; the caller holds `vault.lock`. Returns what became of each working file.

    Raises HeadMoved, or `git-busy` when plain git holds a lock for longer than we wait; nothing has changed then.
    """
    replacing = vault.replacing(change.files, dropping=change.dropping)
    locks = _Locks(vault, change.branch)
    try:
        _stage(vault, batch, change, replacing)
        batch.flush()
        pin(vault, change.new_head)
        locks.acquire()
        if (vault.branch(), vault.head()) != (change.branch, change.old_head):
            raise HeadMoved
        index = _next_index(vault, change)
        if not change.files:  # else it is written when their stats are known
            locks.index.write(index.data({path: read.stat for path, read in change.read.items()}))
        locks.branch.write([change.new_head.encode() + b"\n"])
        vault.journal.write(_journal(change))
    except BaseException:
        vault.journal.remove()  # first: with it what is staged says how far each path got
        replacing.discard()
        locks.release()
        unpin(vault)
        raise
    return _carry_out(vault, change, replacing, locks, index)


def left_behind(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """The files that could not be brought along, and why."""
    return {done.change.path: done.problem for done in outcomes if done.problem}


def _stage(vault: Vault, batch: Batch, change: Change, replacing: Replacing) -> None:
    if change.dropping:
        replacing.stage(batch.blob)
        return
    showing = Showing(vault, batch)
    replacing.stage(showing)
    if showing.absent:
        note_absent(vault, (one.path for one in change.files if one.new and one.new.oid in showing.absent))


def resume(vault: Vault, journal: Journal) -> bool:
    """Finish a change that was cut off, with the locks that its process left to us. The caller holds `vault.lock`.

    False where HEAD has gone elsewhere: then no path is brought along, and those that were count as behind.
    """
    replacing = vault.replacing(journal.files)
    if vault.branch() != journal.branch or vault.head() not in (journal.old_head, journal.new_head):
        vault.stats.update(vault.stats.tree, {}, replacing.abandon())
        replacing.discard()
        vault.journal.remove()
        return False
    change = Change(
        branch=journal.branch,
        old_head=journal.old_head,
        new_head=journal.new_head,
        tree_changes=journal.tree_changes,
        files=journal.files,
        reason=journal.reason,
    )
    locks = _Locks(vault, change.branch)
    locks.acquire()
    index = _next_index(vault, change)
    locks.index.write(index.data({}))
    locks.branch.write([change.new_head.encode() + b"\n"])
    _carry_out(vault, change, replacing, locks, index)
    return True


def _carry_out(vault: Vault, change: Change, replacing: Replacing, locks: _Locks, index: NextIndex) -> list[Outcome]:
    """Steps 4 to 6, with the journal on the disk: from here on the change is finished, now or by the next command, and
    whatever goes wrong git's locks stay.
    """
    outcomes = replacing.place(vault.objects.blob if change.dropping else Showing(vault, vault.objects))
    stats = {path: read.stat for path, read in change.read.items()}
    stats |= {done.change.path: done.stat for done in outcomes if done.stat is not None}
    if outcomes:
        locks.index.write(index.data(stats))
    keep_staged(vault, index.overwritten, change.new_head)
    note_change(vault, index.new_tree, index.old_tree, change.tree_changes, outcomes, change.read)
    _log(vault, change)
    locks.commit()
    replacing.discard()
    vault.journal.remove()
    unpin(vault)
    return outcomes


def _next_index(vault: Vault, change: Change) -> NextIndex:
    return NextIndex(vault, change.old_head, change.new_head, change.tree_changes)


def _journal(change: Change) -> Journal:
    return Journal(
        branch=change.branch,
        old_head=change.old_head,
        new_head=change.new_head,
        files=tuple(change.files),
        tree_changes=tuple(change.tree_changes),
        reason=change.reason,
    )


def pin(vault: Vault, oid: Oid) -> None:
    """Keep `git gc` from taking objects that no branch names yet. The caller holds `vault.lock`, so no lock of git's
    is needed: nobody else writes this ref.
    """
    write_whole(vault.git_dir / PENDING, oid.encode() + b"\n")


def unpin(vault: Vault) -> None:
    (vault.git_dir / PENDING).unlink(missing_ok=True)
    packed = vault.refs.read(PENDING)
    if packed is not None:  # git packed it meanwhile
        vault.refs.compare_and_set(PENDING, packed, None)


def _log(vault: Vault, change: Change) -> None:
    """git's reflogs, as git writes them: under the lock, before the branch moves."""
    if change.old_head != change.new_head:
        commit = read_commit(vault.objects, change.new_head)
        who = person_line(commit.committer, commit.commit_time, commit.commit_offset_min)
        vault.refs.log_move(change.branch, change.old_head, change.new_head, who, change.reason)


class _Locks:
    """git's locks on the index, HEAD and the branch, taken in git's own order. They outlive this process on purpose:
    from the journal on they stay until the change is finished, by us or by the next command.
    """

    def __init__(self, vault: Vault, branch: str) -> None:
        self.index, self.head = (GitLock(vault.git_dir / name, vault.locks_dir) for name in ("index", "HEAD"))
        self.branch = self.head if branch == "HEAD" else GitLock(vault.git_dir / branch, vault.locks_dir)

    def acquire(self) -> None:
        for lock in dict.fromkeys((self.index, self.head, self.branch)):
            lock.acquire(LOCK_WAIT_SECONDS)

    def release(self) -> None:
        for lock in (self.index, self.head, self.branch):
            lock.release()

    def commit(self) -> None:
        """The branch first: cut off here, HEAD is new and the index old, and the journal brings the index along."""
        self.branch.commit()
        self.index.commit()
        self.head.release()
