"""Objects in a dictionary: what a Batch is to the merge, without a repository below it."""

from __future__ import annotations

from collections.abc import Mapping

from fieldvault.core.snapshot import FILE, Entry, Oid
from fieldvault.edge.git.store.objects import expect, object_id
from fieldvault.edge.git.store.trees import list_tree, patch_tree


class Memory:
    def __init__(self) -> None:
        self.objects: dict[Oid, tuple[str, bytes]] = {}

    def __contains__(self, oid: Oid) -> bool:
        return oid in self.objects

    def read(self, oid: Oid) -> tuple[str, bytes]:
        return self.objects[oid]

    def blob(self, oid: Oid) -> bytes:
        return expect(self, oid, "blob")

    def add(self, kind: str, data: bytes) -> Oid:
        oid = object_id(kind, data)
        self.objects[oid] = (kind, data)
        return oid

    def tree(self, files: Mapping[str, bytes | None], start: Oid | None = None) -> Oid:
        """The tree of these files, or `start` with these changed and those of None removed."""
        entries = {path: Entry(FILE, self.add("blob", data)) for path, data in files.items() if data is not None}
        return patch_tree(self, start, dict.fromkeys(files) | entries)

    def files(self, tree: Oid) -> dict[str, bytes]:
        return {path: self.blob(entry.oid) for path, entry in list_tree(self, tree).items()}
