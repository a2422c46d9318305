"""Watching a folder: `inotify` on Linux, `portable` elsewhere; `events`: what they tell, `local`: is that all?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fieldvault.edge.fswatch.events import ASKED, FOLDER, GONE, LIMIT, LOST, NEW, TOUCHED, FileEvent, Skip, Tell
from fieldvault.edge.fswatch.local import tells_all

if TYPE_CHECKING:
    from fieldvault.edge.fswatch.inotify import InotifyWatch
    from fieldvault.edge.fswatch.portable import PortableWatch

__all__ = [
    "ASKED",
    "FOLDER",
    "GONE",
    "LIMIT",
    "LOST",
    "NEW",
    "TOUCHED",
    "FileEvent",
    "Skip",
    "Tell",
    "tells_all",
    "watching",
]


@contextmanager
def watching(root: Path, tell: Tell, skip: Skip, questions: Path | None = None) -> Iterator[None]:
    """Watch everything below `root` that is not skipped; `tell` is called in a thread of the watch.

    `questions`: a folder whose new names are told as ASKED; only where `tells_all` holds. Raises `watch-limit` where
    the system watches no more folders.
    """
    watch: InotifyWatch | PortableWatch
    if sys.platform.startswith("linux"):
        from fieldvault.edge.fswatch.inotify import InotifyWatch

        watch = InotifyWatch(root, tell, skip, questions)
    else:  # pragma: no cover - tested by its own name
        from fieldvault.edge.fswatch.portable import PortableWatch

        watch = PortableWatch(root, tell, skip)
    try:
        yield
    finally:
        watch.close()
