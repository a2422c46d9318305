"""The stat cache: which version each working file was seen to hold, so that what did not change is not read again.

Law: a cache; throwing it away costs time and never an edit, but for `behind`, which is written durably. The rows mirror
one tree (`tree`): for each of its files the id, and the stat of the working file when it was seen to hold exactly that;
no stat, or another one: the file is read. A file whose time is not older than the row's own writing is never trusted
(it may change again within the clock's tick). `behind` names the paths whose working file did not come from that tree,
and the version it came from: the base for merging what the person saves there.

One packed row a folder, because 100,000 rows of SQLite take 127 ms to read and 1,000 take 10.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from fieldvault.core.snapshot import Entry, Oid
from fieldvault.edge.index.database import Database

_VERSION = 1
_STAT = struct.Struct("<qqqQI")  # mtime_ns, ctime_ns, size, inode, mode
_ROW = struct.Struct(f"<{_STAT.size}sI20s")  # stat, git mode, id
UNSEEN = bytes(_STAT.size)
_TICK_NS = 20_000_000  # file systems stamp with the kernel's clock tick, at most 10 ms behind

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE folders (folder TEXT PRIMARY KEY, rows BLOB) WITHOUT ROWID;
CREATE TABLE behind (path TEXT PRIMARY KEY, mode INTEGER, oid TEXT) WITHOUT ROWID;
"""


class Seen(NamedTuple):
    """One file of the mirrored tree: the packed stat under which the working file held it, git's mode, the id."""

    stat: bytes
    mode: int
    oid: bytes

    @property
    def entry(self) -> Entry:
        return Entry(self.mode, self.oid.hex())


def stat_key(st: os.stat_result) -> bytes:
    """The packed stat by which a file is known again."""
    return _STAT.pack(
        st.st_mtime_ns, st.st_ctime_ns, st.st_size, st.st_ino & 0xFFFFFFFFFFFFFFFF, st.st_mode & 0xFFFFFFFF
    )


def trusted_key(st: os.stat_result) -> bytes:
    """As `stat_key`, or UNSEEN for a file so fresh that another write could leave the same stat."""
    return UNSEEN if time.time_ns() - max(st.st_mtime_ns, st.st_ctime_ns) < _TICK_NS else stat_key(st)


Folder = dict[str, Seen]


class StatCache:
    """`.git/fieldvault/index.sqlite`."""

    def __init__(self, path: Path) -> None:
        self._db = Database(path, _SCHEMA, _VERSION)

    def close(self) -> None:
        self._db.close()

    @property
    def tree(self) -> Oid | None:
        """The tree that the rows mirror; None while there are none."""
        rows = self._db.rows("SELECT value FROM meta WHERE key='tree'")
        return rows[0][0] if rows else None

    @property
    def bases_known(self) -> bool:
        """Whether `behind` is all there is; False for an index that was made anew, until it is told once."""
        return bool(self._db.rows("SELECT value FROM meta WHERE key='bases'"))

    def folders(self) -> list[str]:
        """Every folder that has rows; "" is the vault's root."""
        return [folder for (folder,) in self._db.rows("SELECT folder FROM folders")]

    def all(self) -> dict[str, Folder]:
        """Every row, by folder and name."""
        return {folder: _unpack(rows) for folder, rows in self._db.rows("SELECT folder, rows FROM folders")}

    def folder(self, folder: str) -> Folder:
        """The rows of one folder, by name; {} where it has none."""
        rows = self._db.rows("SELECT rows FROM folders WHERE folder=?", folder)
        return _unpack(rows[0][0]) if rows else {}

    def behind(self) -> dict[str, Entry | None]:
        """The paths whose working file came from another version than the mirrored tree's: path -> that version."""
        rows = self._db.rows("SELECT path, mode, oid FROM behind")
        return {path: Entry(mode, oid) if oid else None for path, mode, oid in rows}

    def update(
        self,
        tree: Oid | None,
        folders: Mapping[str, Folder],
        behind: Mapping[str, Entry | None] | None = None,
        forget_behind: Iterable[str] = (),
        expected: Oid | Literal["any"] | None = "any",
    ) -> bool:
        """Replace the rows of these folders (an empty one goes), note the mirrored tree, and who is behind or no more.

        With `expected`, only while the rows mirror that tree still; False when another process was quicker.
        """
        forget = list(forget_behind)
        durable = bool(behind or forget)
        try:
            with self._db.written(durable=durable):
                if expected != "any" and self.tree != expected:
                    return False
                self._replace(tree, folders)
                self._db.many("DELETE FROM behind WHERE path=?", [(path,) for path in forget])
                if behind is not None:
                    self._db.many("INSERT OR REPLACE INTO meta VALUES ('bases', ?)", [("known",)])
                    rows = [(path, *(entry or (0, None))) for path, entry in behind.items()]
                    self._db.many("INSERT OR REPLACE INTO behind VALUES (?, ?, ?)", rows)
            return True
        except sqlite3.DatabaseError as error:
            if durable:
                raise self._db.unusable(error) from error
            return False  # without the rows the next command reads more files, and that is all

    def _replace(self, tree: Oid | None, folders: Mapping[str, Folder]) -> None:
        self._db.many("INSERT OR REPLACE INTO meta VALUES ('tree', ?)", [(tree,)])
        gone = [(name,) for name, rows in folders.items() if not rows]
        self._db.many("DELETE FROM folders WHERE folder=?", gone)
        packed = [(name, _pack(rows)) for name, rows in folders.items() if rows]
        self._db.many("INSERT OR REPLACE INTO folders VALUES (?, ?)", packed)


def _pack(rows: Folder) -> bytes:
    names = "\0".join(rows).encode("utf-8", "surrogateescape")
    return struct.pack("<I", len(rows)) + b"".join(_ROW.pack(*row) for row in rows.values()) + names


def _unpack(data: bytes) -> Folder:
    (count,) = struct.unpack_from("<I", data)
    end = 4 + count * _ROW.size
    names = data[end:].decode("utf-8", "surrogateescape").split("\0")
    return dict(zip(names, map(Seen._make, _ROW.iter_unpack(data[4:end])), strict=True))
