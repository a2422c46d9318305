"""One pack of the repository, read where it lies.

Law: an object comes back whole or not at all; damage, however it shows, reads as absence, and the caller names the
object. What a read costs follows that object and its deltas, never the pack.
The trap avoided: dulwich's pack module takes 28 ms to import, a third of a small commit, and every vault that was
cloned has its objects in packs.
"""

from __future__ import annotations

import hashlib
import mmap as system
import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import NamedTuple

from fieldvault.edge.git.store.delta import apply_delta, result_size
from fieldvault.edge.git.store.packentry import KINDS, OFS_DELTA, REF_DELTA, read_header
from fieldvault.edge.git.store.packindex import FAR, MAGIC
from fieldvault.edge.git.store.recent import Recent

_FANOUT = struct.Struct(">256I")
_UINT32 = struct.Struct(">I")
_NAMES_AT = len(MAGIC) + _FANOUT.size
_ID_BYTES = 20
_CHECKSUM_BYTES = 20
_CHAIN_MAX = 4096  # deltas; git makes no longer chains
_BASES_BYTES = 16 << 20
_LARGE_BYTES = 128 << 10
_SIZES_BYTES = 64  # the two numbers that a delta begins with are within these, deflated or not
_BLOCK_BYTES = 1 << 20
_AROUND_BYTES = 2 << 20  # what a system may bring in around the page that is read; a multiple of every page size
_DONTNEED: int | None = getattr(system, "MADV_DONTNEED", None)  # not on Windows

_Whole = tuple[int, bytes]  # type number, content


class Packed(NamedTuple):
    """One entry as it lies in a pack: `size` once inflated, the raw id of its base where it is a delta."""

    raw: bytes
    number: int
    size: int
    base: bytes | None
    data: bytes


