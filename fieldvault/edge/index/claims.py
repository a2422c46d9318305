"""The claims of every record, indexed: who else has this value, is there anybody of that id.

Law: mirrors one tree, record by record; what changed is brought along, and a question about a few records costs what
they touch, never a walk of the vault.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from fieldvault.core.claims import Claims
from fieldvault.core.snapshot import Oid
from fieldvault.core.values import FieldPath, from_pointer, to_pointer
from fieldvault.edge.index.database import Database

_VERSION = 2
_VALUES_MAX = 500  # of one question; SQLite takes no more than 999 everywhere
_SCHEMA = """
CREATE TABLE records (path TEXT PRIMARY KEY, type TEXT, id TEXT) WITHOUT ROWID;
CREATE INDEX records_id ON records (id);
CREATE TABLE uniques (path TEXT, field TEXT, type TEXT, value TEXT);
CREATE INDEX uniques_value ON uniques (value);
CREATE INDEX uniques_path ON uniques (path);
CREATE TABLE refs (path TEXT, field TEXT, type TEXT, target TEXT);
CREATE INDEX refs_target ON refs (target);
CREATE INDEX refs_path ON refs (path);
"""


class Disagreement(NamedTuple):
    """One record that others contradict. `kind`: id-twice and not-unique (`other`: who has `value` as well),
    ref-missing (`other`: the type in which nobody has the id `value`).
    """

    path: str
    field: FieldPath
    kind: str
    value: str
    other: str


class Typed(NamedTuple):
    """The claims of a record and its type, "" for none."""

    type: str
    claims: Claims


class ClaimsIndex:
    """`.git/fieldvault/claims.sqlite`."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._db = Database(path, _SCHEMA, _VERSION, read_only=read_only)

    def close(self) -> None:
        self._db.close()

    @property
    def tree(self) -> Oid | None:
        """The tree whose records these are; None before the first."""
        return self._db.note("tree")

    def update(self, tree: Oid, changed: Mapping[str, Typed | None]) -> None:
        """Replace the claims of these records (None: gone), and note the tree."""
        try:
            self._replace(tree, changed)
        except sqlite3.DatabaseError as error:
            raise self._db.unusable(error) from error

    def _replace(self, tree: Oid, changed: Mapping[str, Typed | None]) -> None:
        with self._db.written():
            self._db.put_note("tree", tree)
            for table in ("records", "uniques", "refs"):
                self._db.many(f"DELETE FROM {table} WHERE path=?", [(path,) for path in changed])
            standing = [(path, one) for path, one in changed.items() if one]
            self._db.many(
                "INSERT INTO records VALUES (?, ?, ?)", [(path, one.type, one.claims.id) for path, one in standing]
            )
            self._db.many("INSERT INTO uniques VALUES (?, ?, ?, ?)", _uniques(standing))
            self._db.many("INSERT INTO refs VALUES (?, ?, ?, ?)", _refs(standing))

    def ids(self, paths: Collection[str]) -> set[str]:
        """The ids of the records at these paths."""
        found: set[str] = set()
        for part in _parts(paths):
            question = f"SELECT id FROM records WHERE id IS NOT NULL AND path IN ({part.marks})"
            found.update(record for (record,) in self._db.rows(question, *part.values))
        return found

    def disagreements(self, paths: Collection[str] | None = None, gone: Collection[str] = ()) -> list[Disagreement]:
        """What does not agree: everywhere, or about the records at `paths` and those that refer to the ids `gone`."""
        if paths is None:
            found = self._clashes("1") + self._dangling("1")
            return sorted(set(found))
        found = []
        for part in _parts(paths):
            found += self._clashes(f"a.path IN ({part.marks})", *part.values)
            found += self._clashes(f"b.path IN ({part.marks})", *part.values)
            found += self._dangling(f"refs.path IN ({part.marks})", *part.values)
        for part in _parts(gone):
            found += self._dangling(f"refs.target IN ({part.marks})", *part.values)
        return sorted(set(found))

    def _clashes(self, where: str, *values: str) -> list[Disagreement]:
        twice = self._db.rows(
            "SELECT a.path, a.id, b.path FROM records a JOIN records b"
            f" ON a.id = b.id AND a.path != b.path WHERE {where}",
            *values,
        )
        alike = self._db.rows(
            "SELECT a.path, a.field, a.value, b.path FROM uniques a JOIN uniques b"
            f" ON a.value = b.value AND a.type = b.type AND a.field = b.field AND a.path != b.path WHERE {where}",
            *values,
        )
        return [Disagreement(path, ("id",), "id-twice", value, other) for path, value, other in twice] + [
            Disagreement(path, from_pointer(field), "not-unique", value, other) for path, field, value, other in alike
        ]

    def _dangling(self, where: str, *values: str) -> list[Disagreement]:
        rows = self._db.rows(
            "SELECT refs.path, refs.field, refs.target, refs.type FROM refs LEFT JOIN records"
            f" ON records.id = refs.target AND records.type = refs.type WHERE records.id IS NULL AND {where}",
            *values,
        )
        return [
            Disagreement(path, from_pointer(field), "ref-missing", target, type_) for path, field, target, type_ in rows
        ]


class _Part(NamedTuple):
    """Some values of many, and as many question marks."""

    marks: str
    values: tuple[str, ...]


def _parts(values: Iterable[str]) -> list[_Part]:
    listed = sorted(values)
    parts = [tuple(listed[start : start + _VALUES_MAX]) for start in range(0, len(listed), _VALUES_MAX)]
    return [_Part(",".join("?" * len(part)), part) for part in parts]


def _uniques(standing: list[tuple[str, Typed]]) -> list[tuple[object, ...]]:
    return [(path, to_pointer(field), one.type, value) for path, one in standing for field, value in one.claims.unique]


def _refs(standing: list[tuple[str, Typed]]) -> list[tuple[object, ...]]:
    return [
        (path, to_pointer(field), kind, target) for path, one in standing for field, target, kind in one.claims.refs
    ]
