"""Writes that survive a power cut.

Law: the ground of the edge, below its rooms: every durable write in Fieldvault goes through here. A file is written
beside its place under a temporary name, fsynced, and renamed; the folder is fsynced after the rename, because a rename
that is not in the folder's own blocks is forgotten by a power cut. No path ever names bytes that are not on the disk.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

TEMPORARY = ".fv-"  # every temporary name of ours starts with this; `.git/info/exclude` and the scanner leave it out


def temporary_beside(path: Path) -> Path:
    """A name in the same folder that nobody has taken."""
    return path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}")


def write_synced(path: Path, data: bytes | memoryview, permissions: int = 0o666) -> None:
    """A new file with these bytes, on the disk when this returns; nothing is left of it on an error."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    fd = os.open(path, flags, permissions)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            os.fsync(fd)
        finally:
            os.close(fd)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def write_durable(path: Path, data: bytes, permissions: int = 0o666) -> None:
    """Put these bytes at `path`, in place of what was there: afterwards the path holds either all old or all new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(path)
    write_synced(temporary, data, permissions)
    try:
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames, new names and removals in `folder` durable, where the system lets a folder be opened."""
    if os.name == "nt":
        return
    fd = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems know no fsync of a folder
            raise
    finally:
        os.close(fd)


def sync_folders(folders: Iterable[Path]) -> None:
    for folder in set(folders):
        if folder.is_dir():
            sync_folder(folder)
