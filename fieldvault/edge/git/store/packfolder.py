"""The packs of one repository.

Law: a pack that git adds, joins or removes meanwhile is noticed by whoever looks again; nothing is opened before a pack
is needed. dulwich's object store is not used: it looks at every pack again on every miss, and holds what it once saw
for good.
"""

from __future__ import annotations

import contextlib
import os
from collections import OrderedDict
from pathlib import Path

from fieldvault.core.snapshot import Oid
from fieldvault.edge.durable import flush, flush_folder, temporary
from fieldvault.edge.git.store.packfile import PackFile
from fieldvault.edge.git.store.packindex import encode_index

_HELD = (".keep", ".promisor", ".mtimes")  # what git, or whoever put them there, wants left as they are
_LOOKS_MAX = 3


class PackFolder:
    """`objects/pack`: the packs that stood there at the last look."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: OrderedDict[str, PackFile] = OrderedDict()

    def close(self) -> None:
        for pack in self._open.values():
            pack.close()
        self._open.clear()

    def __contains__(self, oid: Oid) -> bool:
        raw = bytes.fromhex(oid)
        return any(raw in pack for pack in self._open.values())

    def read(self, oid: Oid) -> tuple[str, bytes] | None:
        """Kind and content, None where no pack has the object whole."""
        raw = bytes.fromhex(oid)
        for name, pack in self._open.items():
            if (found := pack.read(raw)) is not None:
                self._open.move_to_end(name, last=False)  # it probably has the next one as well
                return found
        return None

    def head(self, oid: Oid) -> tuple[str, int] | None:
        """Kind and size of the content, None where no pack can tell."""
        raw = bytes.fromhex(oid)
        return next((found for pack in self._open.values() if (found := pack.head(raw)) is not None), None)

    def look_again(self) -> bool:
        """Open what is new, close what is gone: the packs may have been joined since. True where something came."""
        came = False
        for _ in range(_LOOKS_MAX):
            names = self.names()
            for gone in self._open.keys() - names:
                self._open.pop(gone).close()
            come = sorted(names - self._open.keys())
            came |= bool(come)
            gone_again = [name for name in come if not self._still_there(name)]
            if not gone_again:
                break
        return came

    def _still_there(self, name: str) -> bool:
        """Open a pack; False where it went between the listing and now: its objects have come under a new name."""
        try:
            self._open[name] = PackFile(self.path / name)
        except FileNotFoundError:
            return False
        except (OSError, ValueError):  # damaged: it holds nothing
            pass
        return True

    def names(self) -> set[str]:
        """The packs that stand there now."""
        return {name[:-4] for name in self._listed() if name.endswith(".idx")}

    def _listed(self) -> list[str]:
        try:
            with os.scandir(self.path) as folder:
                return [entry.name for entry in folder]
        except FileNotFoundError:
            return []

    def sizes(self) -> dict[str, int]:
        """The packs that may be joined, with their bytes; none while git's list of several packs names them."""
        names = self._listed()
        if "multi-pack-index" in names:
            return {}
        held = {name.rpartition(".")[0] for name in names if name.endswith(_HELD)}
        found = {}
        for name in names:
            stem, _, suffix = name.rpartition(".")
            if suffix == "idx" and stem not in held:
                with contextlib.suppress(FileNotFoundError):
                    found[stem] = (self.path / f"{stem}.pack").stat().st_size
        return found

    def remove(self, name: str) -> None:
        """Take away a pack whose objects stand elsewhere. The .idx goes first: git looks for it."""
        if name in self._open:
            self._open.pop(name).close()
        for suffix in (".idx", ".rev", ".bitmap", ".pack"):
            with contextlib.suppress(OSError):  # Windows removes none that another process has open
                (self.path / (name + suffix)).unlink()

    def install(self, scratch: Path, entries: list[tuple[bytes, int, int]], checksum: bytes) -> str:
        """Put a flushed pack file in place with its index, durably, and return its name; one that stands already stays.

        `entries` are (raw id, offset, crc32). The .pack gets its name before the .idx: git looks for the .idx first.
        """
        index, file = temporary(self.path, "tmp_idx_")
        try:
            with file:
                file.write(encode_index(entries, checksum))
                flush(file)
            return self.put(scratch, index, checksum)
        except BaseException:
            index.unlink(missing_ok=True)
            raise

    def put(self, scratch: Path, index: Path, checksum: bytes) -> str:
        """As `install`, with an index that was written already, and flushed."""
        stem = f"pack-{checksum.hex()}"
        if (self.path / f"{stem}.idx").exists():  # the same pack once more; Windows replaces no file that is open
            index.unlink()
            return stem
        for source, suffix in ((scratch, ".pack"), (index, ".idx")):
            source.chmod(source.stat().st_mode & 0o444)
            source.replace(self.path / (stem + suffix))
        flush_folder(self.path)
        return stem
