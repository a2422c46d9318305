"""Merging schemas: as maps, down to one property.

Law: a property is merged as one, since half of one person's rule with half of another's is a rule that nobody wrote.
What comes out is a valid schema wherever a side is: where two valid schemas together make none, one of them stands,
the same on every machine, and the other is kept in a conflict.
"""

from __future__ import annotations

from fieldvault.actions.merging.recordmerge import MergedRecord, Side, merge_record
from fieldvault.core.conflicts import EDITED_BOTH, Conflict
from fieldvault.core.schema import Schema
from fieldvault.core.values import MISSING, Value, canonical
from fieldvault.edge import schemas, yamltext
from fieldvault.errors import SchemaInvalid, Unreadable

_EACH_AS_ONE: Value = {"type": "object", "additionalProperties": {"x-merge": "atomic"}}
RULES = Schema(
    {
        "type": "object",
        "properties": {
            "properties": _EACH_AS_ONE,
            "patternProperties": _EACH_AS_ONE,
            "definitions": _EACH_AS_ONE,
            "required": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        },
    }
)


def merge_schema(base: Side, ours: Side, theirs: Side, path: str) -> MergedRecord:
    """Merge three versions of the schema at `path`."""
    merged = merge_record(base, ours, theirs, RULES, path)
    if merged.data is None or ours.data is None or theirs.data is None or is_valid(merged.data, path):
        return merged
    if ours.data == theirs.data or merged.unreadable:
        return merged
    lower, shown = sorted((ours, theirs), key=lambda side: _rank(side.data, path))
    assert lower.data is not None
    was = yamltext.read(base.data).value() if base.data and _is_readable(base.data) else MISSING
    conflict = Conflict(path, (), EDITED_BOTH, was, (yamltext.read(lower.data).value(),))
    return MergedRecord(shown.data, (conflict, *shown.conflicts.values()))


def is_valid(data: bytes, path: str) -> bool:
    """Whether records can be read and judged by this schema."""
    try:
        document = yamltext.read(data)
        schemas.verify(document, schemas.load(document, path), path)
    except (Unreadable, SchemaInvalid):
        return False
    return True


def _is_readable(data: bytes) -> bool:
    try:
        yamltext.read(data)
    except Unreadable:
        return False
    return True


def _rank(data: bytes | None, path: str) -> tuple[bool, str, bytes]:
    assert data is not None
    return is_valid(data, path), canonical(yamltext.read(data).value()), data
