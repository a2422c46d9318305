"""One vault on this machine: its rooms, each opened when it is first asked for, and what it says of itself.

Law: the rooms of the edge meet here and nowhere below; nothing is read that a command does not need.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from fieldvault.core.snapshot import Oid, TreeChange
from fieldvault.edge.content import Contents
from fieldvault.edge.durable import OWN_FOLDER, write_whole
from fieldvault.edge.git.gitdir.config import GitConfig, Identity
from fieldvault.edge.git.gitdir.ignore import Ignore
from fieldvault.edge.git.gitdir.refs import Refs
from fieldvault.edge.git.store.history import read_commit
from fieldvault.edge.git.store.objects import Objects
from fieldvault.edge.index.stats import StatCache
from fieldvault.edge.journal import JournalFile
from fieldvault.edge.lock import FileLock
from fieldvault.edge.worktree.files import Worktree
from fieldvault.errors import FieldvaultError

if TYPE_CHECKING:
    from fieldvault.edge.index.claims import ClaimsIndex
    from fieldvault.edge.worktree.replacing import Replacing

MAIN = "refs/heads/main"
HUB_MAIN = "refs/remotes/origin/main"
PENDING = "refs/fv/pending"  # the commit of a change that is under way

# What git has under way, and the command that ends it (format.md, "What fv does with git's other states").
_UNDER_WAY = {
    "MERGE_HEAD": "git merge --abort",
    "rebase-merge": "git rebase --abort",
    "rebase-apply/applying": "git am --abort",
    "rebase-apply": "git rebase --abort",
    "CHERRY_PICK_HEAD": "git cherry-pick --abort",
    "REVERT_HEAD": "git revert --abort",
    "BISECT_LOG": "git bisect reset",
}


@dataclass
class Vault:
    """One vault on this machine. A context manager: closing it closes its packs and its cache."""

    root: Path
    mended: list[str] = field(default_factory=list)  # what opening put right, as keys of the catalogue
    allow_deletions: bool = False  # the person said that a mass deletion is meant

    @property
    def git_dir(self) -> Path:
        return self.root / ".git"

    @property
    def own_dir(self) -> Path:
        """This machine's own files; nothing in it is ever sent."""
        return self.git_dir / OWN_FOLDER

    @cached_property
    def read_only(self) -> bool:
        """Whether the person may only look: the disk is mounted so, or the folder denies writing."""
        standing = [folder for folder in (self.own_dir, self.git_dir) if folder.exists()]
        return bool(standing) and not os.access(standing[0], os.W_OK)

    @property
    def locks_dir(self) -> Path:
        """The second names of git's locks that are ours (edge/git/gitdir/locks), for whoever holds `vault.lock`."""
        return self.own_dir / "locks"

    @property
    def staged_dir(self) -> Path:
        """Where new versions of working files wait for their place (edge/worktree/replacing)."""
        return self.own_dir / "staged"

    @property
    def questions_dir(self) -> Path:
        """Where a running watcher is asked (edge/question)."""
        return self.own_dir / "questions"

    @cached_property
    def objects(self) -> Objects:
        return Objects(self.git_dir)

    @cached_property
    def refs(self) -> Refs:
        return Refs(self.git_dir, self.locks_dir)

    @cached_property
    def config(self) -> GitConfig:
        return GitConfig(self.git_dir)

    @cached_property
    def worktree(self) -> Worktree:
        return Worktree(self.root, lambda: self.chunk_above)

    @cached_property
    def chunk_above(self) -> int:
        """The size in bytes above which an attachment is committed as a pointer, as the folder's settings say."""
        from fieldvault.actions.ground.settings import settings_in  # most files are small

        return settings_in(self.root).chunk_above

    @cached_property
    def contents(self) -> Contents:
        return Contents(self.own_dir / "content")

    @cached_property
    def stats(self) -> StatCache:
        return StatCache(self.own_dir / "index.sqlite", read_only=self.read_only)

    @cached_property
    def claims(self) -> ClaimsIndex:
        from fieldvault.edge.index.claims import ClaimsIndex  # only check and sync compare records

        return ClaimsIndex(self.own_dir / "claims.sqlite", read_only=self.read_only)

    @cached_property
    def journal(self) -> JournalFile:
        return JournalFile(self.own_dir / "journal")

    @cached_property
    def ignore(self) -> Ignore:
        return Ignore(self.root, self.git_dir, self.config)

    def replacing(self, changes: Sequence[TreeChange], *, dropping: bool = False) -> Replacing:
        """The working files of one change; the caller holds `vault.lock`."""
        from fieldvault.edge.worktree.replacing import Replacing  # whoever only looks changes none

        return Replacing(self.worktree, self.staged_dir, changes, dropping=dropping)

    def vault_lock(self, purpose: str, wait_seconds: float) -> FileLock:
        """The lock of every change of this vault; taken through `recovery`."""
        self._guard_writable()
        return FileLock(self.own_dir / "vault.lock", wait_seconds, purpose)

    def sync_lock(self, wait_seconds: float = 2.0) -> FileLock:
        """One sync a vault; held across the network."""
        self._guard_writable()
        return FileLock(self.own_dir / "sync.lock", wait_seconds, "sync")

    def watch_lock(self) -> FileLock:
        """One watcher a vault; held as long as it runs, and in nobody else's way."""
        return FileLock(self.own_dir / "watch.lock", 1.0, "watch")

    def _guard_writable(self) -> None:
        if self.read_only:
            raise FieldvaultError("denied", path=str(self.own_dir))

    def head(self) -> Oid | None:
        """The commit that HEAD names; None before the first one."""
        return self.refs.head()[1]

    def head_tree(self) -> Oid | None:
        head = self.head()
        return read_commit(self.objects, head).tree if head else None

    def branch(self) -> str:
        """The ref that a commit moves: the branch's, or HEAD itself where it is on none, as git does."""
        name, _ = self.refs.head()
        return f"refs/heads/{name}" if name is not None else "HEAD"

    def guard_on_main(self) -> None:
        """Refuse to exchange anything while another branch than main is checked out."""
        branch = self.branch()
        if branch == "HEAD":
            raise FieldvaultError("detached-head")
        if branch != MAIN:
            raise FieldvaultError("sync-other-branch", branch=branch.removeprefix("refs/heads/"))

    def guard_idle(self) -> None:
        """Refuse to write while git has a merge, rebase, cherry-pick or bisect under way."""
        for name, way_out in _UNDER_WAY.items():
            if (self.git_dir / name).exists():
                raise FieldvaultError("git-under-way", state=name, command=way_out)

    def identity(self) -> Identity:
        """Who commits here; `no-identity` where git's config does not say. Never invented."""
        who = self.config.identity()
        if who is None:
            raise FieldvaultError("no-identity")
        return who

    def note_confirmed(self, tip: Oid, at: int) -> None:
        """The hub held `tip` at this time, in seconds since 1970."""
        write_whole(self.own_dir / "confirmed", f"{tip} {at}\n".encode())

    def confirmed(self) -> tuple[Oid, int] | None:
        """What the hub last confirmed, and when; None before the first sync."""
        try:
            tip, at = (self.own_dir / "confirmed").read_bytes().decode("ascii").split()
            return tip, int(at)
        except (FileNotFoundError, ValueError):
            return None

    def note_looked_at(self, head: Oid) -> None:
        """Every merge that `head` contains was looked at for what it left open (actions/committing/adopting)."""
        if self.looked_at() != head:
            (self.own_dir / "looked-at").write_bytes(f"{head}\n".encode())

    def looked_at(self) -> Oid | None:
        """The head at the last look; None before the first, and where a power cut has left no id."""
        try:
            text = (self.own_dir / "looked-at").read_bytes().decode("ascii").strip()  # read_text would load a codec
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        return text if len(text) == 40 and text.isalnum() else None

    def close(self) -> None:
        for name in ("objects", "stats", "claims"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    def __enter__(self) -> Vault:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
