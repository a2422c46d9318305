"""Watching a folder: `inotify` on Linux, `portable` elsewhere; `events` is what they tell."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fieldvault.edge.fswatch.events import GONE, LIMIT, LOST, TOUCHED, FileEvent, Skip, Tell

__all__ = ["GONE", "LIMIT", "LOST", "TOUCHED", "FileEvent", "Skip", "Tell", "watching"]


@contextmanager
def watching(root: Path, tell: Tell, skip: Skip) -> Iterator[None]:
    """Watch everything below `root` that is not skipped; `tell` is called in a thread of the watch.

    Raises `watch-limit` where the system watches no more folders.
    """
    if sys.platform.startswith("linux"):
        from fieldvault.edge.fswatch.inotify import InotifyWatch as Watch
    else:  # pragma: no cover - tested by its own name
        from fieldvault.edge.fswatch.portable import PortableWatch as Watch
    watch = Watch(root, tell, skip)
    try:
        yield
    finally:
        watch.close()
