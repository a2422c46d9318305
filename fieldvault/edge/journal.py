"""What one change of the vault is about to do, on the disk before it is done.

Law: while a journal exists, a change is under way or was cut off; whoever holds `vault.lock` and finds one finishes it
or drops it (actions/change). Stage `locking` names the locks of git that we are taking, so that a later process can
tell our lock from somebody else's by its inode; stage `applying` names everything that remains to be done.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldvault.core.snapshot import Entry, Oid, TreeChange
from fieldvault.edge import disk

LOCKING = "locking"
APPLYING = "applying"


@dataclass(frozen=True)
class LockMark:
    """One lock file of git that we made: its path, and the device and inode that prove it."""

    path: str
    device: int
    inode: int


@dataclass(frozen=True)
class Journal:
    """One change. `files`: each working file with the version it is expected to hold and the one it is to hold."""

    stage: str
    locks: tuple[LockMark, ...]
    branch: str = ""
    old_head: Oid | None = None
    new_head: Oid | None = None
    files: tuple[TreeChange, ...] = ()
    index: tuple[TreeChange, ...] = ()
    behind: tuple[str, ...] = ()  # paths of `index` whose working file is not brought along
    reason: str = ""


class JournalFile:
    """The one journal of a vault, `.git/fieldvault/journal`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        return self.path.exists()

    def write(self, journal: Journal) -> None:
        """Put the journal on the disk, in place of an earlier stage."""
        disk.write_durable(self.path, json.dumps(_to_json(journal), ensure_ascii=True).encode())

    def read(self) -> Journal | None:
        """The journal, or None where there is none or a torn one of another program: then nothing was begun."""
        try:
            return _from_json(json.loads(self.path.read_bytes()))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        disk.sync_folder(self.path.parent)


def _to_json(journal: Journal) -> dict[str, object]:
    return {
        "format": 1,
        "stage": journal.stage,
        "locks": [[mark.path, mark.device, mark.inode] for mark in journal.locks],
        "branch": journal.branch,
        "old_head": journal.old_head,
        "new_head": journal.new_head,
        "files": [[change.path, change.old, change.new] for change in journal.files],
        "index": [[change.path, change.old, change.new] for change in journal.index],
        "behind": list(journal.behind),
        "reason": journal.reason,
    }


def _from_json(data: dict[str, Any]) -> Journal:
    def changes(name: str) -> tuple[TreeChange, ...]:
        return tuple(TreeChange(path, old and Entry(*old), new and Entry(*new)) for path, old, new in data[name])

    return Journal(
        stage=str(data["stage"]),
        locks=tuple(LockMark(*mark) for mark in data["locks"]),
        branch=str(data["branch"]),
        old_head=data["old_head"],
        new_head=data["new_head"],
        files=changes("files"),
        index=changes("index"),
        behind=tuple(data["behind"]),
        reason=str(data["reason"]),
    )
