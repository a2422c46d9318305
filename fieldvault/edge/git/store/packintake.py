"""A pack from elsewhere, on its way into the repository.

Law: nothing in it is trusted. Sizes are judged as declared, before they are spent; every delta is resolved and every
object hashed before the pack gets a name that git sees; a thin pack is completed with the bases it leans on. A file
that is larger than memory should hold is hashed as it is inflated, and its content never held.
The traps avoided: dulwich's intake neither limits what an object inflates to nor flushes what it stored.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zlib
from collections.abc import Callable
from mmap import mmap
from typing import TYPE_CHECKING, NamedTuple

from fieldvault.core.snapshot import Oid
from fieldvault.edge.durable import flush, make_folder, temporary
from fieldvault.edge.git.store.delta import result_size
from fieldvault.edge.git.store.packentry import DELTAS, KINDS, NUMBERS, read_header
from fieldvault.edge.git.store.packfile import let_go
from fieldvault.edge.git.store.packfolder import PackFolder
from fieldvault.edge.git.store.packwriter import pack_checksum
from fieldvault.errors import Corrupt

if TYPE_CHECKING:
    from dulwich.pack import PackData, PackIndexer

_CHECKSUM_BYTES = 20
_BLOCK_BYTES = 1 << 20
_EMPTY_BYTES = 12 + _CHECKSUM_BYTES  # header and checksum: what git sends when there is nothing to send

_Entry = tuple[bytes, int, int]  # raw id, offset, crc32


class Limits(NamedTuple):
    """The most that a received pack may make us spend, in bytes once inflated: what is held in memory of one object
    (a file that is no delta need not be), and all of it.
    """

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

    def _resolve(self, limits: Limits) -> tuple[list[_Entry], set[bytes]]:
        """The entry of every object, and the raw ids of the bases that the pack does not hold."""
        from dulwich.object_format import SHA1
        from dulwich.pack import PackData, PackIndexer, UnresolvedDeltas

        with PackData(self._path, SHA1, file=self.file) as pack:
            try:
                indexer = PackIndexer(None, SHA1.hash_func, resolve_ext_ref=self._base)
                indexer.set_pack_data(pack)
                large = _record(pack, indexer, limits)
                entries = [(bytes(raw), offset, crc32 or 0) for raw, offset, crc32 in indexer]
                return [*entries, *large], {bytes(raw) for raw in indexer.ext_refs()}
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
        return NUMBERS[kind], [data]

    def _complete(self, entries: list[_Entry], bases: set[bytes]) -> bytes:
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


def _record(pack: PackData, indexer: PackIndexer, limits: Limits) -> list[_Entry]:
    """Walk the entries in order, judging the declared size of each before it is inflated, or its delta applied. Files
    beyond the limit are hashed on the way, and returned.
    """
    from dulwich.object_format import SHA1
    from dulwich.pack import unpack_object_at

    contents = pack._buffer()
    offset, total = 12, 0
    large: list[_Entry] = []
    bases: set[int | bytes] = set()  # offsets and raw ids that deltas lean on
    for _ in range(len(pack)):
        number, declared, start = read_header(contents, offset)
        if number not in KINDS and number not in DELTAS:
            raise Corrupt("pack-damaged", reason="type")
        if KINDS.get(number) == "blob" and declared > limits.object_bytes:
            _judge(0, total + declared, limits)
            entry, offset = _hashed(contents, offset, start, declared)
            large.append(entry)
        else:
            _judge(declared, total, limits)
            unpacked, offset = unpack_object_at(contents, offset, SHA1.hash_func)
            if number in DELTAS:
                declared = result_size(b"".join(unpacked.decomp_chunks))
                _judge(declared, total, limits)
                base = unpacked.delta_base
                assert unpacked.offset is not None
                bases.add(unpacked.offset - base if isinstance(base, int) else bytes(base or b""))
            indexer.record(unpacked)
        total += declared
    if offset != len(contents) - _CHECKSUM_BYTES:
        raise Corrupt("pack-damaged", reason="length")
    if any(raw in bases or place in bases for raw, place, _ in large):
        raise Corrupt("pack-too-large", limit=limits.object_bytes)
    return large


def _judge(size: int, total: int, limits: Limits) -> None:
    if size > limits.object_bytes or total + size > limits.total_bytes:
        raise Corrupt("pack-too-large", limit=limits.object_bytes)


def _hashed(contents: bytes | mmap, offset: int, start: int, declared: int) -> tuple[_Entry, int]:
    """The entry of a file, and where it ends; `start`: where its compressed bytes do."""
    digest = hashlib.sha1(b"blob %d\0" % declared, usedforsecurity=False)
    engine = zlib.decompressobj()
    crc32 = zlib.crc32(contents[offset:start])
    place, came = start, 0
    while not engine.eof and came <= declared and place < len(contents):
        block = contents[place : place + _BLOCK_BYTES]
        data = engine.decompress(block, _BLOCK_BYTES)
        used = len(block) - len(engine.unused_data if engine.eof else engine.unconsumed_tail)
        digest.update(data)
        crc32 = zlib.crc32(block[:used], crc32)
        place += used
        came += len(data)
        if isinstance(contents, mmap):
            let_go(contents, place - used, place)
    if not engine.eof or came != declared:
        raise Corrupt("pack-damaged", reason="contents")
    return (digest.digest(), offset, crc32), place
