"""Two versions of files put into facts a person understands: which record, which fields.

Law: reads the two versions and their types, decides nothing. Behind the commit's message, diff, news and log.
"""

from __future__ import annotations

from collections.abc import Iterable

from fieldvault.actions import merging
from fieldvault.actions.types import Types, blob_of, record_id, value_of
from fieldvault.core.changes import FieldChange
from fieldvault.core.describe import FileChange, title_of
from fieldvault.core.names import is_conflict, is_record
from fieldvault.core.snapshot import TreeChange
from fieldvault.edge.git.objects import Reader

DETAIL_MAX = 200  # above so many files nobody reads fields: names suffice


def describe(reader: Reader, types: Types, changes: Iterable[TreeChange]) -> list[FileChange]:
    """One FileChange for each changed file; a record that was moved is one change, not a removal and a new one.

    Conflict files are left out: they are about a record, and are told with it.
    """
    changes = [change for change in changes if not is_conflict(change.path)]
    moved = _moves(reader, changes)
    arrived = set(moved.values())
    new = {change.path: change.new for change in changes}
    detailed = len(changes) <= DETAIL_MAX
    found = []
    for change in changes:
        if change.path not in arrived:
            to = moved.get(change.path)
            found.append(_describe(reader, types, change._replace(new=new[to or change.path]), to, detailed))
    return found


def _describe(reader: Reader, types: Types, change: TreeChange, to: str | None, detailed: bool) -> FileChange:
    path = to or change.path
    old_data, new_data = (blob_of(reader, entry) for entry in (change.old, change.new))
    kind = "renamed" if to else "new" if old_data is None else "removed" if new_data is None else "changed"
    if not is_record(path):
        return FileChange(path, kind, path.rpartition("/")[2])
    data = new_data if new_data is not None else old_data
    assert data is not None
    fields: tuple[FieldChange, ...] = ()
    if detailed and kind in ("changed", "renamed"):
        fields = tuple(merging.changes(old_data, new_data, types.schema(path)))
    type_ = types.type_of(path)
    return FileChange(
        path=path,
        kind="changed" if fields else kind,
        title=title_of(value_of(data, types, path), path),
        type=type_.name if type_ else "",
        record=record_id(data),
        fields=fields,
        old_path=change.path if to else None,
    )


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
