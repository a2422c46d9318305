"""Conflict files that no longer say anything: they go with the next commit.

Law: a conflict file is void when its record or its field is gone, or when all that also stands is the record's own
value. Only the records that a commit touched are looked at; the cost follows the change.
"""

from __future__ import annotations

from collections.abc import Iterable

from fieldvault.actions.records.openconflicts import ConflictFiles
from fieldvault.actions.records.types import Types, blob_of, record_id
from fieldvault.core.conflicts import OF_FILES, OF_VALUES, RENAMED
from fieldvault.core.fields import value_at
from fieldvault.core.names import is_record
from fieldvault.core.snapshot import Entry, Oid, TreeChange
from fieldvault.core.values import MISSING, same
from fieldvault.edge import yamltext
from fieldvault.edge.git.store.objects import Reader
from fieldvault.edge.git.store.trees import find
from fieldvault.errors import Unreadable


def void_conflicts(reader: Reader, tree: Oid, changes: Iterable[TreeChange]) -> list[str]:
    """The paths of the void conflict files of the records in `changes`."""
    if find(reader, tree, "conflicts") is None:
        return []
    types, files = Types(reader, tree), ConflictFiles(reader, tree)
    versions = {}  # a moved record is gone in one change and stands in another
    for change in sorted(changes, key=lambda change: change.new is not None):
        data = blob_of(reader, change.new or change.old)
        if data is not None:
            record = (record_id(data) if is_record(change.path) else None) or change.path
            versions[record] = change.path, data if change.new else None
    return [
        path
        for record, (where, data) in versions.items()
        for path, entry in files.paths(record).items()
        if _void(reader, tree, types, where, entry, data)
    ]


def _void(reader: Reader, tree: Oid, types: Types, path: str, entry: Entry, data: bytes | None) -> bool:
    if data is None:
        return True
    try:
        conflict = yamltext.read_conflict(reader.blob(entry.oid))
        if conflict.kind == RENAMED:
            return all(other == path for other in conflict.also)
        if conflict.kind in OF_FILES:
            return all(find(reader, tree, str(other)) is None for other in conflict.also)
        if conflict.kind not in OF_VALUES:
            return False
        schema = types.schema(path)
        shown = value_at(yamltext.read(data).value(schema), conflict.field, schema)
    except Unreadable:
        return False
    return shown is MISSING or all(same(other, shown) for other in conflict.also)
