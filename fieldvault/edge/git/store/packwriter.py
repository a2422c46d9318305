"""One new pack, streamed: of objects, or of entries as they lie in other packs.

Law: memory holds the index of what was added, never the contents; the repository sees nothing before `finish`.
The traps avoided: dulwich wants the number of objects before the first and keeps each object in memory, and it never
flushes what it wrote.
"""

from __future__ import annotations

import contextlib
import hashlib
import struct
import zlib
from typing import IO, NamedTuple

from fieldvault.core.snapshot import Oid
from fieldvault.edge.durable import flush, make_folder, temporary
from fieldvault.edge.git.store.packentry import KINDS, NUMBERS, REF_DELTA, write_header
from fieldvault.edge.git.store.packfile import Packed
from fieldvault.edge.git.store.packfolder import PackFolder

_BLOCK = 1 << 20
_TRIED_BYTES = 16 << 10
_SHRUNK = 0.95  # of what was tried: more than that, and the rest will not shrink either


class _Stored(NamedTuple):
    kind: str  # "" for a delta
    offset: int  # of the entry's header
    start: int  # of its compressed bytes
    length: int
    crc32: int


class PackWriter:
    """Add objects, read them back, then `finish` (durable, visible) or leave the `with` block (nothing remains)."""

    def __init__(self, folder: PackFolder) -> None:
        self._folder = folder
        make_folder(folder.path)
        self._path, self._file = temporary(folder.path, "tmp_pack_")
        self._file.write(_pack_header(0))
        self._end = self._file.tell()
        self._stored: dict[Oid, _Stored] = {}

    def __enter__(self) -> PackWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop what is not finished."""
        with contextlib.suppress(OSError):  # on a full disk the last bytes fail again, and nobody wants them
            self._file.close()
        self._path.unlink(missing_ok=True)

    def __contains__(self, oid: Oid) -> bool:
        return oid in self._stored

    def __len__(self) -> int:
        return len(self._stored)

    def add(self, oid: Oid, kind: str, data: bytes) -> None:
        if oid in self._stored:
            return
        self._append(oid, kind, write_header(NUMBERS[kind], len(data)), _compressed(data))

    def copy(self, entry: Packed) -> None:
        """Take over an entry of another pack; what it leans on must come along. It is not inflated, nor read back."""
        oid = entry.raw.hex()
        if oid in self._stored:
            return
        if entry.base is None:
            self._append(oid, KINDS[entry.number], write_header(entry.number, entry.size), entry.data)
        else:
            self._append(oid, "", write_header(REF_DELTA, entry.size) + entry.base, entry.data)

    def _append(self, oid: Oid, kind: str, header: bytes, packed: bytes) -> None:
        self._file.write(header)
        self._file.write(packed)
        crc32 = zlib.crc32(packed, zlib.crc32(header))
        self._stored[oid] = _Stored(kind, self._end, self._end + len(header), len(packed), crc32)
        self._end += len(header) + len(packed)

    def read(self, oid: Oid) -> tuple[str, bytes]:
        """Kind and content of an object that was added."""
        stored = self._stored[oid]
        self._file.seek(stored.start)
        data = zlib.decompress(self._file.read(stored.length))
        self._file.seek(self._end)
        return stored.kind, data

    def finish(self) -> str | None:
        """Close the pack and put it in place; its name, None without objects, where nothing is written."""
        if not self._stored:
            return None
        self._file.seek(0)
        self._file.write(_pack_header(len(self._stored)))
        checksum = pack_checksum(self._file, self._end)
        self._file.seek(self._end)
        self._file.write(checksum)
        flush(self._file)
        self._file.close()
        entries = [(bytes.fromhex(oid), stored.offset, stored.crc32) for oid, stored in self._stored.items()]
        return self._folder.install(self._path, entries, checksum)


def _compressed(data: bytes) -> bytes:
    """As zlib does; what does not shrink (a film, a picture) is stored, since to try costs more than to write it."""
    start = data[:_TRIED_BYTES]
    shrinks = len(data) <= _TRIED_BYTES or len(zlib.compress(start, 1)) < len(start) * _SHRUNK
    return zlib.compress(data, zlib.Z_DEFAULT_COMPRESSION if shrinks else zlib.Z_NO_COMPRESSION)


def pack_checksum(file: IO[bytes], end: int) -> bytes:
    """SHA-1 of the first `end` bytes."""
    digest = hashlib.sha1(usedforsecurity=False)
    file.seek(0)
    while left := end - file.tell():
        block = file.read(min(_BLOCK, left))
        if not block:
            break
        digest.update(block)
    return digest.digest()


def _pack_header(count: int) -> bytes:
    return struct.pack(">4sLL", b"PACK", 2, count)
