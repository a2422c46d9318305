"""The index of a pack, version 2, as git itself writes it since 2008.

Law: the same pack has the same index, to the byte, whoever wrote it.
The trap avoided: dulwich's pack module takes 28 ms to import, and every commit of more than a few files makes a pack.
"""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate

MAGIC = b"\xfftOc\0\0\0\2"
FAR = 0x80000000  # an offset beyond 2 GiB stands in a table of its own


def encode_index(entries: Iterable[tuple[bytes, int, int]], checksum: bytes) -> bytes:
    """The index of the pack that ends in `checksum`; `entries` are (raw id, offset, crc32)."""
    entries = sorted(entries)
    names, offsets, sums = zip(*entries, strict=True) if entries else ((), (), ())
    first = Counter(name[0] for name in names)
    fanout = accumulate(first[byte] for byte in range(256))
    far = [offset for offset in offsets if offset >= FAR]
    places = iter(range(len(far)))
    near = (offset if offset < FAR else FAR | next(places) for offset in offsets)
    table = struct.Struct(f">{len(entries)}I")
    content = b"".join(
        (
            MAGIC,
            struct.pack(">256I", *fanout),
            *names,
            table.pack(*sums),
            table.pack(*near),
            struct.pack(f">{len(far)}Q", *far),
            checksum,
        )
    )
    return content + hashlib.sha1(content, usedforsecurity=False).digest()
