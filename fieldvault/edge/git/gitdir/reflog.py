"""Where each ref has been on this machine: .git/logs.

Law: lines are only ever added, in git's format. They are not flushed: after a power cut the newest may be missing, and
nothing that was committed hangs on them.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fieldvault.core.snapshot import Oid

_LINE = r"([0-9a-f]{40}) ([0-9a-f]{40}) [^\t]*(?:\t(.*))?"


class Move(NamedTuple):
    """One line of a reflog; a ref that was made comes from `NO_OID` (refs)."""

    old: Oid
    new: Oid
    message: str


class Reflog:
    def __init__(self, git_dir: Path) -> None:
        self._folder = git_dir / "logs"

    def stands(self, ref: str) -> bool:
        return (self._folder / ref).is_file()

    def append(self, ref: str, old: Oid, new: Oid, who: str, message: str) -> None:
        """`who` is "Name <mail> seconds +0100"; line breaks in the message become blanks, as git has it."""
        path = self._folder / ref
        line = f"{old} {new} {who}\t{' '.join(message.split())}\n"
        with contextlib.suppress(OSError):  # the ref has moved: a full disk here makes that no failure
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(line.encode("utf-8", "surrogateescape"))

    def moves(self, ref: str) -> Iterator[Move]:
        """Newest first; lines that cannot be read are passed over."""
        try:
            text = (self._folder / ref).read_text("utf-8", "surrogateescape")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
            return
        for line in reversed(text.split("\n")):
            if match := re.fullmatch(_LINE, line):
                yield Move(*match.groups(default=""))

    def remove(self, ref: str) -> None:
        path = self._folder / ref
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            while path.parent != self._folder:
                path = path.parent
                path.rmdir()
