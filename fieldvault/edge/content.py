"""The contents of large attachments on this machine: one file for each, called by its SHA-256.

Law: a name that stands holds exactly the content it names, durably: written beside, checked, flushed, renamed. Always
streamed; memory holds a block. What arrives in chunks grows in a file of its own, so that a cut costs nothing that came
before it, and takes its name only when it is whole and right. What was made here is marked until the hub has it.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fieldvault.core.pointers import CHUNK_BYTES, Pointer
from fieldvault.edge.durable import TEMPORARY, flush, flush_folder, make_folder, temporary
from fieldvault.errors import Corrupt

_SHA256 = re.compile("[0-9a-f]{64}")
_BLOCK_BYTES = 1 << 20
_ARRIVING = ".part"
_DAMAGED = ".damaged"
_UNSENT = "unsent"  # the folder of the marks: empty files of the contents' names


class Contents:
    """The folder `.git/fieldvault/content`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, pointer: Pointer) -> Path:
        """Where the content lies once it is here. Nobody writes there."""
        return self.folder / pointer.sha256

    def __contains__(self, pointer: Pointer) -> bool:
        try:
            return self.path(pointer).stat().st_size == pointer.size
        except FileNotFoundError:
            return False

    def sound(self, pointer: Pointer) -> bool:
        """Whether it is here and still right, read anew. What has rotted is put aside, so that it can come again."""
        path = self.path(pointer)
        try:
            with path.open("rb") as file:
                right = Pointer(hashlib.file_digest(file, "sha256").hexdigest(), file.tell()) == pointer
        except FileNotFoundError:
            return False
        if not right:
            path.replace(path.with_name(path.name + _DAMAGED))
        return right

    def keep(self, source: BinaryIO, pointer: Pointer) -> bool:
        """Copy what is read from `source`, and mark it as unsent; False where that is not, or not any more, what
        `pointer` says.
        """
        if pointer in self:
            return True
        make_folder(self.folder)
        path, copy = temporary(self.folder, TEMPORARY)
        try:
            with copy:
                sha256 = hashlib.sha256()
                while block := source.read(_BLOCK_BYTES):
                    sha256.update(block)
                    copy.write(block)
                right = Pointer(sha256.hexdigest(), copy.tell()) == pointer
                if right:
                    self.note_unsent(pointer)
                    self._adopt(path, copy, pointer)
                return right
        finally:
            path.unlink(missing_ok=True)

    def all(self) -> Iterator[Pointer]:
        """Every content that is here."""
        with contextlib.suppress(FileNotFoundError):
            for path in self.folder.iterdir():
                if _SHA256.fullmatch(path.name):
                    yield Pointer(path.name, path.stat().st_size)

    def unsent(self) -> Iterator[Pointer]:
        """Those that were made here, or that the hub has lost, and that it has not been seen to have."""
        return (pointer for pointer in self.all() if self._mark(pointer).exists())

    def note_unsent(self, pointer: Pointer) -> None:
        make_folder(self.folder / _UNSENT)
        self._mark(pointer).touch()
        flush_folder(self.folder / _UNSENT)

    def note_sent(self, pointer: Pointer) -> None:
        self._mark(pointer).unlink(missing_ok=True)

    def kept_since(self, pointer: Pointer) -> float:
        """When it came, in seconds since 1970."""
        return self.path(pointer).stat().st_mtime

    def _mark(self, pointer: Pointer) -> Path:
        return self.folder / _UNSENT / pointer.sha256

    def _adopt(self, path: Path, file: BinaryIO, pointer: Pointer) -> None:
        """Give a file that was seen to hold a content the name of it."""
        flush(file)
        file.close()
        path.replace(self.path(pointer))
        flush_folder(self.folder)

    def chunk(self, pointer: Pointer, number: int) -> bytes:
        """One chunk of a content that is here, counted from 0."""
        with self.path(pointer).open("rb") as file:
            file.seek(number * CHUNK_BYTES)
            return file.read(CHUNK_BYTES)

    def arrived(self, pointer: Pointer) -> int:
        """How many chunks of a content that is on its way are here."""
        try:
            size = self._arriving(pointer).stat().st_size
        except FileNotFoundError:
            return 0
        return pointer.chunks if size == pointer.size else size // CHUNK_BYTES

    @contextmanager
    def arriving(self, pointer: Pointer) -> Iterator[BinaryIO]:
        """The file to which the next chunks are added, one after the other; durable at the end."""
        begun = self.arrived(pointer) * CHUNK_BYTES
        make_folder(self.folder)
        path = self._arriving(pointer)
        path.touch()
        with path.open("r+b") as file:
            file.truncate(begun)
            file.seek(begun)
            try:
                yield file
            finally:
                flush(file)

    def complete(self, pointer: Pointer) -> None:
        """All chunks have come: check them, or Corrupt("content-damaged", sha256), and then they are to come again."""
        path = self._arriving(pointer)
        path.touch()  # an empty content comes in no chunks
        with path.open("r+b") as file:
            digest = hashlib.file_digest(file, "sha256")
            if Pointer(digest.hexdigest(), file.tell()) == pointer:
                self._adopt(path, file, pointer)
                return
        path.unlink()
        raise Corrupt("content-damaged", sha256=pointer.sha256)

    def forget_arriving(self, before: float) -> None:
        """Remove what has begun to come, and has not gone on since that time, in seconds since 1970."""
        for path in self.folder.glob(f"*{_ARRIVING}"):
            if path.stat().st_mtime < before:
                path.unlink()

    def drop(self, pointer: Pointer) -> None:
        for path in (self.path(pointer), self._arriving(pointer), self._mark(pointer)):
            path.unlink(missing_ok=True)

    def _arriving(self, pointer: Pointer) -> Path:
        return self.folder / f"{pointer.sha256}{_ARRIVING}"
