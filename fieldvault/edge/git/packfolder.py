"""The packs of one repository, read through dulwich.

Law: a pack that git adds, joins or removes meanwhile is noticed; nothing here is loaded before a pack is needed.
dulwich resolves the deltas; its object store is not used, because it looks at every pack again on every miss and holds
what it once saw for good.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fieldvault.core.snapshot import Oid
from fieldvault.edge.durable import flush, flush_folder, temporary

if TYPE_CHECKING:
    from dulwich.pack import Pack

KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}  # the type numbers of pack entries

_DELTA_CACHE_BYTES = 16 << 20  # a pack; dulwich's default is 96 MiB, for each of twenty packs


class PackFolder:
    """`objects/pack`: every pack that stands there, opened when first needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: dict[str, Pack] = {}

    def close(self) -> None:
        for pack in self._open.values():
            pack.close()
        self._open.clear()

    def __contains__(self, oid: Oid) -> bool:
        raw = bytes.fromhex(oid)
        return any(_offset(pack, raw) is not None for pack in self._candidates())

    def read(self, oid: Oid) -> tuple[str, bytes] | None:
        """Kind and content, None where no pack has the object whole."""
        raw = bytes.fromhex(oid)
        for pack in self._candidates():
            offset = _offset(pack, raw)
            found = None if offset is None else _read(pack, offset)
            if found is not None:
                return found
        return None

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

    def _candidates(self) -> Iterator[Pack]:
        """The packs that are open, then those that came since: most questions end among the first."""
        seen = dict(self._open)
        yield from seen.values()
        self._refresh()
        yield from [pack for name, pack in self._open.items() if name not in seen]

    def _refresh(self) -> None:
        """Open what is new, close what is gone: git gc may have joined the packs since."""
        try:
            with os.scandir(self.path) as folder:
                names = {entry.name[:-4] for entry in folder if entry.name.endswith(".idx")}
        except FileNotFoundError:
            names = set()
        for gone in self._open.keys() - names:
            self._open.pop(gone).close()
        for name in sorted(names - self._open.keys()):
            from dulwich.object_format import SHA1
            from dulwich.pack import Pack

            base = str(self.path / name)
            self._open[name] = Pack(base, object_format=SHA1, delta_base_cache_limit=_DELTA_CACHE_BYTES)


def _offset(pack: Pack, raw: bytes) -> int | None:
    from dulwich.objects import RawObjectID

    try:
        return pack.index.object_offset(RawObjectID(raw))
    except Exception:  # KeyError is the usual one; a damaged or vanished index holds nothing either
        return None


def _read(pack: Pack, offset: int) -> tuple[str, bytes] | None:
    try:
        number, chunks = pack.resolve_object(offset, *pack.data.get_object_at(offset))
        return KINDS[number], b"".join(chunks)  # type: ignore[arg-type]  # chunks, once the deltas are applied
    except Exception:  # a damaged or vanished pack shows as any of a dozen exceptions; the caller names the object
        return None
