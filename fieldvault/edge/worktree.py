"""The person's files: what stands in the folder, and how one version is put in place of another.

Law: nothing a person wrote is ever overwritten or removed unseen. A file is read only when its stat is the same before
and after; it is replaced only while it holds exactly the version that it is expected to hold, else it stays and is
reported. Whatever is no ordinary file (a link, a pipe, a repository inside the vault) is named and left alone.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from fieldvault.core.names import is_leaving
from fieldvault.core.snapshot import EXECUTABLE, FILE, Entry, TreeChange, blob_id
from fieldvault.edge.durable import TEMPORARY, flush, flush_folders, make_folder, temporary, write_whole
from fieldvault.errors import FieldvaultError

FILE_BYTES_MAX = 100 * 1024 * 1024
_READ_TRIES_MAX = 3


class Found(NamedTuple):
    """One name met in the folder. `problem` is a key of the catalogue where it is no ordinary file."""

    path: str
    stat: os.stat_result
    problem: str | None = None


class Read(NamedTuple):
    """One file as it was read: its bytes, its stat before and after, and the mode that git gives it."""

    data: bytes
    stat: os.stat_result
    mode: int


class Outcome(NamedTuple):
    """What became of one replacement: `problem` is None when the file holds the new version now."""

    change: TreeChange
    stat: os.stat_result | None
    problem: str | None = None


class Worktree:
    """The files below `root`, but for `.git` and our own temporary names."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, path: str) -> Path:
        return self.root / path

    def walk(
        self,
        start: str,
        tracked: Callable[[str], Collection[str]],
        holds_tracked: Callable[[str], bool],
        ignored: Callable[[str, bool], bool],
    ) -> Iterator[Found]:
        """Every file below the folder `start` ("" for all), ignored ones left out unless tracked.

        `tracked(folder)` gives the names of its tracked files, `holds_tracked(folder)` whether any lies below it,
        `ignored(path, is_folder)` what git ignores. Order is by folder; within one, as the system lists it.
        """
        folders = [start]
        while folders:
            folder = folders.pop()
            prefix = f"{folder}/" if folder else ""
            known = tracked(folder)
            try:
                entries = list(os.scandir(self.root / folder))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise FieldvaultError("folder-unreadable", path=folder or ".", reason=error.strerror) from error
            for entry in entries:
                name = entry.name
                if name == ".git" or name.startswith(TEMPORARY):
                    continue
                path = prefix + name
                if name not in known and is_leaving(name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if os.path.lexists(os.path.join(self.root, path, ".git")):  # noqa: PTH118 - once a folder
                        yield Found(path, entry.stat(follow_symlinks=False), "nested-repository")
                    elif holds_tracked(path) or not ignored(path, True):
                        folders.append(path)
                    continue
                if name not in known and ignored(path, False):
                    continue
                with contextlib.suppress(FileNotFoundError):  # it went between the listing and the look
                    st = entry.stat(follow_symlinks=False)
                    yield Found(path, st, _problem(st))

    def found(self, path: str, st: os.stat_result) -> Found:
        """One file that was named, as `walk` would have yielded it."""
        return Found(path, st, _problem(st))

    def stat(self, path: str) -> os.stat_result | None:
        try:
            return (self.root / path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise FieldvaultError("file-unreadable", path=path, reason=error.strerror) from error

    def read(self, path: str) -> Read | None:
        """The file, or None where there is none.

        Raises `file-unreadable`, `file-changing` (it is being written), `file-too-large`, or the file's own problem.
        """
        for _ in range(_READ_TRIES_MAX):
            st = self.stat(path)
            if st is None:
                return None
            problem = _problem(st)
            if problem:
                raise FieldvaultError(problem, path=path)
            try:
                with open(self.root / path, "rb", opener=_open_ordinary) as file:
                    data = file.read()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise FieldvaultError("file-unreadable", path=path, reason=error.strerror) from error
            after = self.stat(path)
            if after is not None and _same(st, after) and len(data) == st.st_size:
                return Read(data, st, _git_mode(st))
        raise FieldvaultError("file-changing", path=path)

    def replace(
        self,
        changes: Sequence[TreeChange],
        content: Callable[[TreeChange], bytes],
        progress: Callable[[int], None] = lambda count: None,
    ) -> list[Outcome]:
        """Bring each path from its `old` version to its `new` one. Two phases: all temporary files, then all renames.

        A file that already holds `new` is adopted; one that holds neither stays (`file-edited`), as does one that the
        system does not let us replace. Removals come before creations, so that a folder can follow a file.
        """
        removals = sorted((c for c in changes if c.new is None), key=lambda c: c.path.count("/"), reverse=True)
        outcomes = [self._remove(change) for change in removals]
        staged = [self._stage(change, content) for change in changes if change.new is not None]
        touched = {self.path(change.path).parent for change in changes}
        for count, step in enumerate(staged, start=1):
            outcomes.append(self._place(step) if isinstance(step, _Staged) else step)
            progress(count)
        flush_folders(touched)
        return outcomes

    def write_beside(self, path: str, data: bytes) -> None:
        """A new file of ours at a path that is free."""
        write_whole(self.path(path), data)

    def sweep(self, paths: Iterable[str]) -> None:
        """Remove our own temporary files, left by a change that was cut off, from the folders of these paths."""
        for folder in {self.path(path).parent for path in paths}:
            for left in folder.glob(f"{TEMPORARY}*"):
                with contextlib.suppress(OSError):
                    left.unlink()

    def _stage(self, change: TreeChange, content: Callable[[TreeChange], bytes]) -> _Staged | Outcome:
        """Write the new version under a temporary name beside the path, or tell why it will not be placed."""
        assert change.new is not None
        target = self.path(change.path)
        try:
            current = self._judge(change)
            if isinstance(current, Outcome):
                return current
            make_folder(target.parent)
            scratch, file = temporary(target.parent, TEMPORARY, 0o777 if change.new.mode == EXECUTABLE else 0o666)
            with file:
                file.write(content(change))
                flush(file)
            if current is not None:
                scratch.chmod(stat.S_IMODE(current.st_mode) & ~0o111 | _executable_bits(current, change.new.mode))
            return _Staged(change, scratch, current)
        except (PermissionError, FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            return Outcome(change, None, _denied(error))

    def _place(self, step: _Staged) -> Outcome:
        """The one instant in which the path gets its new version."""
        target = self.path(step.change.path)
        now = self.stat(step.change.path)
        try:
            if (now is None) != (step.seen is None) or (now and step.seen and not _same(now, step.seen)):
                step.temporary.unlink()
                return Outcome(step.change, None, "file-edited")
            step.temporary.replace(target)
        except (PermissionError, IsADirectoryError) as error:
            with contextlib.suppress(OSError):
                step.temporary.unlink()
            return Outcome(step.change, None, _denied(error))
        return Outcome(step.change, self.stat(step.change.path))

    def _remove(self, change: TreeChange) -> Outcome:
        try:
            current = self._judge(change)
            if isinstance(current, Outcome):
                return current
            self.path(change.path).unlink()
        except PermissionError as error:
            return Outcome(change, None, _denied(error))
        folder = self.path(change.path).parent
        with contextlib.suppress(OSError):  # not empty: it stays
            while folder != self.root:
                folder.rmdir()
                folder = folder.parent
        return Outcome(change, None)

    def _judge(self, change: TreeChange) -> os.stat_result | Outcome | None:
        """The stat of the file to replace (None: there is none), or the outcome where nothing is to be done."""
        try:
            read = self.read(change.path)
        except FieldvaultError as error:
            return Outcome(change, None, error.kind)
        holds = blob_id(read.data) if read else None
        if holds == (change.new.oid if change.new else None):
            return Outcome(change, read.stat if read else None)
        if holds != (change.old.oid if change.old else None):
            return Outcome(change, None, "file-edited")
        return read.stat if read else None


class _Staged(NamedTuple):
    change: TreeChange
    temporary: Path
    seen: os.stat_result | None


def changed_entry(read: Read, was: Entry | None) -> Entry:
    """The entry a file has in a tree. Where the system knows no execute bit, the mode is what it was."""
    mode = read.mode if os.name != "nt" or was is None else was.mode
    return Entry(mode, blob_id(read.data))


def _problem(st: os.stat_result) -> str | None:
    if stat.S_ISREG(st.st_mode):
        return "file-too-large" if st.st_size > FILE_BYTES_MAX else None
    if stat.S_ISLNK(st.st_mode):
        return "file-link"
    return "file-is-folder" if stat.S_ISDIR(st.st_mode) else "file-special"


def _open_ordinary(path: str, flags: int) -> int:
    """Neither follow a link that took the file's place nor hang on a pipe."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _git_mode(st: os.stat_result) -> int:
    return EXECUTABLE if st.st_mode & stat.S_IXUSR else FILE


def _executable_bits(current: os.stat_result, mode: int) -> int:
    """x where r is, as git does."""
    return (current.st_mode & 0o444) >> 2 if mode == EXECUTABLE else 0


def _same(a: os.stat_result, b: os.stat_result) -> bool:
    keys = ("st_mtime_ns", "st_ctime_ns", "st_size", "st_ino", "st_mode")
    return all(getattr(a, key) == getattr(b, key) for key in keys)


def _denied(error: OSError) -> str:
    return (
        "file-in-the-way"
        if isinstance(error, (FileExistsError, NotADirectoryError, IsADirectoryError))
        else "file-denied"
    )
