"""The conflict files of a tree: what stands open at the fields of one record.

Law: a conflict file is bytes that travel; what cannot be read as one is left alone and hinders nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from fieldvault.core.conflicts import Conflict, conflict_path
from fieldvault.core.names import is_conflict
from fieldvault.core.snapshot import Entry, Oid
from fieldvault.core.values import FieldPath
from fieldvault.edge import yamltext
from fieldvault.edge.git.objects import Reader
from fieldvault.edge.git.trees import find, list_tree, read_tree
from fieldvault.errors import Unreadable

Open = dict[FieldPath, Conflict]


def conflict_folder(record: str) -> str:
    """The folder of a record's conflict files. `record` is its id, or its path where it has none."""
    return conflict_path(record, ()).rpartition("/")[0]


def conflict_paths(reader: Reader, tree: Oid | None, record: str) -> dict[str, Entry]:
    """The conflict files of one record: path -> entry."""
    folder = conflict_folder(record)
    entry = find(reader, tree, folder) if tree else None
    if entry is None:
        return {}
    return {f"{folder}/{name}": one for name, one in read_tree(reader, entry.oid)}


def open_conflicts(reader: Reader, tree: Oid | None, record: str) -> Open:
    """What stands open at the fields of one record."""
    return _read(reader, conflict_paths(reader, tree, record).values())


def all_conflicts(reader: Reader, tree: Oid | None) -> dict[str, Conflict]:
    """Every conflict of a tree, by the path of its file."""
    entry = find(reader, tree, "conflicts") if tree else None
    if entry is None:
        return {}
    found = {}
    for path, one in list_tree(reader, entry.oid).items():
        for conflict in _read(reader, [one]).values():
            found[f"conflicts/{path}"] = conflict
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
