"""Writing so that it survives a power cut: the ground of the edge, below its rooms.

Law: a name that stands never names bytes that are not durable: write beside, flush, rename, flush the folder, because a
rename that is not in the folder's own blocks is forgotten by a power cut. Every durable write goes through here.
The trap avoided: dulwich flushes no folder, and no file by default, and 22 of 30 power cuts corrupted a repository.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO

TEMPORARY = ".fv-"  # how our own temporary files are called outside git's object folder, where git has its names
OWN_FOLDER = "fieldvault"  # in a git folder: what is there is neither git's nor ever sent
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # what a write fails with where there is no room for it

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_SCRATCH = re.compile(r"(?:\.fv-|tmp_[a-z]+_)(\d+)_[0-9a-f]{8}")

if sys.platform == "darwin":
    import fcntl

    def _flush_descriptor(descriptor: int) -> None:
        # macOS's fsync stops at the drive's cache; F_FULLFSYNC goes through it, where the file system knows it.
        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError:
            os.fsync(descriptor)
else:
    _flush_descriptor = os.fsync


def flush(file: IO[bytes]) -> None:
    """Everything written to `file` so far is on the disk when this returns."""
    file.flush()
    _flush_descriptor(file.fileno())


def flush_file(path: Path) -> None:
    """Make a file durable that somebody else wrote. Windows lets only a writer flush: there it does nothing."""
    if os.name != "nt":
        with path.open("rb") as file:
            _flush_descriptor(file.fileno())


def flush_folder(path: Path) -> None:
    """Make the renames, creations and removals in a folder durable, where folders can be opened (not on Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _flush_descriptor(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network shares cannot flush folders
            raise
    finally:
        os.close(descriptor)


def flush_folders(folders: Iterable[Path]) -> None:
    """As `flush_folder`, each once; one that is gone needs none."""
    for folder in set(folders):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            flush_folder(folder)


def flush_file_system(path: Path) -> bool:
    """Make everything on the file system of `path` durable in one go; False where the system has no call for it."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if library.syncfs(descriptor):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(path))
    finally:
        os.close(descriptor)
    return True


def create(path: Path, mode: int = 0o666) -> BinaryIO:
    """A new file for writing and reading; FileExistsError if the name is taken. `mode` is before the umask."""
    descriptor = os.open(path, _NEW, mode)
    try:
        return os.fdopen(descriptor, "w+b")
    except BaseException:  # Ctrl-C between the two: the name was ours
        os.close(descriptor)
        path.unlink()
        raise


def write_new(name: str, data: bytes, mode: int = 0o666, *, flushed: bool) -> os.stat_result:
    """A new file with this content, and its stat; FileExistsError if the name is taken.

    Without `flushed` it is not durable: for many files at once, and one `flush_file_system` after them all.
    """
    descriptor = os.open(name, _NEW, mode)
    try:
        left = data
        while written := os.write(descriptor, left):  # a disk that fills up takes a part
            left = left[written:]
        if flushed:
            _flush_descriptor(descriptor)
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def temporary(folder: Path, prefix: str, mode: int = 0o666) -> tuple[Path, BinaryIO]:
    """A new file under a name nobody has. git's own clean-up knows the prefixes `tmp_obj_` and `tmp_pack_`."""
    path = folder / f"{prefix}{os.getpid()}_{os.urandom(4).hex()}"
    return path, create(path, mode)


def sweep(*patterns: Iterable[Path]) -> None:
    """Remove those temporary files whose processes are gone: they were killed while they wrote."""
    for scratch in (path for paths in patterns for path in paths):
        named = _SCRATCH.fullmatch(scratch.name)
        if named and not is_alive(int(named[1])):
            with contextlib.suppress(OSError):
                scratch.chmod(0o644)  # Windows removes no read-only file
                scratch.unlink()


def is_alive(process: int) -> bool:
    """Whether the process that a temporary file names may still be at work; where that cannot be asked, it may."""
    if os.name == "nt" or process == os.getpid():
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextlib.contextmanager
def whole_file(path: Path, *, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A file to write; when the block ends well it stands at `path`, durable. Until then, and else, what was there."""
    make_folder(path.parent)
    scratch, file = temporary(path.parent, TEMPORARY, mode)
    try:
        with file:
            yield file
            flush(file)
        scratch.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def write_whole(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """The file at `path` holds `data` or what it held before, never a part; durable on return."""
    with whole_file(path, mode=mode) as file:
        file.write(data)


def make_folder(path: Path) -> None:
    """mkdir -p whose new names are durable."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    flush_folder(path.parent)
