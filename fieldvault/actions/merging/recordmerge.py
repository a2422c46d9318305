"""Merging records: bytes in, bytes out. No vault, no git.

Law: one engine behind sync, undo, resolve, merge-file and the tests. What comes out reads back as what was decided; if
it ever did not, the whole record would be a register, and a conflict would say so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fieldvault.core import layout
from fieldvault.core.changes import FieldChange, changes_between
from fieldvault.core.conflicts import EDITED_BOTH, Conflict, Conflicts, as_open
from fieldvault.core.reading import value_of
from fieldvault.core.schema import Schema
from fieldvault.core.values import MISSING, FieldPath, Maybe, rank, same
from fieldvault.edge.yamltext import Document, Limits, read
from fieldvault.errors import Unreadable

if TYPE_CHECKING:  # most merges of trees merge no record
    from fieldvault.core.merge import Merged, Notice

RECORD = Limits()


@dataclass(frozen=True)
class Side:
    """One version of a record: its bytes (None: absent), and the conflicts that stand open in it."""

    data: bytes | None
    conflicts: Conflicts = field(default_factory=dict)


@dataclass(frozen=True)
class MergedRecord:
    """The merged record (None: removed) and everything that is open in it. `value` is what it says, where it was read.

    `merged_fields` are the fields that came together by themselves. `unreadable` are the bytes of a side that could not
    be read, which the caller puts beside the record.
    """

    data: bytes | None
    conflicts: tuple[Conflict, ...] = ()
    notices: tuple[Notice, ...] = ()
    merged_fields: tuple[FieldPath, ...] = ()
    unreadable: tuple[bytes, ...] = ()
    value: Maybe = MISSING

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
    documents = _readable([side.data for side in (base, ours, theirs)], limits)
    read_sides = list(zip((base, ours, theirs), documents, strict=True))
    broken = tuple(side.data for side, document in read_sides[1:] if side.data is not None and document is None)
    if broken:
        return _with_unreadable(ours, theirs, documents, broken)
    from fieldvault.core.merge import Version, merge_versions

    versions = [Version(document.tree if document else None, side.conflicts) for side, document in read_sides]
    merged = merge_versions(versions[0], versions[1], versions[2], schema, record)
    if merged.tree is None:
        return MergedRecord(None, merged.conflicts, merged.notices)
    data = layout.data(merged.tree)
    meant = value_of(merged.tree.root.node, schema.root)
    if not _reads_as(data, meant, schema, limits, documents[1] or documents[2]):
        return _as_one_register(documents, merged, schema, record)
    fields = _merged_fields(documents, meant, merged, schema)
    return MergedRecord(data, merged.conflicts, merged.notices, fields, value=meant)


def changes(old: bytes | None, new: bytes | None, schema: Schema, *, limits: Limits = RECORD) -> list[FieldChange]:
    """The fields in which two versions differ; an item of a keyed list by its key. Raises Unreadable."""
    before = read(old, limits=limits) if old is not None else None
    after = read(new, limits=limits, like=before) if new is not None else None
    values = [each.value(schema) if each else MISSING for each in (before, after)]
    return changes_between(values[0], values[1], schema)


def _alike(side: Side, base: Side) -> bool:
    return side.data == base.data and as_open(side.conflicts, base.conflicts)


def _readable(versions: Sequence[bytes | None], limits: Limits) -> list[Document | None]:
    """The versions that can be read, the later ones from the first."""
    documents: list[Document | None] = []
    known = None
    for data in versions:
        document = None
        if data is not None:
            with suppress(Unreadable):
                document = read(data, limits=limits, like=known)
                known = known or document
        documents.append(document)
    return documents


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


def _reads_as(data: bytes, meant: Maybe, schema: Schema, limits: Limits, like: Document | None) -> bool:
    """Whether the bytes read back as the value that was built beside them. Two records may add up to a larger one."""
    try:
        doubled = limits._replace(bytes_max=2 * limits.bytes_max, nodes_max=2 * limits.nodes_max)
        again = read(data, limits=doubled, like=like)
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
    base = documents[0]
    if base is None or None in documents:
        return ()
    open_fields = {conflict.field for conflict in merged.conflicts}
    open_fields |= {member for field in open_fields for member in _members(field, schema)}
    changed = (change.path for change in changes_between(base.value(schema), meant, schema))
    return tuple(path for path in changed if not any(path[: len(field)] == field for field in open_fields))


def _members(path: FieldPath, schema: Schema) -> list[FieldPath]:
    """The fields of a group; none where the path names a field."""
    if not path:
        return []
    names = schema.rule(path[:-1]).groups.get(path[-1], ())
    return [(*path[:-1], name) for name in names]
