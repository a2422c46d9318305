"""What one change of the vault is about to write.

Law: readable at once, invisible to git until `flush`, durable after it. A few objects become loose ones; more than
that become one pack, which is flushed once however many they are. Where nothing can be written they stay in memory:
whoever only looks needs no more.
"""

from __future__ import annotations

import os

from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.store.objects import Objects, expect, object_id
from fieldvault.edge.git.store.packwriter import PackWriter

LOOSE_LIMIT = 20  # each loose object costs a flush of its own


class Batch:
    """A `Reader` on top of a repository. Leaving the `with` block without `flush` leaves nothing behind."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._few: dict[Oid, tuple[str, bytes]] = {}
        self._many: PackWriter | None = None

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def discard(self) -> None:
        """Forget what was added since the last flush."""
        self._few.clear()
        if self._many is not None:
            self._many.close()
            self._many = None

    def __contains__(self, oid: Oid) -> bool:
        return self._pending(oid) or oid in self._objects

    def read(self, oid: Oid) -> tuple[str, bytes]:
        if oid in self._few:
            return self._few[oid]
        if self._many is not None and oid in self._many:
            return self._many.read(oid)
        return self._objects.read(oid)

    def blob(self, oid: Oid) -> bytes:
        return expect(self, oid, "blob")

    def blob_size(self, oid: Oid) -> int:
        """As of `Objects`."""
        return len(self.blob(oid)) if self._pending(oid) else self._objects.blob_size(oid)

    def add(self, kind: str, data: bytes) -> Oid:
        """The object's id; it is written by `flush`.

        Whether the repository has it already is asked only where a pack is written: for a few objects the answer
        could cost more (opening the packs) than writing them again.
        """
        oid = object_id(kind, data)
        if self._pending(oid):
            return oid
        if self._many is None and (len(self._few) < LOOSE_LIMIT or not os.access(self._objects.path, os.W_OK)):
            self._few[oid] = (kind, data)
            return oid
        if self._many is None:
            self._objects.packs.look_again()
            self._many = PackWriter(self._objects.packs)
            for earlier, (earlier_kind, earlier_data) in self._few.items():
                self._add_packed(self._many, earlier, earlier_kind, earlier_data)
        self._add_packed(self._many, oid, kind, data)
        return oid

    def flush(self) -> None:
        """Write everything added since the last flush; durable on return."""
        if self._many is not None:
            self._many.finish()
        else:
            self._objects.write_loose(self._few.values())
        self.discard()

    def _pending(self, oid: Oid) -> bool:
        return oid in self._few or (self._many is not None and oid in self._many)

    def _add_packed(self, writer: PackWriter, oid: Oid, kind: str, data: bytes) -> None:
        if oid not in self._objects.packs:
            writer.add(oid, kind, data)
