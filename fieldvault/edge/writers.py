"""Whether a program is still writing a file.

Law: looks only, and knows only what the system shows: the open files of this person's own processes, on Linux. False
elsewhere, where a file counts as complete when nothing has happened to it for a while.
"""

from __future__ import annotations

import os
from pathlib import Path

_PROCESSES = Path("/proc")
_ACCESS_MODE = 3  # the two bits of open(2)'s flags that say reading, writing, both


def being_written(paths: list[Path]) -> set[Path]:
    """Those of `paths` that a process has open for writing."""
    wanted = {_identity(path): path for path in paths}
    wanted.pop(None, None)
    if not wanted or not (_PROCESSES / "self" / "fdinfo").is_dir():
        return set()
    found = set()
    for process in _PROCESSES.iterdir():
        if process.name.isdigit():
            found |= {wanted[identity] for identity in _written_by(process) if identity in wanted}
    return found


def _written_by(process: Path) -> list[tuple[int, int] | None]:
    """The identities of the files that a process has open for writing."""
    try:
        descriptors = list((process / "fd").iterdir())
        return [_identity(one) for one in descriptors if _writes(process / "fdinfo" / one.name)]
    except OSError:  # another person's, or it has ended
        return []


def _writes(info: Path) -> bool:
    try:
        for line in info.read_text("ascii").splitlines():
            if line.startswith("flags:"):
                return int(line.split()[1], 8) & _ACCESS_MODE != os.O_RDONLY
    except (OSError, ValueError):
        pass
    return False


def _identity(path: Path) -> tuple[int, int] | None:
    """What a name leads to; for a process's descriptor the open file itself."""
    try:
        st = path.stat()
    except OSError:
        return None
    return st.st_dev, st.st_ino
