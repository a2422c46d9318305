"""Reports as JSON, for scripts: one object a command.

Law: times are RFC 3339, decimals and ids strings, fields JSON Pointers without their first slash; what is absent is
absent. The names are those of the reports' own fields, so that a script and the code speak of the same thing.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from fieldvault.core.values import MISSING, to_pointer
from fieldvault.edge.git.store.history import Commit
from fieldvault.errors import FieldvaultError
from fieldvault.messages import error as error_text

FORMAT = 1


def report(command: str, facts: Any) -> str:
    """`{"format": 1, "command": ..., ...}` for a report."""
    body = plain(facts)
    if not isinstance(body, dict):
        body = {"items": body}
    return json.dumps({"format": FORMAT, "command": command, **body}, ensure_ascii=False)


def error(failure: FieldvaultError) -> str:
    """`{"format": 1, "error": {"kind", "message", "hint", "path", "line"}}`."""
    return json.dumps({"format": FORMAT, "error": failure_facts(failure)}, ensure_ascii=False)


def failure_facts(failure: FieldvaultError) -> dict[str, Any]:
    message, hint = error_text(failure.kind, failure.facts)
    facts = {key: failure.facts[key] for key in ("path", "line", "column") if failure.facts.get(key) is not None}
    return {"kind": failure.kind, "message": message, **({"hint": hint} if hint else {}), **facts}


def plain(value: Any) -> Any:
    """A report as maps, lists and scalars."""
    if isinstance(value, FieldvaultError):
        return failure_facts(value)
    if isinstance(value, Commit):
        return _commit(value)
    if dataclasses.is_dataclass(value) or hasattr(value, "_fields"):
        return {name: plain(one) for name, one in _fields(value) if not _absent(one)}
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [{"removed": True} if one is MISSING else plain(one) for one in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (Decimal, Path)):
        return str(value)
    return value


def time(seconds: int, offset_min: int = 0) -> str:
    """RFC 3339."""
    zone = timezone(timedelta(minutes=offset_min))
    return datetime.fromtimestamp(seconds, zone).isoformat().replace("+00:00", "Z")


def _fields(value: Any) -> list[tuple[str, Any]]:
    found = []
    for name in getattr(value, "_fields", None) or [one.name for one in dataclasses.fields(value)]:
        held = getattr(value, name)
        if name in ("field", "path") and isinstance(held, tuple):
            held = to_pointer(held)[1:]
        if name in ("time", "confirmed_at", "answered_at") and isinstance(held, int):
            held = time(held)
        found.append((name, held))
    return found


def _absent(value: Any) -> bool:
    return value is None or value is MISSING or (isinstance(value, (list, dict, tuple)) and not value)


def _commit(commit: Commit) -> dict[str, Any]:
    return {
        "id": commit.oid,
        "parents": list(commit.parents),
        "author": commit.author,
        "time": time(commit.author_time, commit.author_offset_min),
        "message": commit.message,
    }
