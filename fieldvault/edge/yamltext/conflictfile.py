"""Conflict files: one open conflict as YAML, the same bytes on every machine.

Law: `read_conflict(write_conflict(c)) == c`, and equal conflicts have equal bytes. A removal is `{removed: true}`.
"""

from __future__ import annotations

from fieldvault.core.conflicts import Conflict
from fieldvault.core.values import MISSING, Maybe, Value, canonical, from_pointer, to_pointer
from fieldvault.edge.yamltext.document import dump, read
from fieldvault.errors import Unreadable


def write_conflict(conflict: Conflict) -> bytes:
    """The conflict as a file; the order of what stands is that of its canonical text."""
    value: dict[str, Value] = {
        "record": conflict.record,
        "field": to_pointer(conflict.field),
        "kind": conflict.kind,
    }
    if conflict.base is not MISSING:
        value["base"] = conflict.base
    value["also"] = [_written(each) for each in sorted(conflict.also, key=canonical)]
    return dump(value)


def read_conflict(data: bytes) -> Conflict:
    """The conflict that a file holds. Raises Unreadable where it is none."""
    document = read(data)
    value = document.value()
    assert isinstance(value, dict)  # the limits of a record ask for a map
    record, field, kind, also = (value.get(name) for name in ("record", "field", "kind", "also"))
    if not (isinstance(record, str) and isinstance(field, str) and isinstance(kind, str) and isinstance(also, list)):
        raise Unreadable("conflict-shape", line=1)
    base = value.get("base", MISSING)
    return Conflict(record, from_pointer(field), kind, base, tuple(map(_read, also)))


def _written(value: Maybe) -> Value:
    return {"removed": True} if value is MISSING else value


def _read(value: Value) -> Maybe:
    return MISSING if canonical(value) == '{"removed":true}' else value
