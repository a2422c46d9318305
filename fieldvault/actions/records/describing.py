"""Two versions of files put into facts a person understands: which record, which fields.

Law: reads the two versions and their types, decides nothing. Behind the commit's message, diff, news and log.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from fieldvault.actions.records.types import Types, record_id
from fieldvault.core.changes import FieldChange, changes_between
from fieldvault.core.describe import FileChange, title_of
from fieldvault.core.names import is_conflict, is_record
from fieldvault.core.schema import Schema
from fieldvault.core.snapshot import Entry, TreeChange
from fieldvault.core.values import Value
from fieldvault.edge import yamltext
from fieldvault.edge.git.store.objects import Reader
from fieldvault.errors import Unreadable

DETAIL_MAX = 200  # above so many files nobody reads fields
TITLES_MAX = 100  # of so many then the title is read, as many as a commit's message lists; the others go by their names


def describe(reader: Reader, types: Types, changes: Iterable[TreeChange]) -> list[FileChange]:
    """One FileChange for each changed file; a record that was moved is one change, not a removal and a new one.

    Conflict files are left out: they are about a record, and are told with it.
    """
    changes = [change for change in changes if not is_conflict(change.path)]
    moved = _moves(reader, changes)
    places = set(moved.values())
    arrived = {change.path: change.new for change in changes if change.path in places}
    told = [change for change in changes if change.path not in arrived]
    detailed = len(told) <= DETAIL_MAX
    found = []
    for number, change in enumerate(told):
        to = moved.get(change.path)
        change = change._replace(new=arrived[to]) if to else change
        look = reader if detailed or number < TITLES_MAX else None
        found.append(_describe(look, types, change, to, detailed))
    return found


def _describe(reader: Reader | None, types: Types, change: TreeChange, to: str | None, detailed: bool) -> FileChange:
    """Without a reader, what the path alone tells."""
    path = to or change.path
    kind = "renamed" if to else "new" if change.old is None else "removed" if change.new is None else "changed"
    if not is_record(path):
        return FileChange(path, kind, path.rpartition("/")[2])
    type_name = types.type_of(path)
    if reader is None:
        return FileChange(path, kind, title_of(None, path), type_name, old_path=change.path if to else None)
    schema = types.schema(path)
    old = _version(reader, schema, change.old) if detailed or change.new is None else None
    new = _version(reader, schema, change.new, old)
    fields: tuple[FieldChange, ...] = ()
    if old is not None and new is not None and old.value is not None and new.value is not None:
        fields = tuple(changes_between(old.value, new.value, schema))
    shown = new or old
    assert shown is not None
    return FileChange(
        path=path,
        kind="changed" if fields else kind,
        title=title_of(shown.value, path),
        type=type_name,
        record=record_id(shown.data),
        fields=fields,
        old_path=change.path if to else None,
    )


class _Version(NamedTuple):
    data: bytes
    document: yamltext.Document | None  # None where it cannot be read
    value: Value | None


def _version(reader: Reader, schema: Schema, entry: Entry | None, like: _Version | None = None) -> _Version | None:
    if entry is None:
        return None
    data = reader.blob(entry.oid)
    try:
        document = yamltext.read(data, like=like.document if like else None)
    except Unreadable:
        return _Version(data, None, None)
    return _Version(data, document, document.value(schema))


def _moves(reader: Reader, changes: list[TreeChange]) -> dict[str, str]:
    """Records that lie elsewhere now: old path -> new path."""
    gone = [(change.path, change.old) for change in changes if change.old and not change.new and is_record(change.path)]
    come = [(change.path, change.new) for change in changes if change.new and not change.old and is_record(change.path)]
    if not gone or not come:
        return {}
    arrived = {record_id(reader.blob(entry.oid)): path for path, entry in come}
    arrived.pop(None, None)
    departed = {path: record_id(reader.blob(entry.oid)) for path, entry in gone}
    return {path: arrived[key] for path, key in departed.items() if key in arrived}
