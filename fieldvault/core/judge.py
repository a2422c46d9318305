"""Which of the paths that came from elsewhere are taken, before the first of them is written.

Law: judged path by path. A refused path keeps its last good version and stops nothing else: one colleague's bad commit
must never keep the others from syncing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fieldvault.core.names import fold, judge_path
from fieldvault.core.snapshot import Oid, TreeChange

BLOB_BYTES_MAX = 100 * 1024 * 1024


def refuse(
    changes: Iterable[TreeChange], size_of: Callable[[Oid], int], names_in: Callable[[str], Iterable[str]]
) -> dict[str, str]:
    """The refused ones of these incoming changes: path -> why, as a key of the catalogue.

    `names_in(folder)` lists the names in a folder of the incoming tree; of two names that are one file on some machine
    the one that came anew is refused, of two new ones the one that sorts higher.
    """
    changes = list(changes)
    come = [change for change in changes if change.new]
    new = {change.path for change in come if not change.old}
    refused = {}
    for change in come:
        assert change.new is not None
        reason = judge_path(change.path, change.new.mode)
        if not reason and size_of(change.new.oid) > BLOB_BYTES_MAX:
            reason = "file-too-large"
        if not reason and change.path in new and _has_twin(change.path, new, names_in):
            reason = "name-twin"
        if reason:
            refused[change.path] = reason
    return refused


def _has_twin(path: str, new: set[str], names_in: Callable[[str], Iterable[str]]) -> bool:
    """Whether the file, or a folder on its way, has a twin in the incoming tree that stays."""
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        folder, name = "/".join(parts[: depth - 1]), parts[depth - 1]
        prefix = f"{folder}/" if folder else ""
        for other in names_in(folder):
            stays = other < name or not any(one == prefix + other or one.startswith(f"{prefix}{other}/") for one in new)
            if other != name and fold(other) == fold(name) and stays:
                return True
    return False
