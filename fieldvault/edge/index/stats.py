"""The stat cache: which version each working file was seen to hold, so that what did not change is not read again.

Law: a cache; throwing it away costs time and never an edit, but for `behind`, which is written durably. The rows mirror
one tree (`tree`): for each of its files the id, and the stat of the working file when it was seen to hold exactly that;
no stat, or another one: the file is read. A file whose time is not older than the row's own writing is never trusted
(it may change again within the clock's tick). `behind` names the paths whose working file did not come from that tree,
and the version it came from: the base for merging what the person saves there. `former` are the versions that records
held before: an editor may still hold one of them.

One row of SQLite a folder (`rows`), because 100,000 of them take 127 ms to read and 1,000 take 5.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from fieldvault.core.snapshot import Entry, Oid
from fieldvault.edge.index.database import Database
from fieldvault.edge.index.rows import Folder, Rows, pack

_VERSION = 2

_SCHEMA = """
CREATE TABLE folders (folder TEXT PRIMARY KEY, rows BLOB) WITHOUT ROWID;
CREATE TABLE behind (path TEXT PRIMARY KEY, mode INTEGER, oid TEXT) WITHOUT ROWID;
CREATE TABLE former (path TEXT, oid TEXT, until INTEGER, writer TEXT);
CREATE INDEX former_of ON former (path);
"""
FORMER_MAX = 16  # versions of one file
SAVE, FV, GIT = "save", "fv", "git"  # who puts another version in a file: the person, we, plain git


class Former(NamedTuple):
    """A version that a working file held, `until` (seconds since 1970) `writer` put another one in its place."""

    oid: Oid
    until: int
    writer: str


class StatCache:
    """`.git/fieldvault/index.sqlite`."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._db = Database(path, _SCHEMA, _VERSION, read_only=read_only)

    def close(self) -> None:
        self._db.close()

    @property
    def tree(self) -> Oid | None:
        """The tree that the rows mirror; None while there are none."""
        return self._db.note("tree")

    @property
    def bases_known(self) -> bool:
        """Whether `behind` is all there is; False for an index that was made anew, until it is told once."""
        return self._db.note("bases") is not None

    def folders(self) -> list[str]:
        """Every folder that has rows; "" is the vault's root."""
        return [folder for (folder,) in self._db.rows("SELECT folder FROM folders")]

    def read(self, paths: Iterable[str]) -> tuple[Oid | None, Rows]:
        """The mirrored tree, and the rows of the folders that these paths name or lie in, with all below; "" for all.

        Both are of one moment: another process may bring the rows to another tree meanwhile.
        """
        with self._db.one_moment():
            return self.tree, Rows({folder: packed for path in paths for folder, packed in self._below(path)})

    def _below(self, path: str) -> list[tuple[str, bytes]]:
        question = "SELECT folder, rows FROM folders"
        if not path:
            return self._db.rows(question)
        question += " WHERE folder IN (?, ?) OR folder BETWEEN ? AND ?"
        return self._db.rows(question, path, path.rpartition("/")[0], f"{path}/", f"{path}/\U0010ffff")

    def behind(self) -> dict[str, Entry | None]:
        """The paths whose working file came from another version than the mirrored tree's: path -> that version."""
        rows = self._db.rows("SELECT path, mode, oid FROM behind")
        return {path: Entry(mode, oid) if oid else None for path, mode, oid in rows}

    def former(self, path: str) -> list[Former]:
        """The last versions that the working file held before the present one, the newest first."""
        question = "SELECT oid, until, writer FROM former WHERE path=? ORDER BY rowid DESC"
        return [Former(*row) for row in self._db.rows(question, path)]

    def update(
        self,
        tree: Oid | None,
        folders: Mapping[str, Folder],
        behind: Mapping[str, Entry | None] | None = None,
        forget_behind: Iterable[str] = (),
        expected: Oid | Literal["any"] | None = "any",
        left: Iterable[tuple[str, Oid, str]] = (),
    ) -> bool:
        """Replace the rows of these folders (an empty one goes), note the mirrored tree, and who is behind or no more.

        `left`: the versions that files held until now, with who put another in their place: (path, id, writer).
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
                    self._db.put_note("bases", "known")
                    rows = [(path, *(entry or (0, None))) for path, entry in behind.items()]
                    self._db.many("INSERT OR REPLACE INTO behind VALUES (?, ?, ?)", rows)
                self._note_former(left)
            return True
        except sqlite3.DatabaseError as error:
            if durable:
                raise self._db.unusable(error) from error
            return False  # without the rows the next command reads more files, and that is all

    def _note_former(self, left: Iterable[tuple[str, Oid, str]]) -> None:
        until = int(time.time())
        rows = [(path, oid, until, writer) for path, oid, writer in left]
        self._db.many("INSERT INTO former VALUES (?, ?, ?, ?)", rows)
        newest = f"SELECT rowid FROM former WHERE path=? ORDER BY rowid DESC LIMIT {FORMER_MAX}"
        paths = {(path, path) for path, *_ in rows}
        self._db.many(f"DELETE FROM former WHERE path=? AND rowid NOT IN ({newest})", paths)

    def _replace(self, tree: Oid | None, folders: Mapping[str, Folder]) -> None:
        self._db.put_note("tree", tree)
        gone = [(name,) for name, rows in folders.items() if not rows]
        self._db.many("DELETE FROM folders WHERE folder=?", gone)
        packed = [(name, pack(rows)) for name, rows in folders.items() if rows]
        self._db.many("INSERT OR REPLACE INTO folders VALUES (?, ?)", packed)
