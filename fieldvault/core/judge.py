"""Which of the paths that a tree brings are taken, before the first of them is committed or written.

Law: judged path by path. A refused path keeps its last good version and stops nothing else: one colleague's bad commit
must never keep the others from syncing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from fieldvault.core.names import fold, judge_path, twins
from fieldvault.core.snapshot import Oid, TreeChange

BLOB_BYTES_MAX = 100 * 1024 * 1024


class Trees(Protocol):
    """What the judge asks of the tree before and the one that is judged."""

    def stood(self, path: str) -> bool:
        """Whether a file or folder stood at the path before."""

    def names_in(self, folder: str) -> Iterable[str]:
        """The names in a folder now."""

    def size_of(self, oid: Oid) -> int:
        """The size of a blob in bytes."""


def refuse(changes: Iterable[TreeChange], trees: Trees) -> dict[str, str]:
    """The refused ones of these changes: path -> why, as a key of the catalogue.

    Of two names that are one file on some machine the one that came anew is refused, of two new ones the higher.
    """
    twinned = _Twinned(trees)
    refused = {}
    for path, old, new in changes:
        if new is None:
            continue
        reason = judge_path(path, new.mode)
        if not reason and trees.size_of(new.oid) > BLOB_BYTES_MAX:
            reason = "file-too-large"
        if not reason and old is None and twinned.gives_way(path):
            reason = "name-twin"
        if reason:
            refused[path] = reason
    return refused


class _Twinned:
    """The names that have a twin beside them, looked up once a folder."""

    def __init__(self, trees: Trees) -> None:
        self._trees = trees
        self._groups: dict[str, dict[str, list[str]]] = {}

    def gives_way(self, path: str) -> bool:
        """Whether the file, or a folder on its way, is new and has a twin that stays."""
        parts = path.split("/")
        return any(self._yields("/".join(parts[:depth]), parts[depth]) for depth in range(len(parts)))

    def _yields(self, folder: str, name: str) -> bool:
        if folder not in self._groups:
            self._groups[folder] = twins(self._trees.names_in(folder))
        prefix = f"{folder}/" if folder else ""
        group = self._groups[folder].get(fold(name), ()) if self._groups[folder] else ()
        if not group or self._trees.stood(prefix + name):
            return False
        return any(other != name and (other < name or self._trees.stood(prefix + other)) for other in group)
