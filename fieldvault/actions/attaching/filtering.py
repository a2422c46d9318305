"""What plain git sees of large attachments: pointers in its commits, contents in the folder.

Law: git gets exactly what `fv commit` would have committed: a content that HEAD has already keeps the form that it has
there, so that `git status` is clean however a file was touched. A content that is not on this machine shows as its
pointer, and never as an error: then git can still check out everything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from fieldvault.actions.ground.vault import Vault
from fieldvault.core.pointers import POINTER_BYTES_MAX, may_be_pointed_to, read_pointer
from fieldvault.core.snapshot import Entry
from fieldvault.edge.git.gitdir.filterprocess import serve
from fieldvault.edge.git.store.trees import find
from fieldvault.edge.worktree.files import digests
from fieldvault.errors import FieldvaultError

_BLOCK_BYTES = 1 << 20


def filter_process(vault: Vault, reader: BinaryIO, writer: BinaryIO) -> None:
    """Turn files for one git command until it ends."""
    turns = _Turns(vault)
    vault.contents.folder.mkdir(parents=True, exist_ok=True)
    serve(reader, writer, {"clean": turns.clean, "smudge": turns.smudge}, vault.contents.folder)


class _Turns:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def clean(self, path: str, file: BinaryIO) -> Iterator[bytes]:
        """From the folder into a commit."""
        size = file.seek(0, 2)
        file.seek(0)
        head = self._at_head(path)
        if not may_be_pointed_to(path) or (head is None and size <= self._vault.chunk_above):
            yield from _blocks(file)
            return
        pointer, raw = digests(file, size)
        file.seek(0)
        large = size > self._vault.chunk_above
        if head is not None and head.oid in (raw, pointer.oid):
            large = head.oid == pointer.oid
        if not large:
            yield from _blocks(file)
        elif self._vault.contents.keep(file, pointer):
            yield pointer.data
        else:
            raise FieldvaultError("file-changing", path=path)

    def smudge(self, path: str, file: BinaryIO) -> Iterator[bytes]:
        """From a commit into the folder."""
        start = file.read(POINTER_BYTES_MAX + 1)
        pointer = read_pointer(start) if may_be_pointed_to(path) else None
        if pointer is not None and self._vault.contents.sound(pointer):
            with self._vault.contents.path(pointer).open("rb") as content:
                yield from _blocks(content)
            return
        yield start
        yield from _blocks(file)

    def _at_head(self, path: str) -> Entry | None:
        tree = self._vault.head_tree()
        return find(self._vault.objects, tree, path) if tree else None


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(_BLOCK_BYTES):
        yield block
