"""Pointers and the contents behind them, as the folder shows them.

Law: the folder shows the real file where its content is on this machine, and the pointer where it is not.
"""

from __future__ import annotations

from pathlib import Path

from fieldvault.actions.ground.vault import Vault
from fieldvault.core.pointers import Pointer, may_be_pointed_to, read_pointer
from fieldvault.core.snapshot import Entry, Oid
from fieldvault.edge.git.store.objects import Reader


class Showing:
    """How versions are shown. `absent`: those that were asked for and show as pointers, for want of their contents."""

    def __init__(self, vault: Vault, reader: Reader) -> None:
        self._contents = vault.contents
        self._reader = reader
        self.absent: set[Oid] = set()

    def __call__(self, oid: Oid) -> bytes | Path:
        data = self._reader.blob(oid)
        pointer = read_pointer(data)
        if pointer is None:
            return data
        if self._contents.sound(pointer):  # else what has rotted would come back as somebody's edit
            return self._contents.path(pointer)
        self.absent.add(oid)
        return data


def pointer_at(reader: Reader, path: str, entry: Entry) -> Pointer | None:
    """What the file at `path` points to; None where it holds its content itself."""
    return read_pointer(reader.blob(entry.oid)) if may_be_pointed_to(path) else None
