"""What one change of the vault is about to do, on the disk before it is done.

Law: while a journal exists, a change is under way or was cut off. It names everything that remains to be done; whoever
holds `vault.lock` and finds one finishes it, or drops it where HEAD has gone elsewhere (actions/ground/change).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from fieldvault.core.snapshot import Entry, Oid, TreeChange
from fieldvault.edge.durable import flush_folder, write_whole


class Journal(NamedTuple):
    """One change. `files`: each working file with the version it is expected to hold and the one it is to hold;
    `tree_changes`: every path in which the new head's tree differs from the old one's.
    """

    branch: str
    old_head: Oid | None
    new_head: Oid
    files: tuple[TreeChange, ...]
    tree_changes: tuple[TreeChange, ...]
    reason: str


class JournalFile:
    """The one journal of a vault, `.git/fieldvault/journal`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        return self.path.exists()

    def write(self, journal: Journal) -> None:
        """Put the journal on the disk."""
        write_whole(self.path, json.dumps(_to_json(journal), ensure_ascii=True).encode())

    def read(self) -> Journal | None:
        """The journal, or None where there is none or a torn one of another program: then nothing was begun."""
        try:
            return _from_json(json.loads(self.path.read_bytes()))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        flush_folder(self.path.parent)


def _to_json(journal: Journal) -> dict[str, object]:
    return {"format": 1, **journal._asdict()}


def _from_json(data: dict[str, Any]) -> Journal:
    return Journal(
        branch=str(data["branch"]),
        old_head=data["old_head"],
        new_head=str(data["new_head"]),
        files=_changes(data["files"]),
        tree_changes=_changes(data["tree_changes"]),
        reason=str(data["reason"]),
    )


def _changes(rows: list[Any]) -> tuple[TreeChange, ...]:
    return tuple(TreeChange(path, old and Entry(*old), new and Entry(*new)) for path, old, new in rows)
