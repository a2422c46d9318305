"""Merging records: bytes in, bytes out. No vault, no git.

Law: one engine behind sync, undo, resolve, merge-file and the tests. What comes out reads back as what was decided; if
it ever did not, the whole record would be a register, and a conflict would say so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fieldvault.core import layout
from fieldvault.core.changes import FieldChange, changes_between
from fieldvault.core.conflicts import EDITED_BOTH, Conflict
from fieldvault.core.merge import Merged, Notice, Version, merge_versions
from fieldvault.core.reading import value_of
from fieldvault.core.schema import Schema
from fieldvault.core.values import MISSING, FieldPath, Maybe, rank, same
from fieldvault.edge.yamltext import Document, Limits, read
from fieldvault.errors import Unreadable

RECORD = Limits()


@dataclass(frozen=True)
class Side:
    """One version of a record: its bytes (None: absent), and the conflicts that stand open in it."""

    data: bytes | None
    conflicts: Mapping[FieldPath, Conflict] = field(default_factory=dict)


@dataclass(frozen=True)
class MergedRecord:
    """The merged record (None: removed) and everything that is open in it.

    `merged_fields` are the fields that came together by themselves. `unreadable` are the bytes of a side that could not
    be read, which the caller puts beside the record.
    """

    data: bytes | None
    conflicts: tuple[Conflict, ...] = ()
    notices: tuple[Notice, ...] = ()
    merged_fields: tuple[FieldPath, ...] = ()
    unreadable: tuple[bytes, ...] = ()

    def beside(self, path: str) -> list[tuple[str, bytes]]:
        """The files that keep what could not be read: (name, bytes)."""
        return [(f"{path}~{content_id(data)[:8]}.unreadable", data) for data in self.unreadable]


def content_id(data: bytes) -> str:
    """The sha256 of a file's content, which names and ranks versions where no value can."""
    return hashlib.sha256(data).hexdigest()


def merge_record(
    base: Side, ours: Side, theirs: Side, schema: Schema, record: str, *, limits: Limits = RECORD
) -> MergedRecord:
    """Merge three versions of one record. `record` is its id, or its path where it has none."""
    if _alike(ours, base):
        return MergedRecord(theirs.data, tuple(theirs.conflicts.values()))
    if _alike(theirs, base):
        return MergedRecord(ours.data, tuple(ours.conflicts.values()))
    documents = [_readable(side.data, limits) for side in (base, ours, theirs)]
    read_sides = list(zip((base, ours, theirs), documents, strict=True))
    broken = tuple(side.data for side, document in read_sides[1:] if side.data is not None and document is None)
    if broken:
        return _with_unreadable(ours, theirs, documents, broken)
    versions = [Version(document.tree if document else None, side.conflicts) for side, document in read_sides]
    merged = merge_versions(versions[0], versions[1], versions[2], schema, record)
    if merged.tree is None:
        return MergedRecord(None, merged.conflicts, merged.notices)
    data = layout.data(merged.tree)
    meant = value_of(merged.tree.root.node, schema.root)
    if not _reads_as(data, meant, schema, limits):
        return _as_one_register(documents, merged, schema, record)
    fields = _merged_fields(documents, meant, merged, schema)
    return MergedRecord(data, merged.conflicts, merged.notices, fields)


def changes(old: bytes | None, new: bytes | None, schema: Schema, *, limits: Limits = RECORD) -> list[FieldChange]:
    """The fields in which two versions differ; an item of a keyed list by its key. Raises Unreadable."""
    values = [read(data, limits=limits).value(schema) if data is not None else MISSING for data in (old, new)]
    return changes_between(values[0], values[1], schema)


def _alike(side: Side, base: Side) -> bool:
    return side.data == base.data and dict(side.conflicts) == dict(base.conflicts)


def _readable(data: bytes | None, limits: Limits) -> Document | None:
    if data is None:
        return None
    try:
        return read(data, limits=limits)
    except Unreadable:
        return None


def _with_unreadable(
    ours: Side, theirs: Side, documents: list[Document | None], broken: tuple[bytes, ...]
) -> MergedRecord:
    """The readable side stands; of two unreadable ones the higher sha256, as among attachments."""
    readable = [side for side, document in zip((ours, theirs), documents[1:], strict=True) if document]
    if readable:
        return MergedRecord(readable[0].data, tuple(readable[0].conflicts.values()), unreadable=broken)
    shown = max(broken, key=content_id)
    side = ours if ours.data == shown else theirs
    return MergedRecord(
        shown, tuple(side.conflicts.values()), unreadable=tuple(data for data in broken if data != shown)
    )


def _reads_as(data: bytes, meant: Maybe, schema: Schema, limits: Limits) -> bool:
    """Whether the bytes read back as the value that was built beside them. Two records may add up to a larger one."""
    try:
        again = read(data, limits=replace(limits, bytes_max=2 * limits.bytes_max, nodes_max=2 * limits.nodes_max))
    except Unreadable:
        return False
    return same(again.value(schema), meant)


def _as_one_register(documents: list[Document | None], merged: Merged, schema: Schema, record: str) -> MergedRecord:
    present = [document for document in documents[1:] if document is not None]
    values: list[tuple[Maybe, Document]] = [(document.value(schema), document) for document in present]
    values.sort(key=lambda pair: (rank(pair[0]), pair[1].data), reverse=True)
    base = documents[0].value(schema) if documents[0] else MISSING
    also = tuple(value for value, _ in values[1:]) or (MISSING,)
    conflict = Conflict(record, (), EDITED_BOTH, base, also)
    return MergedRecord(values[0][1].data, (conflict, *(each for each in merged.conflicts if each.field)))


def _merged_fields(
    documents: list[Document | None], meant: Maybe, merged: Merged, schema: Schema
) -> tuple[FieldPath, ...]:
    base, ours, theirs = (document.value(schema) if document else MISSING for document in documents)
    if MISSING in (base, ours, theirs):
        return ()
    open_fields = {conflict.field for conflict in merged.conflicts}
    open_fields |= {member for field in open_fields for member in _members(field, schema)}
    changed = (change.path for change in changes_between(base, meant, schema))
    return tuple(path for path in changed if not any(path[: len(field)] == field for field in open_fields))


def _members(path: FieldPath, schema: Schema) -> list[FieldPath]:
    """The fields of a group; none where the path names a field."""
    if not path:
        return []
    names = schema.rule(path[:-1]).groups.get(path[-1], ())
    return [(*path[:-1], name) for name in names]
