"""Telling a person something on their desktop.

Law: a courtesy. Where there is no desktop, or it does not answer, nothing happens; what is told stands in `fv status`
as well.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess

_WAIT_SECONDS = 5


def notify(title: str, text: str) -> None:
    """A notification, through `notify-send` where there is one."""
    program = shutil.which("notify-send")
    if program is None or not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        return
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            [program, "--app-name=fv", "--", title, text],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_WAIT_SECONDS,
            check=False,
        )
