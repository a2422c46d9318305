"""What a tree holds: paths, entries, and the difference of two trees.

Law: plain facts, no reading. Paths are text with `/`; bytes that are not UTF-8 are carried by surrogateescape, so that
a bad name can be named and refused (core/names) instead of failing to decode.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

Oid = str  # a git object id: 40 lower-case hex digits

FILE = 0o100644
EXECUTABLE = 0o100755
FOLDER = 0o040000
LINK = 0o120000
SUBMODULE = 0o160000  # the id is that of a commit of another repository


class Entry(NamedTuple):
    """One entry of a tree: git's mode and the id of the blob or tree."""

    mode: int
    oid: Oid


class TreeChange(NamedTuple):
    """One path that differs between two trees; None where it is absent."""

    path: str
    old: Entry | None
    new: Entry | None


def blob_id(data: bytes) -> Oid:
    """The id that git gives to a blob of these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
