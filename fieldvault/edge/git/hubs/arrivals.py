"""What has come of a fetch that is not complete yet.

Law: git sees none of it. The objects lie in a folder of our own, on top of the vault's, and move into `.git/objects`
together, once nothing is missing; what a cut fetch left there is where the next one begins.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Self

from fieldvault.core.snapshot import Oid
from fieldvault.edge.durable import flush_folder, make_folder
from fieldvault.edge.git.store.objects import Objects, expect
from fieldvault.edge.git.store.packcopy import copy_others
from fieldvault.edge.git.store.packintake import PackIntake


class Arrivals:
    """The objects in `folder` on top of those of a vault: a `Reader`, and a place for packs (hub.Store)."""

    def __init__(self, folder: Path, objects: Objects) -> None:
        self._folder = folder
        self.settled = objects
        self._own = Objects(folder)

    def close(self) -> None:
        self._own.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __contains__(self, oid: Oid) -> bool:
        return oid in self._own or oid in self.settled

    def read(self, oid: Oid) -> tuple[str, bytes]:
        return self._own.read(oid) if oid in self._own else self.settled.read(oid)

    def blob(self, oid: Oid) -> bytes:
        return expect(self, oid, "blob")

    def receive_pack(self) -> PackIntake:
        return PackIntake(self._own.packs, self.read)

    def add(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Objects that came by another way than as a pack, as (kind, content)."""
        self._own.write_pack(items)

    def clear(self) -> None:
        """Forget what lies here."""
        self._own.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def octets(self) -> int:
        """What lies here and is not handed over yet."""
        return sum(pack.stat().st_size for pack in self._own.packs.path.glob("*.pack"))

    @property
    def files(self) -> int:
        """In how many files it lies."""
        return sum(path.is_file() for path in self._own.path.rglob("*"))

    def settle(self, leaving: Collection[Oid] = ()) -> None:
        """Everything is here: hand it to git. Each pack gets its name there before its index does. `leaving`: what git
        is not to have; then what came stays here as well.
        """
        self._own.close()
        if leaving:
            copy_others(self._own.packs, self.settled.packs, leaving)
            return
        source, target = self._own.packs.path, self.settled.packs.path
        make_folder(target)
        for index in source.glob("*.idx"):
            for file in (index.with_suffix(".pack"), index):
                with contextlib.suppress(FileNotFoundError):  # a pack that an earlier, cut move took already
                    file.replace(target / file.name)
        flush_folder(target)
        self._own.sweep()
