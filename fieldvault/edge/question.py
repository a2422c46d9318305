"""A question from one process of this machine to another, and its answer: a named pipe.

Law: nothing of it outlives the question. The asker opens the pipe before it gives it its name in the folder that the
other process watches, so whoever meets the name can answer without waiting. What does not come in time is no answer;
where the system, or the file system, knows no pipes, there is none either.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from pathlib import Path

from fieldvault.edge.durable import TEMPORARY

ANSWER_BYTES_MAX = 60_000  # a pipe of Linux takes 64 KiB without anybody reading


def ask(folder: Path, wait_seconds: float) -> bytes | None:
    """Put a question into `folder`; the answer, b"" where the other process has nothing to say, None for no answer."""
    if not hasattr(os, "mkfifo"):
        return None
    name = f"{TEMPORARY}{os.getpid()}_{os.urandom(4).hex()}"
    unnamed, named = folder.with_name(name), folder / name
    try:
        os.mkfifo(unnamed, 0o600)
        descriptor = os.open(unnamed, os.O_RDONLY | os.O_NONBLOCK)
        try:
            unnamed.rename(named)
            return _read(descriptor, time.monotonic() + wait_seconds)
        finally:
            os.close(descriptor)
    except OSError:
        return None
    finally:
        for path in (unnamed, named):
            with contextlib.suppress(OSError):
                path.unlink()


def answer(question: Path, data: bytes) -> None:
    """Answer a question by its path; one that nobody waits for any more is left alone."""
    assert len(data) <= ANSWER_BYTES_MAX
    with contextlib.suppress(OSError):
        descriptor = os.open(question, os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)


def _read(descriptor: int, until: float) -> bytes | None:
    """All that is written until the writer closes; None where the time is over before."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    data = b""
    while poll.poll(max(0.0, until - time.monotonic()) * 1000):
        piece = os.read(descriptor, ANSWER_BYTES_MAX)
        if not piece:
            return data
        data += piece
    return None
