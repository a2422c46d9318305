"""The packs of one repository.

Law: a pack that git adds, joins or removes meanwhile is noticed by whoever looks again; nothing is opened before a pack
is needed. dulwich's object store is not used: it looks at every pack again on every miss, and holds what it once saw
for good.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from fieldvault.core.snapshot import Oid
from fieldvault.edge.durable import flush, flush_folder, temporary
from fieldvault.edge.git.packfile import PackFile


class PackFolder:
    """`objects/pack`: the packs that stood there at the last look."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: dict[str, PackFile] = {}

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
        for pack in self._open.values():
            if (found := pack.read(raw)) is not None:
                return found
        return None

    def look_again(self) -> bool:
        """Open what is new, close what is gone: git gc may have joined the packs since. True where something came."""
        try:
            with os.scandir(self.path) as folder:
                names = {entry.name[:-4] for entry in folder if entry.name.endswith(".idx")}
        except FileNotFoundError:
            names = set()
        for gone in self._open.keys() - names:
            self._open.pop(gone).close()
        come = sorted(names - self._open.keys())
        for name in come:
            with contextlib.suppress(OSError, ValueError):  # it went again, or is damaged and holds nothing
                self._open[name] = PackFile(self.path / name)
        return bool(come)

    def install(self, scratch: Path, entries: list[tuple[bytes, int, int]], checksum: bytes) -> None:
        """Put a flushed pack file in place with its index, durably; a pack that stands already stays.

        `entries` are (raw id, offset, crc32). The .pack gets its name before the .idx: git looks for the .idx first.
        """
        from dulwich.pack import write_pack_index_v2

        stem = f"pack-{checksum.hex()}"
        if (self.path / f"{stem}.idx").exists():  # the same pack once more; Windows replaces no file that is open
            return
        index, file = temporary(self.path, "tmp_idx_")
        with file:
            write_pack_index_v2(file, sorted(entries), checksum)
            flush(file)
        for source, suffix in ((scratch, ".pack"), (index, ".idx")):
            source.chmod(source.stat().st_mode & 0o444)
            source.replace(self.path / (stem + suffix))
        flush_folder(self.path)
