"""The conflict files of a tree: what stands open at the fields of one record.

Law: a conflict file is bytes that travel; what cannot be read as one is left alone and hinders nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from fieldvault.core.names import is_conflict
from fieldvault.core.snapshot import FOLDER, Entry, Oid
from fieldvault.edge import yamltext
from fieldvault.edge.git.store.objects import Reader
from fieldvault.edge.git.store.trees import find, list_tree, read_tree
from fieldvault.errors import Unreadable

if TYPE_CHECKING:  # most vaults have none, and status need not load what one is
    from fieldvault.core.conflicts import Conflict
    from fieldvault.core.values import FieldPath

Open: TypeAlias = "dict[FieldPath, Conflict]"
_ROOT = "conflicts"


def conflict_folder(record: str) -> str:
    """The folder of a record's conflict files. `record` is its id, or its path where it has none."""
    from fieldvault.core.conflicts import conflict_path  # as above

    return conflict_path(record, ()).rpartition("/")[0]


class ConflictFiles:
    """The conflict files of one tree, for whoever asks about many of its records."""

    def __init__(self, reader: Reader, tree: Oid | None) -> None:
        self._reader = reader
        entry = find(reader, tree, _ROOT) if tree else None
        self._folders = {f"{_ROOT}/{name}": one for name, one in read_tree(reader, entry.oid)} if entry else {}

    def paths(self, record: str) -> dict[str, Entry]:
        """The conflict files of one record: path -> entry."""
        folder = conflict_folder(record)
        entry = self._folders.get(folder)
        if entry is None or entry.mode != FOLDER:
            return {}
        return {f"{folder}/{name}": one for name, one in read_tree(self._reader, entry.oid)}

    def open(self, record: str) -> Open:
        """What stands open at the fields of one record."""
        return _read(self._reader, self.paths(record).values())


def open_conflicts(reader: Reader, tree: Oid | None, record: str) -> Open:
    """What stands open at the fields of one record."""
    return ConflictFiles(reader, tree).open(record)


def all_conflicts(reader: Reader, tree: Oid | None) -> dict[str, Conflict]:
    """Every conflict of a tree, by the path of its file."""
    entry = find(reader, tree, _ROOT) if tree else None
    if entry is None:
        return {}
    found = {}
    for path, one in list_tree(reader, entry.oid).items():
        for conflict in _read(reader, [one]).values():
            found[f"{_ROOT}/{path}"] = conflict
    return found


def folders(paths: Iterable[str]) -> set[str]:
    """The conflict folders, one a record, in which these paths lie."""
    return {path.rpartition("/")[0] for path in paths if is_conflict(path)}


def _read(reader: Reader, entries: Iterable[Entry]) -> Open:
    found: Open = {}
    for entry in entries:
        try:
            conflict = yamltext.read_conflict(reader.blob(entry.oid))
        except Unreadable:
            continue
        found[conflict.field] = conflict
    return found
