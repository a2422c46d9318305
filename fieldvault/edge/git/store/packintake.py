"""A pack from elsewhere, on its way into the repository.

Law: nothing in it is trusted. Sizes are judged as declared, before they are spent; every delta is resolved and every
object hashed before the pack gets a name that git sees; a thin pack is completed with the bases it leans on.
The traps avoided: dulwich's intake neither limits what an object inflates to nor flushes what it stored.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from mmap import mmap
from typing import TYPE_CHECKING, NamedTuple

from fieldvault.core.snapshot import Oid
from fieldvault.edge.durable import flush, make_folder, temporary
from fieldvault.edge.git.store.packfile import KINDS
from fieldvault.edge.git.store.packfolder import PackFolder
from fieldvault.edge.git.store.packwriter import pack_checksum
from fieldvault.errors import Corrupt

if TYPE_CHECKING:
    from dulwich.pack import PackData, PackIndexer, UnpackedObject

_NUMBERS = {kind: number for number, kind in KINDS.items()}
DELTAS = (6, 7)
_CHECKSUM_BYTES = 20
_EMPTY_BYTES = 12 + _CHECKSUM_BYTES  # header and checksum: what git sends when there is nothing to send


class Limits(NamedTuple):
    """The most that a received pack may make us spend, in bytes once inflated."""

    object_bytes: int = 128 << 20
    total_bytes: int = 16 << 30


DEFAULT_LIMITS = Limits()


class PackIntake:
    """`write` what arrives, then `adopt`; leaving the `with` block without it removes what arrived."""

    def __init__(self, folder: PackFolder, read: Callable[[Oid], tuple[str, bytes]]) -> None:
        self.folder = folder
        self.read = read
        make_folder(folder.path)
        self._path, self.file = temporary(folder.path, "tmp_pack_")

    def __enter__(self) -> PackIntake:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # on a full disk the last bytes fail again, and nobody wants them
            self.file.close()
        self._path.unlink(missing_ok=True)

    def write(self, data: bytes) -> int:
        return self.file.write(data)

    def adopt(self, limits: Limits = DEFAULT_LIMITS) -> list[Oid]:
        """Judge, complete, index and store the pack, durably; the ids it brought.

        Raises Corrupt: "pack-damaged" (reason), "pack-incomplete" (oids: bases that are nowhere), "pack-too-large".
        """
        size = self.file.seek(0, os.SEEK_END)
        if size == _EMPTY_BYTES:
            return []
        self._check_frame(size)
        entries, bases = self._resolve(limits)
        arrived = [raw.hex() for raw, _, _ in entries]
        checksum = self._complete(entries, bases)
        flush(self.file)
        self.file.close()
        self.folder.install(self._path, entries, checksum)
        return arrived

    def _check_frame(self, size: int) -> None:
        """Signature, version and checksum; dulwich leaks the file of a pack that it refuses to open."""
        self.file.seek(0)
        if size < _EMPTY_BYTES or self.file.read(8) not in (b"PACK\0\0\0\2", b"PACK\0\0\0\3"):
            raise Corrupt("pack-damaged", reason="header")
        if pack_checksum(self.file, size - _CHECKSUM_BYTES) != self.file.read(_CHECKSUM_BYTES):
            raise Corrupt("pack-damaged", reason="checksum")

    def _resolve(self, limits: Limits) -> tuple[list[tuple[bytes, int, int]], set[bytes]]:
        """(raw id, offset, crc32) of every object, and the raw ids of the bases that the pack does not hold."""
        from dulwich.object_format import SHA1
        from dulwich.pack import PackData, PackIndexer, UnresolvedDeltas

        with PackData(self._path, SHA1, file=self.file) as pack:
            try:
                indexer = PackIndexer(None, SHA1.hash_func, resolve_ext_ref=self._base)
                indexer.set_pack_data(pack)
                _record(pack, indexer, limits)
                entries = [(bytes(raw), offset, crc32 or 0) for raw, offset, crc32 in indexer]
                return entries, {bytes(raw) for raw in indexer.ext_refs()}
            except (Corrupt, OSError, MemoryError):
                raise
            except UnresolvedDeltas as error:
                failure = Corrupt("pack-incomplete", oids=[sha.decode("ascii") for sha in error.shas])
            except Exception:  # a crafted pack makes dulwich raise nearly anything
                failure = Corrupt("pack-damaged", reason="contents")
            # Not from within the handler: the traceback would hold views of the mapping, and it could not be closed.
            raise failure

    def _base(self, raw: bytes) -> tuple[int, list[bytes]]:
        """An object of ours that a delta leans on, as dulwich asks for it; KeyError where we have none."""
        try:
            kind, data = self.read(raw.hex())
        except Corrupt as error:
            raise KeyError(raw) from error
        return _NUMBERS[kind], [data]

    def _complete(self, entries: list[tuple[bytes, int, int]], bases: set[bytes]) -> bytes:
        """Append the missing bases, as git index-pack --fix-thin does; the pack's new checksum."""
        from dulwich.object_format import SHA1
        from dulwich.objects import RawObjectID
        from dulwich.pack import extend_pack

        def whole(raw: bytes) -> tuple[int, bytes]:
            number, chunks = self._base(raw)
            return number, b"".join(chunks)

        checksum, added = extend_pack(self.file, {RawObjectID(raw) for raw in bases}, whole, SHA1)
        entries.extend((bytes(raw), offset, crc32) for raw, offset, crc32 in added)
        return checksum


def _record(pack: PackData, indexer: PackIndexer, limits: Limits) -> None:
    """Walk the entries in order, judging the declared size of each before it is inflated, or its delta applied."""
    from dulwich.object_format import SHA1
    from dulwich.pack import unpack_object_at

    contents = pack._buffer()
    offset, total = 12, 0
    for _ in range(len(pack)):
        number, declared = entry_header(contents, offset)
        if number not in KINDS and number not in DELTAS:
            raise Corrupt("pack-damaged", reason="type")
        _judge(declared, total, limits)
        unpacked, offset = unpack_object_at(contents, offset, SHA1.hash_func)
        if number in DELTAS:
            declared = delta_result_size(unpacked)
            _judge(declared, total, limits)
        total += declared
        indexer.record(unpacked)
    if offset != len(contents) - _CHECKSUM_BYTES:
        raise Corrupt("pack-damaged", reason="length")


def _judge(size: int, total: int, limits: Limits) -> None:
    if size > limits.object_bytes or total + size > limits.total_bytes:
        raise Corrupt("pack-too-large", size=size, limit=limits.object_bytes)


def entry_header(contents: bytes | mmap, offset: int) -> tuple[int, int]:
    """Type number and declared size of the entry at `offset`."""
    byte = contents[offset]
    number, size, shift = (byte >> 4) & 7, byte & 0x0F, 4
    while byte & 0x80:
        offset += 1
        byte = contents[offset]
        size |= (byte & 0x7F) << shift
        shift += 7
    return number, size


def delta_result_size(unpacked: UnpackedObject) -> int:
    """The size that a delta says its result has: the second of the two numbers it starts with."""
    start = b"".join(unpacked.decomp_chunks)[:20]
    position = 0
    while start[position] & 0x80:
        position += 1
    size, shift = 0, 0
    while True:
        position += 1
        size |= (start[position] & 0x7F) << shift
        shift += 7
        if not start[position] & 0x80:
            return size
