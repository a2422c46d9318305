"""git's own locks: X.lock, made while X is about to change.

Law: while we hold X.lock plain git waits or refuses; and of a lock that a killed process left we can tell that it is
ours. So the file is made in a folder of our own first and then hard-linked to X.lock, which takes the lock or fails in
one step. The first name stays until the lock is given back: as long as both names are one file, the lock is ours.
The trap avoided: dulwich's locks cannot be told from git's, and one that looks abandoned may belong to a `git commit`
whose editor is open; no process holds a descriptor of it either.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable
from pathlib import Path

from fieldvault.edge.durable import create, flush, flush_folder, make_folder
from fieldvault.errors import Busy

# FAT, some network shares, no right to make them; any other failure would leave a lock that nobody can claim
_NO_LINKS = (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


class GitLock:
    """The lock of one file of git's. Leaving the `with` block without `commit` gives it up unused.

    Without a `workdir` it is a lock like git's own. With one, on the same file system, it survives its process: who
    takes it next through that `workdir` takes it over, so processes that share one must take turns (vault.lock).
    Where the file system has no hard links a killed process leaves a lock that nobody can claim, as git does.
    """

    def __init__(self, target: Path, workdir: Path | None = None) -> None:
        self.target = target
        self.path = _lock_path(target)
        self._own_name = None if workdir is None else workdir / _in_one_name(os.path.relpath(target, workdir))
        self._held = False

    def __enter__(self) -> GitLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self, wait_seconds: float) -> None:
        """Take the lock; Busy("git-busy", path) if another process holds it for longer than that."""
        deadline = time.monotonic() + wait_seconds
        while not self._take():
            if time.monotonic() >= deadline:
                raise Busy("git-busy", path=str(self.path))
            import random  # which only waiting needs

            time.sleep(random.uniform(0.001, 0.05))

    def write(self, pieces: Iterable[bytes | memoryview]) -> None:
        """What `target` will hold, one piece after the other; durable on return."""
        assert self._held
        with self.path.open("wb") as file:
            file.writelines(pieces)
            flush(file)

    def commit(self) -> None:
        """What was written becomes `target`, durably, and the lock is gone."""
        assert self._held
        self.path.replace(self.target)
        flush_folder(self.target.parent)
        self._held = False
        self._forget()

    def release(self) -> None:
        """Give the lock up; `target` stays as it is."""
        if self._held or (self._own_name is not None and _same(self._own_name, self.path)):
            self.path.unlink(missing_ok=True)
            self._held = False
        self._forget()

    def _take(self) -> bool:
        if self._own_name is None:
            return self._take_unnamed()
        if _same(self._own_name, self.path):
            self._held = True
            return True
        make_folder(self._own_name.parent)
        self._own_name.unlink(missing_ok=True)  # a killed process's, whose lock was given back or never taken
        create(self._own_name).close()
        try:
            os.link(self._own_name, self.path)
            self._held = True
            return True
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            return self._take_unnamed()

    def _take_unnamed(self) -> bool:
        try:
            create(self.path).close()
            self._held = True
            return True
        except FileExistsError:
            return False

    def _forget(self) -> None:
        if self._own_name is not None:
            self._own_name.unlink(missing_ok=True)


def break_left_locks(workdir: Path) -> list[Path]:
    """Remove the locks that killed processes left through this `workdir`, and name them.

    The caller sees to it that no live process holds one: it is the only one at work in the vault (vault.lock).
    """
    broken = []
    for own_name in workdir.iterdir() if workdir.is_dir() else ():
        lock = _lock_path(Path(os.path.normpath(workdir / _as_path(own_name.name))))
        if _same(own_name, lock):
            lock.unlink()
            flush_folder(lock.parent)
            broken.append(lock)
        own_name.unlink()
    return broken


def _in_one_name(path: str) -> str:
    return path.replace("%", "%25").replace(os.sep, "%2F")


def _as_path(name: str) -> str:
    return name.replace("%2F", "/").replace("%25", "%")


def _lock_path(target: Path) -> Path:
    return target.with_name(target.name + ".lock")


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except FileNotFoundError:
        return False
