"""The person's files: what one of them holds.

Law: reads only. A file counts as read only when its stat is the same before and after; whatever is no ordinary file (a
link, a pipe) is named and left alone. An attachment that is too large for a commit is never in memory: what is read of
it is the pointer to it. A file holds a version when that is the version of its bytes or of the pointer to them, so that
what was committed in one form never shows as an edit in the other.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from fieldvault.core.pointers import CHUNK_ABOVE_BYTES, Pointer, may_be_pointed_to
from fieldvault.core.snapshot import EXECUTABLE, FILE, Entry, Oid, blob_id
from fieldvault.errors import FieldvaultError

FILE_BYTES_MAX = 100 * 1024 * 1024
BLOCK_BYTES = 1 << 20
_READ_TRIES_MAX = 3


class Read(NamedTuple):
    """One file as it was read: its bytes, its stat before and after, and the mode that git gives it.

    Of a large attachment `pointer` is what it holds, `data` the pointer's bytes, and `raw` the id of its own ones.
    """

    data: bytes
    stat: os.stat_result
    mode: int
    pointer: Pointer | None = None
    raw: Oid | None = None

    @property
    def oid(self) -> Oid:
        """The version that the file is committed as."""
        return blob_id(self.data)

    @property
    def shown(self) -> Oid:
        """The id of the file's own bytes."""
        return self.raw or self.oid

    def holds(self, oid: Oid) -> bool:
        """Whether this is what the file holds, as it stands or as a pointer."""
        return oid in (self.oid, self.raw) or (self.pointer is None and oid == pointer_to(self.data).oid)


class Worktree:
    """The files below `root`; attachments of more than `chunk_above` bytes are committed as pointers."""

    def __init__(self, root: Path, chunk_above: Callable[[], int] = lambda: CHUNK_ABOVE_BYTES) -> None:
        self.root = root
        self._prefix = f"{root}{os.sep}"
        self._chunk_above = chunk_above

    def path(self, path: str) -> Path:
        return self.root / path

    def name(self, path: str) -> str:
        """As `path`, for the calls made for every file: a Path costs as much as the call itself."""
        return self._prefix + path

    def stat(self, path: str) -> os.stat_result | None:
        try:
            return os.lstat(self._prefix + path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise FieldvaultError("file-unreadable", path=path, reason=error.strerror) from error

    def read(self, path: str) -> Read | None:
        """The file, or None where there is none.

        Raises `file-unreadable`, `file-changing` (it is being written), `file-too-large`, or the file's own problem.
        """
        for _ in range(_READ_TRIES_MAX):
            st = self.stat(path)
            if st is None:
                return None
            problem = _problem_of(st.st_mode)
            if problem:
                raise FieldvaultError(problem, path=path)
            pointed_to = may_be_pointed_to(path) and st.st_size > min(self._chunk_above(), FILE_BYTES_MAX)
            if st.st_size > FILE_BYTES_MAX and not pointed_to:
                raise FieldvaultError("file-too-large", path=path)
            try:
                with open(self.root / path, "rb", opener=_open_ordinary) as file:
                    found = _large(file, st) if pointed_to else Read(file.read(), st, _git_mode(st))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise FieldvaultError("file-unreadable", path=path, reason=error.strerror) from error
            after = self.stat(path)
            size = found.pointer.size if found.pointer else len(found.data)
            if after is not None and same_stat(st, after) and size == st.st_size:
                return found
        raise FieldvaultError("file-changing", path=path)


def changed_entry(read: Read, was: Entry | None) -> Entry:
    """The entry a file has in a tree. What it held already it holds in the form that it was committed in; where the
    system knows no execute bit, the mode is what it was.
    """
    mode = read.mode if os.name != "nt" or was is None else was.mode
    return Entry(mode, was.oid if was is not None and read.holds(was.oid) else read.oid)


def _large(file: BinaryIO, st: os.stat_result) -> Read:
    pointer, raw = digests(file, st.st_size)
    return Read(pointer.data, st, _git_mode(st), pointer, raw)


def digests(file: BinaryIO, declared_bytes: int) -> tuple[Pointer, Oid]:
    """The pointer to what is read from `file`, and the id that git gives these bytes if so many as declared."""
    size, sha256 = 0, hashlib.sha256()
    sha1 = hashlib.sha1(b"blob %d\0" % declared_bytes, usedforsecurity=False)
    while block := file.read(BLOCK_BYTES):
        size += len(block)
        sha256.update(block)
        sha1.update(block)
    return Pointer(sha256.hexdigest(), size), sha1.hexdigest()


def pointer_to(data: bytes) -> Pointer:
    return Pointer(hashlib.sha256(data).hexdigest(), len(data))


def _problem_of(mode: int) -> str | None:
    """Why a file of this `st_mode` is left alone, as a key of the catalogue; None for an ordinary one."""
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISLNK(mode):
        return "file-link"
    return "file-is-folder" if stat.S_ISDIR(mode) else "file-special"


def _open_ordinary(path: str, flags: int) -> int:
    """Neither follow a link that took the file's place nor hang on a pipe."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _git_mode(st: os.stat_result) -> int:
    return EXECUTABLE if st.st_mode & stat.S_IXUSR else FILE


def same_stat(a: os.stat_result, b: os.stat_result) -> bool:
    """Whether a file was left alone between two looks, as far as the system tells."""
    keys = ("st_mtime_ns", "st_ctime_ns", "st_size", "st_ino", "st_mode")
    return all(getattr(a, key) == getattr(b, key) for key in keys)
