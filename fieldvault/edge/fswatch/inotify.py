"""Watching a folder with Linux's inotify.

Law: one descriptor, one thread that sleeps in the kernel; a folder that cannot be watched is told. Folders that are
skipped cost no watch; that one of them came or went is told as LOST. A new folder is told file by file, since its files
may be older than its watch. Questions pass through the same descriptor: the kernel keeps the order of all its events.
The trap avoided: watchdog's own emitter keeps silent where the limit of watches is reached or the queue overflows, and
watches `.git` as well.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
import threading
from pathlib import Path

from fieldvault.edge.fswatch.events import ASKED, FOLDER, GONE, LIMIT, LOST, NEW, TOUCHED, FileEvent, Skip, Tell
from fieldvault.errors import FieldvaultError

_MODIFY, _ATTRIB, _CLOSE_WRITE, _MOVED_FROM, _MOVED_TO = 0x2, 0x4, 0x8, 0x40, 0x80
_CREATE, _DELETE, _DELETE_SELF, _MOVE_SELF = 0x100, 0x200, 0x400, 0x800
_UNMOUNT, _OVERFLOW, _IGNORED = 0x2000, 0x4000, 0x8000
_ONLYDIR, _DONT_FOLLOW, _EXCL_UNLINK, _ISDIR = 0x1000000, 0x2000000, 0x4000000, 0x40000000
_HAPPENINGS = _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE
_MASK = _HAPPENINGS | _DELETE_SELF | _MOVE_SELF | _ONLYDIR | _DONT_FOLLOW | _EXCL_UNLINK

_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name
_BUFFER_BYTES = 64 * 1024


class InotifyWatch:
    """Watches `root` until it is closed. Raises `watch-limit` where the system has no watches left at the start."""

    def __init__(self, root: Path, tell: Tell, skip: Skip, questions: Path | None = None) -> None:
        self._root = root
        self._tell = tell
        self._skip = skip
        self._questions = -1  # the watch of the folder for questions
        self._library = ctypes.CDLL(None, use_errno=True)
        self._folders: dict[int, str] = {}  # watch -> folder, "" is the root
        self._fd = self._library.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._fd < 0:
            raise _limit(ctypes.get_errno(), root)
        self._wake_read, self._wake_write = os.pipe()
        try:
            self._watch_below("", told=False)
            if questions is not None:
                self._questions = self._add_watch(questions, _MOVED_TO | _ONLYDIR)
        except BaseException:
            self._close_descriptors()
            raise
        self._thread = threading.Thread(target=self._run, name="fv-inotify", daemon=True)
        self._thread.start()

    def close(self) -> None:
        os.write(self._wake_write, b"!")
        self._thread.join()
        self._close_descriptors()

    def _close_descriptors(self) -> None:
        for descriptor in (self._fd, self._wake_read, self._wake_write):
            os.close(descriptor)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        while not any(descriptor == self._wake_read for descriptor, _ in poll.poll()):
            self._read()

    def _read(self) -> None:
        data = os.read(self._fd, _BUFFER_BYTES)
        start = 0
        while start < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, start)
            start += _EVENT.size
            name = os.fsdecode(data[start : start + length].rstrip(b"\0"))
            start += length
            try:
                self._happened(watch, mask, name)
            except FieldvaultError:
                self._tell(FileEvent("", LIMIT))

    def _happened(self, watch: int, mask: int, name: str) -> None:
        if mask & _OVERFLOW:
            self._watch_below("", told=False)
            self._tell(FileEvent("", LOST))
            return
        if watch == self._questions:
            self._tell(FileEvent(name, ASKED))
            return
        if mask & _IGNORED:
            self._folders.pop(watch, None)
            return
        folder = self._folders.get(watch)
        if folder is None:
            return
        if mask & (_DELETE_SELF | _MOVE_SELF | _UNMOUNT):
            if not folder:
                self._tell(FileEvent("", GONE))
            return
        if mask & _HAPPENINGS:
            self._happened_at(f"{folder}/{name}" if folder else name, mask)

    def _happened_at(self, path: str, mask: int) -> None:
        is_folder = bool(mask & _ISDIR)
        if self._skip(path, is_folder):
            if "/" in path and mask & (_CREATE | _DELETE | _MOVED_FROM | _MOVED_TO):
                self._tell(FileEvent("", LOST))
            return
        if mask & (_DELETE | _MOVED_FROM):
            if is_folder:
                self._forget(path)
            self._tell(FileEvent(path, GONE))
        elif not is_folder:
            self._tell(FileEvent(path, NEW if mask & _CREATE else TOUCHED))
        else:
            self._tell(FileEvent(path, FOLDER))
            self._watch_below(path, told=bool(mask & (_CREATE | _MOVED_TO)))

    def _watch_below(self, start: str, *, told: bool) -> None:
        """Watch a folder and those in it; `told`: tell of every file met."""
        folders = [start]
        while folders:
            folder = folders.pop()
            if not self._add(folder):
                continue
            try:
                entries = list(os.scandir(self._root / folder))
            except OSError:
                continue
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                is_folder = entry.is_dir(follow_symlinks=False)
                if self._skip(path, is_folder):
                    continue
                if is_folder:
                    folders.append(path)
                elif told:
                    self._tell(FileEvent(path, NEW))

    def _add(self, folder: str) -> bool:
        """False where the folder is gone, or may not be read."""
        watch = self._add_watch(self._root / folder, _MASK)
        if watch < 0:
            return False
        self._folders[watch] = folder
        return True

    def _add_watch(self, folder: Path, mask: int) -> int:
        watch: int = self._library.inotify_add_watch(self._fd, os.fsencode(folder), mask)
        if watch < 0:
            code = ctypes.get_errno()
            if code in (errno.ENOSPC, errno.ENOMEM):
                raise _limit(code, self._root)
        return watch

    def _forget(self, folder: str) -> None:
        """The folder lies elsewhere now: its watches would tell wrong paths."""
        prefix = folder + "/"
        for watch, path in list(self._folders.items()):
            if path == folder or path.startswith(prefix):
                del self._folders[watch]
                self._library.inotify_rm_watch(self._fd, watch)


def _limit(code: int, root: Path) -> FieldvaultError:
    return FieldvaultError("watch-limit", path=str(root), reason=os.strerror(code))
