"""What is known of each working file: a row of bytes, and all rows of a folder packed into one.

Law: they stay packed until they are asked for. Where nothing changed only the stats are, and these come out of a whole
folder in one go, at the moment at which it is looked at.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator, Mapping, MutableMapping
from operator import attrgetter

from fieldvault.core.snapshot import Entry

Stat = tuple[int, ...]  # what `stat_of` gives
Seen = bytes  # one file: the packed stat under which the working file was seen to hold it, git's mode, the id
Folder = dict[str, Seen]  # the files of one folder, by name

_INODE = "st_ino" if os.name != "nt" else "st_mode"  # Windows lists a folder without the first
stat_of = attrgetter("st_mtime_ns", "st_ctime_ns", "st_size", _INODE, "st_mode")  # by this a file is known again

_STAT = struct.Struct("<qqqQI")
_ENTRY = struct.Struct("<I20s")  # git mode, id
_STAT_OF_SEEN = struct.Struct(f"{_STAT.format}{_ENTRY.size}x")
_COUNT = struct.Struct("<I")
UNSEEN = bytes(_STAT.size)
NEVER: Stat = _STAT.unpack(UNSEEN)
_TICK_NS = 20_000_000  # file systems stamp with the kernel's clock tick, at most 10 ms behind


def seen(stat: bytes, entry: Entry) -> Seen:
    return stat + _ENTRY.pack(entry.mode, bytes.fromhex(entry.oid))


def entry_of(row: Seen) -> Entry:
    """The version in the mirrored tree."""
    mode, oid = _ENTRY.unpack_from(row, _STAT.size)
    return Entry(mode, oid.hex())


def trusted_key(st: os.stat_result) -> bytes:
    """The packed stat, or UNSEEN for a file so fresh that another write could leave the same one."""
    fresh = time.time_ns() - max(st.st_mtime_ns, st.st_ctime_ns) < _TICK_NS
    return UNSEEN if fresh else _STAT.pack(*stat_of(st))


class Rows(MutableMapping[str, Folder]):
    """Folders with their files, by path; made of packed ones."""

    def __init__(self, packed: Mapping[str, bytes]) -> None:
        self._folders: dict[str, Folder | bytes] = {**packed}

    def stats(self, folder: str) -> dict[str, Stat]:
        """The stats of one folder's files by name, as `stat_of` gives them where nothing changed; of no folder none."""
        rows = self._folders.get(folder)
        return _stats(rows if isinstance(rows, bytes) else pack(rows)) if rows else {}

    def filled(self) -> Iterator[str]:
        """The folders that have files."""
        return (folder for folder, rows in self._folders.items() if rows)

    def __getitem__(self, folder: str) -> Folder:
        rows = self._folders[folder]
        if isinstance(rows, bytes):
            rows = self._folders[folder] = _unpack(rows)
        return rows

    def __setitem__(self, folder: str, rows: Folder) -> None:
        self._folders[folder] = rows

    def __delitem__(self, folder: str) -> None:
        del self._folders[folder]

    def __iter__(self) -> Iterator[str]:
        return iter(self._folders)

    def __len__(self) -> int:
        return len(self._folders)


def pack(rows: Folder) -> bytes:
    names = "\0".join(rows).encode("utf-8", "surrogateescape")
    return _COUNT.pack(len(rows)) + b"".join(rows.values()) + names


def _parts(data: bytes) -> tuple[list[str], memoryview]:
    """The names, and the rows one after the other."""
    (count,) = _COUNT.unpack_from(data)
    end = _COUNT.size + count * _STAT_OF_SEEN.size
    return data[end:].decode("utf-8", "surrogateescape").split("\0"), memoryview(data)[_COUNT.size : end]


def _stats(data: bytes) -> dict[str, Stat]:
    names, rows = _parts(data)
    return dict(zip(names, _STAT_OF_SEEN.iter_unpack(rows), strict=True))


def _unpack(data: bytes) -> Folder:
    names, rows = _parts(data)
    starts = range(0, len(rows), _STAT_OF_SEEN.size)
    return {name: bytes(rows[start : start + _STAT_OF_SEEN.size]) for name, start in zip(names, starts, strict=True)}
