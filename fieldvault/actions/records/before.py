"""A tree before and after a change, as the judge of paths asks about them.

Law: it answers from the tree alone; the folder may hold something else.
"""

from __future__ import annotations

from fieldvault.core.snapshot import FOLDER, Oid
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.trees import find, read_tree


class Before:
    """A tree before and after, as the judge asks about them."""

    def __init__(self, reader: Batch, old: Oid | None, new: Oid) -> None:
        self._reader = reader
        self._old = old
        self._new = new

    def stood(self, path: str) -> bool:
        return self._old is not None and find(self._reader, self._old, path) is not None

    def names_in(self, folder: str) -> list[str]:
        entry = find(self._reader, self._new, folder)
        return [name for name, _ in read_tree(self._reader, entry.oid)] if entry and entry.mode == FOLDER else []

    def size_of(self, oid: Oid) -> int:
        return self._reader.blob_size(oid)
