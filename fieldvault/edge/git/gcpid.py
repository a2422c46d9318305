"""git's own sign that somebody tidies up the objects of a repository: `gc.pid`.

Law: while a process that lives is named there nobody else joins packs, neither we nor `git gc`. Whoever finds the name
of one that is gone takes its place, so a process that was killed is in nobody's way. Nothing depends on it for safety:
it keeps two from doing the same work, and `git gc` from missing a pack that it has counted.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path

from fieldvault.edge.durable import create, is_alive

_FORGOTTEN_SECONDS = 12 * 3600  # git's: an older name counts no more, whoever bears it now


class GcPid:
    """The sign of one repository; `take` it, and `release` it when done."""

    def __init__(self, git_dir: Path) -> None:
        self._path = git_dir / "gc.pid"
        self._name = f"{os.getpid()} {socket.gethostname()}"

    def take(self) -> bool:
        """True when our name stands there now; False where somebody else is at work."""
        if self._path.with_name("gc.pid.lock").exists():  # git is about to write its own name
            return False
        if self.is_left():
            self._path.unlink(missing_ok=True)
        try:
            with create(self._path) as file:
                file.write(self._name.encode())
        except FileExistsError:
            return False
        return True

    @property
    def is_ours(self) -> bool:
        try:
            return self._path.read_text("utf-8", "replace") == self._name
        except FileNotFoundError:
            return False

    def is_left(self) -> bool:
        """Whether a process is named there that is gone; of one on another machine that cannot be told."""
        try:
            if time.time() - self._path.stat().st_mtime > _FORGOTTEN_SECONDS:
                return True
            process, _, host = self._path.read_text("utf-8", "replace").strip().partition(" ")
        except FileNotFoundError:
            return False
        return process.isdecimal() and host == socket.gethostname() and not is_alive(int(process))

    def release(self) -> None:
        """Wipe off our name, or that of a process that is gone."""
        with contextlib.suppress(OSError):
            if self.is_ours or self.is_left():
                self._path.unlink()
