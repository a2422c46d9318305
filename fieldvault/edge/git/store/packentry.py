"""The entries of a pack: their types, and the header that each begins with.

Law: read and written as git does, and nowhere else.
"""

from __future__ import annotations

from mmap import mmap

KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}  # by type number
NUMBERS = {kind: number for number, kind in KINDS.items()}
DELTAS = OFS_DELTA, REF_DELTA = 6, 7  # the base stands so many bytes before, or is named by its id


def read_header(contents: bytes | mmap, place: int) -> tuple[int, int, int]:
    """Type number and declared size of the entry at `place`, and where it goes on."""
    byte = contents[place]
    number, size, shift = (byte >> 4) & 7, byte & 0x0F, 4
    while byte & 0x80:
        place += 1
        byte = contents[place]
        size |= (byte & 0x7F) << shift
        shift += 7
    return number, size, place + 1


def write_header(number: int, size: int) -> bytes:
    """4 bits of the size, then 7 a byte, the high bit for more."""
    byte = (number << 4) | (size & 0x0F)
    size >>= 4
    header = bytearray()
    while size:
        header.append(byte | 0x80)
        byte = size & 0x7F
        size >>= 7
    header.append(byte)
    return bytes(header)
