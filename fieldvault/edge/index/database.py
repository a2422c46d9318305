"""One SQLite file of this machine's: opened, made anew when it is damaged, written in whole transactions.

Law: what lies here can be computed again: damage costs time and never stops a command. Nor does a disk that may not be
written: then it is a copy in memory, soon forgotten. Methods raise FieldvaultError: "disk-full", "denied" (path), or
"index-unusable" (path, reason) for what else the system refuses.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fieldvault.errors import FieldvaultError

_NOTES = "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
_DENIED = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_READONLY_DIRECTORY")
_DISK_FULL = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")  # the second: not even the file beside it that readers share


class Database:
    """The file at `path`: the tables of `schema`, and notes by key. One of another `version` is made anew. `read_only`:
    a copy in memory.
    """

    def __init__(self, path: Path, schema: str, version: int, *, read_only: bool = False) -> None:
        self.path = path
        self._schema = schema
        self._version = version
        self._read_only = read_only
        try:
            self._db = self._open()
        except sqlite3.OperationalError as error:
            raise self.unusable(error) from error
        except sqlite3.DatabaseError:
            self._db = self._anew()

    def close(self) -> None:
        self._db.close()

    def rows(self, question: str, *values: object) -> list[Any]:
        """The answer; a file that turns out to be damaged is made anew, and has nothing to say."""
        try:
            return self._db.execute(question, values).fetchall()
        except sqlite3.OperationalError as error:
            raise self.unusable(error) from error
        except sqlite3.DatabaseError:
            self._db.close()
            self._db = self._anew()
            return []

    def note(self, key: str) -> str | None:
        """What is noted under a key; None for nothing."""
        rows = self.rows("SELECT value FROM meta WHERE key=?", key)
        return rows[0][0] if rows else None

    def put_note(self, key: str, value: str | None) -> None:
        """Note it; inside `written`."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def many(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Run a statement for each row; inside `written`."""
        self._db.executemany(statement, rows)

    @contextlib.contextmanager
    def one_moment(self) -> Iterator[None]:
        """The answers within it are of one moment, whatever other processes write."""
        self.rows("BEGIN")
        try:
            yield
        finally:
            if self._db.in_transaction:  # not where a damaged index was made anew
                self._db.execute("COMMIT")

    @contextlib.contextmanager
    def written(self, *, durable: bool = False) -> Iterator[None]:
        """One transaction: all of it or nothing. `durable`: on the disk when it ends."""
        self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")

    def unusable(self, error: sqlite3.Error) -> FieldvaultError:
        """What to tell of an error of SQLite's."""
        if error.sqlite_errorname in _DISK_FULL:
            return FieldvaultError("disk-full")
        if error.sqlite_errorname in _DENIED:
            return FieldvaultError("denied", path=str(self.path))
        return FieldvaultError("index-unusable", path=str(self.path), reason=str(error))

    def _open(self) -> sqlite3.Connection:
        if self._read_only:
            return self._ready(self._copy())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return self._ready(sqlite3.connect(self.path, timeout=10, isolation_level=None))

    def _ready(self, db: sqlite3.Connection) -> sqlite3.Connection:
        try:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version != self._version:
                if version:
                    raise sqlite3.DatabaseError("another version")
                db.execute("PRAGMA journal_mode=WAL")
                tables = f"{_NOTES} {self._schema}"
                db.executescript(f"BEGIN IMMEDIATE; {tables} PRAGMA user_version={self._version}; COMMIT;")
            db.execute("PRAGMA synchronous=NORMAL")
        except BaseException:
            db.close()
            raise
        return db

    def _copy(self) -> sqlite3.Connection:
        """The file in memory. Empty where there is none, or where its last writer was killed and left it unfinished:
        SQLite would have to write in order to finish it.
        """
        memory = _in_memory()
        log = self.path.with_name(f"{self.path.name}-wal")
        if self.path.exists() and not (log.exists() and log.stat().st_size):
            with contextlib.closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?immutable=1", uri=True)) as file:
                file.backup(memory)
        return memory

    def _anew(self) -> sqlite3.Connection:
        try:
            if self._read_only:
                return self._ready(_in_memory())
            for name in (self.path, *(self.path.with_name(self.path.name + end) for end in ("-wal", "-shm"))):
                name.unlink(missing_ok=True)
            return self._open()
        except sqlite3.OperationalError as error:
            raise self.unusable(error) from error


def _in_memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)
