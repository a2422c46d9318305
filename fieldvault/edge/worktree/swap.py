"""Two files change places in one step, or a file takes a name only while nobody has it.

Law: neither call ever destroys what a name held. That is what a plain rename cannot promise: an editor that saves
between our last look and the rename would lose its save. Where the system has no such call, `exchange` says so.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

_AT_FDCWD = -100
_UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)  # an old kernel, or a file system without it


def exchange(one: str, other: str) -> bool:
    """Swap what two names on one file system hold; False, and nothing changed, where that cannot be done."""
    if os.name == "nt":  # pragma: no cover - cannot be run here
        return _exchange_nt(one, other)
    call = _renames()
    return call is not None and _run(call, "exchange", one, other)


def move_new(source: str, target: str) -> None:
    """Rename, but FileExistsError if anything has the name `target`, be it a folder or a dangling link."""
    call = None if os.name == "nt" else _renames()
    if call is not None and _run(call, "move", source, target):
        return
    if os.name != "nt" and os.path.lexists(target):  # as Windows itself refuses
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
    Path(source).rename(target)


class _Call(NamedTuple):
    """The system's rename with flags. `before`: a folder's descriptor ahead of each name, where the call takes one."""

    function: Callable[..., int]
    before: tuple[int, ...]
    flags: dict[str, int]


@cache
def _renames() -> _Call | None:
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform.startswith("linux") and hasattr(library, "renameat2"):
        return _Call(library.renameat2, (_AT_FDCWD,), {"move": 1, "exchange": 2})
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        return _Call(library.renamex_np, (), {"move": 4, "exchange": 2})
    return None


def _run(call: _Call, action: str, one: str, other: str) -> bool:
    """False where the system says that it knows no such rename."""
    import ctypes

    names = (*call.before, os.fsencode(one), *call.before, os.fsencode(other))
    if call.function(*names, call.flags[action]) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), one, None, other)


def _exchange_nt(one: str, other: str) -> bool:  # pragma: no cover - cannot be run here
    """ReplaceFileW puts `one` in place of `other`, with the latter's rights, and keeps what came out."""
    import ctypes

    out = one + ".out"
    windll = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    if not windll.ReplaceFileW(other, one, out, 0, None, None):
        raise ctypes.WinError(ctypes.get_last_error())  # type: ignore[attr-defined,unused-ignore]
    Path(out).rename(one)
    return True
