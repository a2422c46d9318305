"""What a commit holds of an attachment that is too large for it: a pointer of Git LFS, version 1.

Law: of exactly three lines, version, oid and size, so that each content has one pointer, byte for byte, and equal
contents have equal ids in git. Whatever differs from that by a byte is an ordinary file. YAML and git's own files are
never pointed to: they are what the vault is read from.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from fieldvault.core.names import is_hidden, is_yaml
from fieldvault.core.snapshot import Oid, blob_id

CHUNK_ABOVE_BYTES = 256 << 10  # attachments above this size are committed as pointers, unless a vault says otherwise
CHUNK_ABOVE_MOST_BYTES = 100 << 20  # what git and a laptop's memory can still take in one piece
POINTER_BYTES_MAX = 200
KEPT_DAYS = 14  # at least so long a content stays, on a device as on a hub, that only old versions name
CHUNK_BYTES = 256 << 10  # how contents travel: what a weak link can carry, and few enough to name

_MERGED_BYTES_MAX = 2_000  # three pointers, and as many names of commits
_OURS = b"<<<<<<<"
_MARKERS = {_OURS: (0,), b"|||||||": (), b"=======": (1,), b">>>>>>>": (0, 1)}  # whose the lines after each are

_LFS = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (0|[1-9][0-9]{0,17})\n",
)


class Pointer(NamedTuple):
    """A content by its SHA-256, 64 hex digits, and its size in bytes."""

    sha256: str
    size: int

    @property
    def chunks(self) -> int:
        """In how many chunks it travels."""
        return -(-self.size // CHUNK_BYTES)

    @property
    def data(self) -> bytes:
        """The blob in its place."""
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {self.size}\n".encode()

    @property
    def oid(self) -> Oid:
        """The id of that blob."""
        return blob_id(self.data)


def read_pointer(data: bytes) -> Pointer | None:
    """The pointer that these bytes are; None for every other content."""
    found = _LFS.fullmatch(data) if len(data) <= POINTER_BYTES_MAX else None
    return Pointer(found[1].decode("ascii"), int(found[2])) if found else None


def merged_as_text(data: bytes) -> tuple[Pointer, Pointer] | None:
    """The two pointers in what git leaves of them where it merges them line by line, with its markers."""
    if len(data) > _MERGED_BYTES_MAX or _OURS not in data:
        return None
    sides = [b"", b""]
    into: tuple[int, ...] = (0, 1)
    for line in data.splitlines(keepends=True):
        if line[:7] in _MARKERS:
            into = _MARKERS[line[:7]]
            continue
        for side in into:
            sides[side] += line
    ours, theirs = map(read_pointer, sides)
    return (ours, theirs) if ours is not None and theirs is not None and ours != theirs else None


def may_be_pointed_to(path: str) -> bool:
    """Whether the file at `path` is an attachment, which may be committed as a pointer."""
    return not is_yaml(path) and not is_hidden(path)