class PackFile:
    """`stem`.pack and `stem`.idx, of version 2, which git writes since 2008. OSError or ValueError for what is none.

    `contents` and `index` are the two files' bytes.
    """

    def __init__(self, stem: Path) -> None:
        self._maps: list[mmap] = []
        try:
            self.index = self._mapped(stem.with_suffix(".idx"))
            self.contents = self._mapped(stem.with_suffix(".pack"))
            if self.index[: len(MAGIC)] != MAGIC:
                raise ValueError("another version of pack index")
            self._fanout = (0, *_FANOUT.unpack_from(self.index, len(MAGIC)))
            self._total: int = self._fanout[-1]
            self._offsets_at = _NAMES_AT + self._total * (_ID_BYTES + 4)  # after the names and their checksums
        except BaseException:
            self.close()
            raise
        self._bases: Recent[int, int] = Recent(_BASES_BYTES)  # by offset: what deltas were applied to

    def _mapped(self, path: Path) -> mmap:
        with path.open("rb") as file:
            self._maps.append(mmap(file.fileno(), 0, access=ACCESS_READ))
        return self._maps[-1]

    def close(self) -> None:
        for mapped in self._maps:
            mapped.close()

    def __contains__(self, raw: bytes) -> bool:
        return self._offset(raw) is not None

    def __len__(self) -> int:
        return self._total

    @property
    def checksum(self) -> bytes:
        """What the pack ends in, and git names it by."""
        return self.contents[-_CHECKSUM_BYTES:]

    def read(self, raw: bytes) -> tuple[str, bytes] | None:
        """Kind and content of the object with this raw id; None where the pack does not have it whole."""
        try:
            offset = self._offset(raw)
            whole = self._resolved(offset) if offset is not None else None
        except (ValueError, IndexError, struct.error, zlib.error):  # damaged
            return None
        return (KINDS[whole[0]], whole[1]) if whole is not None else None

    def head(self, raw: bytes) -> tuple[str, int] | None:
        """Kind and size of the object's content, as they are declared; None where the pack cannot tell alone."""
        try:
            place = self._offset(raw)
            size: int | None = None
            while place is not None:
                number, declared, start = read_header(self.contents, place)
                if number in KINDS:
                    return KINDS[number], declared if size is None else size
                place, start = self._base(number, place, start)
                if size is None:
                    delta = zlib.decompressobj().decompress(self.contents[start : start + _SIZES_BYTES], _SIZES_BYTES)
                    size = result_size(delta)
        except (ValueError, IndexError, struct.error, zlib.error):  # damaged
            pass
        return None

    def is_whole(self) -> bool:
        """Whether pack and index are, byte for byte, what was once written, and belong together."""
        ends: list[bytes] = [mapped[-_CHECKSUM_BYTES:] for mapped in self._maps]
        named = self.index[-2 * _CHECKSUM_BYTES : -_CHECKSUM_BYTES]
        return named == self.checksum and ends == list(map(_sum, self._maps))

    def can_be_walked(self) -> bool:
        """Whether `entries` would come to its end."""
        try:
            return sum(1 for _ in self.entries()) == self._total
        except (ValueError, IndexError, struct.error):
            return False

    def entries(self) -> Iterator[Packed]:
        """Every entry, in the pack's order, not inflated. ValueError where the index does not fit the pack."""
        starts = range(_NAMES_AT, _NAMES_AT + self._total * _ID_BYTES, _ID_BYTES)
        names = [self.index[start : start + _ID_BYTES] for start in starts]
        found = sorted((self._offset_of(number), raw) for number, raw in enumerate(names))
        raw_at = dict(found)
        for (entry, raw), (after, _) in pairwise([*found, (len(self.contents) - _CHECKSUM_BYTES, b"")]):
            number, size, start = read_header(self.contents, entry)
            base = None
            if number not in KINDS:
                place, start = self._base(number, entry, start)
                base = raw_at.get(place) if place is not None else None
                if base is None:
                    raise ValueError("a delta of what the pack does not hold")
            yield Packed(raw, number, size, base, self.contents[start:after])
            if after - start > _LARGE_BYTES:
                let_go(self.contents, start, after)

    def _offset(self, raw: bytes) -> int | None:
        """Where an object's entry starts; the names are sorted, and the fan-out tells which begin with its byte."""
        start = _NAMES_AT + self._fanout[raw[0]] * _ID_BYTES
        end = _NAMES_AT + self._fanout[raw[0] + 1] * _ID_BYTES
        place = self.index.find(raw, start, end)
        while place >= 0 and (place - start) % _ID_BYTES:  # across two names
            place = self.index.find(raw, place + 1, end)
        if place < 0:
            return None
        return self._offset_of((place - _NAMES_AT) // _ID_BYTES)

    def _offset_of(self, number: int) -> int:
        """Where the entry of the object starts whose name is the `number`th."""
        (offset,) = _UINT32.unpack_from(self.index, self._offsets_at + 4 * number)
        if offset & FAR:
            far = self._offsets_at + 4 * self._total + 8 * (offset & ~FAR)
            (offset,) = struct.unpack_from(">Q", self.index, far)
        return int(offset)

    def _resolved(self, offset: int) -> _Whole | None:
        """The entry at `offset`, its deltas applied one after the other."""
        deltas: list[tuple[int, bytes]] = []
        base: int | None = offset
        while base is not None and base not in self._bases and len(deltas) < _CHAIN_MAX:
            number, size, start = read_header(self.contents, base)
            if number in KINDS:
                whole = number, self._inflated(start, size)
                if deltas:
                    self._bases.keep(base, whole)
                break
            entry = base
            base, start = self._base(number, entry, start)
            deltas.append((entry, self._inflated(start, size)))
        else:
            if base is None or base not in self._bases:
                return None
            whole = self._bases[base]
        for entry, delta in reversed(deltas):
            whole = whole[0], apply_delta(whole[1], delta)
            self._bases.keep(entry, whole)
        return whole

    def _base(self, number: int, entry: int, place: int) -> tuple[int | None, int]:
        """Where the entry of a delta's base starts, None outside of this pack; and where the delta's own bytes do."""
        if number == REF_DELTA:
            return self._offset(self.contents[place : place + _ID_BYTES]), place + _ID_BYTES
        if number != OFS_DELTA:
            raise ValueError("no type of entry")
        byte = self.contents[place]
        distance = byte & 0x7F
        while byte & 0x80:
            place += 1
            byte = self.contents[place]
            distance = (distance + 1) << 7 | byte & 0x7F
        if not 0 < distance < entry:
            raise ValueError("no entry before this one")
        return entry - distance, place + 1

    def _inflated(self, start: int, size: int) -> bytes:
        begin, step = start, size + (size >> 8) + 64  # what zlib makes of it at most, unless it was told to flush
        engine = zlib.decompressobj()
        data = engine.decompress(self.contents[start : start + step], size + 1)
        while len(data) <= size and not engine.eof and start < len(self.contents):
            start += step
            data += engine.decompress(self.contents[start : start + step], size + 1 - len(data))
        if len(data) != size:
            raise ValueError("another size than declared")
        if size > _LARGE_BYTES:
            let_go(self.contents, begin, start + step)
        return data


def blocks(mapped: mmap, end: int | None = None) -> Iterator[bytes]:
    """The bytes of one of the two files up to `end`, of which memory holds a block."""
    end = len(mapped) if end is None else end
    for start in range(0, end, _BLOCK_BYTES):
        yield mapped[start : min(start + _BLOCK_BYTES, end)]
        let_go(mapped, start, start + _BLOCK_BYTES)


def _sum(mapped: mmap) -> bytes:
    """SHA-1 of all but the checksum at the end."""
    digest = hashlib.sha1(usedforsecurity=False)
    for block in blocks(mapped, len(mapped) - _CHECKSUM_BYTES):
        digest.update(block)
    return digest.digest()


def let_go(mapped: mmap, start: int, end: int) -> None:
    """What is large is read once: its pages need not stay in memory, where the system lets us say so."""
    if _DONTNEED is not None:
        start -= start % _AROUND_BYTES
        end += -end % _AROUND_BYTES
        mapped.madvise(_DONTNEED, start, min(end, len(mapped)) - start)
