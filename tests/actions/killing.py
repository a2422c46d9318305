"""A command that is killed: in a child of this process, which dies before one of its calls that change a file.

Law: nothing runs after the kill, no handler and no `finally`: what the next command finds is what a power switch would
have left, with the system still up.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
import warnings
from collections.abc import Callable

from fieldvault.errors import FieldvaultError

FAILED, KILLED = 1, 9
CHANGING = ("os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod")

possible = hasattr(os, "fork")


def killed(act: Callable[[], object], at: int) -> bool:
    """Run `act` in a child that dies before its `at`-th change of a file, counted from 0. False if that never came."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # this process has threads, and the child runs one only
        child = os.fork()
    if child == 0:
        _die_at(at)
        try:
            with contextlib.suppress(FieldvaultError):
                act()
        except BaseException:
            traceback.print_exc()
            os._exit(FAILED)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED), f"it failed before it was killed: {code}"
    return code == KILLED


def _die_at(at: int) -> None:
    left = at

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in CHANGING or (event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT):
            if not left:
                os._exit(KILLED)
            left -= 1

    sys.addaudithook(count)
