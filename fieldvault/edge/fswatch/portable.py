"""Watching a folder where there is no inotify: macOS, Windows and the BSDs, through watchdog.

Law: the only file that knows watchdog.
"""

from __future__ import annotations

import os
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from fieldvault.edge.fswatch.events import GONE, NEW, TOUCHED, FileEvent, Kind, Skip, Tell
from fieldvault.errors import FieldvaultError


class PortableWatch(FileSystemEventHandler):
    """Watches `root` until it is closed. Raises `watch-limit` where the system refuses."""

    def __init__(self, root: Path, tell: Tell, skip: Skip) -> None:
        self._root = Path(os.path.realpath(root))  # as macOS names it in events
        self._tell = tell
        self._skip = skip
        self._observer = Observer()
        try:
            self._observer.schedule(self, str(self._root), recursive=True)
            self._observer.start()
        except OSError as error:
            raise FieldvaultError("watch-limit", path=str(root), reason=error.strerror) from error

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()

    def on_created(self, event: FileSystemEvent) -> None:
        self._happened(event.src_path, event.is_directory, NEW)
        if event.is_directory:
            self._met(os.fsdecode(event.src_path))

    def on_modified(self, event: FileSystemEvent) -> None:
        if not event.is_directory:
            self._happened(event.src_path, False, TOUCHED)

    def on_deleted(self, event: FileSystemEvent) -> None:
        self._happened(event.src_path, event.is_directory, GONE)

    def on_moved(self, event: FileSystemEvent) -> None:
        self._happened(event.src_path, event.is_directory, GONE)
        if event.is_directory:
            self._met(os.fsdecode(event.dest_path))
        else:
            self._happened(event.dest_path, False, TOUCHED)

    def _happened(self, where: bytes | str, is_folder: bool, kind: Kind) -> None:
        path = Path(os.fsdecode(where))
        if path == self._root:
            self._tell(FileEvent("", kind))
            return
        name = path.relative_to(self._root).as_posix()
        if not self._skipped(name, is_folder) and not (is_folder and kind != GONE):
            self._tell(FileEvent(name, kind))

    def _skipped(self, path: str, is_folder: bool) -> bool:
        """The folders above count too: here the system watches all of them."""
        steps = path.split("/")
        above = ("/".join(steps[:count]) for count in range(1, len(steps)))
        return any(self._skip(folder, True) for folder in above) or self._skip(path, is_folder)

    def _met(self, folder: str) -> None:
        """A folder that came with its files."""
        for where, _, names in os.walk(folder):
            for name in names:
                self._happened(os.path.join(where, name), False, NEW)  # noqa: PTH118
