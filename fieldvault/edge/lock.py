"""Locks between Fieldvault's own processes, which the kernel lets go of when their holder dies.

Law: a lock is a held file descriptor, never the existence of a file; the file stays and says who holds it. The holder
wipes its name off before it lets go, so a name on a free lock is that of a process that failed or was killed at work.
Readers take none. `vault.lock` is never held while waiting for a byte from the network or for a person.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from types import TracebackType

from fieldvault.edge.durable import FULL
from fieldvault.errors import Busy

_STEP_SECONDS_MAX = 0.2


class FileLock:
    """An exclusive lock on `path` for one process; a context manager that waits up to `wait_seconds`, then `Busy`."""

    def __init__(self, path: Path, wait_seconds: float = 10.0, purpose: str = "") -> None:
        self.path = path
        self.wait_seconds = wait_seconds
        self.purpose = purpose
        self.inherited = False  # whether the last holder failed or was killed at work
        self._fd: int | None = None

    def try_acquire(self) -> bool:
        """True when the lock is ours now."""
        assert self._fd is None, "a lock is taken once"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        try:
            taken = _lock(fd)
        except BaseException:
            os.close(fd)
            raise
        if not taken:
            os.close(fd)
            return False
        self._fd = fd
        self.inherited = os.fstat(fd).st_size > 0
        try:
            self._write_name(fd)
        except BaseException as error:
            # A full disk must not keep anybody from working, a broken one may.
            if not (isinstance(error, OSError) and error.errno in FULL):
                self.release(named=True)
                raise
        return True

    def _write_name(self, fd: int) -> None:
        name = f"{os.getpid()} {self.purpose}\n".encode()
        os.lseek(fd, 0, os.SEEK_SET)
        os.write(fd, name)  # over the name of one that was killed: killed ourselves now, some name still stands
        os.ftruncate(fd, len(name))

    def acquire(self) -> None:
        """Wait for the lock with jitter; `Busy("vault-busy", path=, holder=)` when the time is over."""
        deadline = time.monotonic() + self.wait_seconds
        while not self.try_acquire():
            left = deadline - time.monotonic()
            if left <= 0:
                raise Busy("vault-busy", path=str(self.path), holder=self._holder())
            import random  # which only waiting needs

            time.sleep(min(left, random.uniform(0.01, _STEP_SECONDS_MAX)))

    def release(self, *, named: bool = False) -> None:
        """Let go. With `named` our name stays, for the next holder to look after what we could not put right."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            try:
                if not named:
                    with contextlib.suppress(OSError):
                        os.ftruncate(fd, 0)
            finally:
                os.close(fd)  # lets go, on every system

    def named(self) -> bool:
        """Whether somebody's name stands on it: a process at work, or one that was killed."""
        try:
            return self.path.stat().st_size > 0
        except FileNotFoundError:
            return False

    def is_held(self) -> bool:
        """Whether a process holds it at this moment; the name on it stays as it is."""
        try:
            fd = os.open(self.path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
        except OSError:
            return False
        try:
            return not _lock(fd)
        finally:
            os.close(fd)

    def _holder(self) -> str:
        with contextlib.suppress(OSError):
            return self.path.read_text(errors="replace").strip()
        return ""

    def __enter__(self) -> FileLock:
        if self._fd is None:
            self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release(named=error is not None)


if os.name == "nt":  # pragma: no cover - cannot be run here
    import msvcrt

    def _lock(fd: int) -> bool:
        os.lseek(fd, 1 << 30, os.SEEK_SET)  # a byte far behind the text, so that others can read who holds the lock
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
