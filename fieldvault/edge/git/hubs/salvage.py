"""The whole objects of a pack whose end never came.

Law: what a bad link brought is not asked for again. Each object that is complete is kept under the id of its content; a
delta is kept when what it leans on is here. The first byte that makes no sense ends it.
"""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fieldvault.edge.git.store.delta import result_size
from fieldvault.edge.git.store.objects import object_id
from fieldvault.edge.git.store.packentry import DELTAS, KINDS, read_header
from fieldvault.edge.git.store.packintake import DEFAULT_LIMITS, PackIntake
from fieldvault.edge.git.store.packwriter import PackWriter
from fieldvault.errors import Corrupt

if TYPE_CHECKING:
    from dulwich.pack import UnpackedObject

    from fieldvault.core.snapshot import Oid

_HEADER_BYTES = 12


def salvage(intake: PackIntake) -> int:
    """Store what of the torn pack in `intake` is whole, durably, as a pack of its own; how many objects that are."""
    intake.file.flush()
    if intake.file.seek(0, 2) <= _HEADER_BYTES:
        return 0
    with (
        mmap.mmap(intake.file.fileno(), 0, access=mmap.ACCESS_READ) as contents,
        PackWriter(intake.folder) as writer,
    ):
        at: dict[int, Oid] = {}  # where in the pack an object began
        for entry in _entries(contents):
            found = _resolved(entry, at, writer, intake)
            if found is not None and entry.offset is not None:
                at[entry.offset] = object_id(*found)
                writer.add(at[entry.offset], *found)
        writer.finish()
        return len(writer)


def _entries(contents: mmap.mmap) -> Iterator[UnpackedObject]:
    from dulwich.object_format import SHA1
    from dulwich.pack import unpack_object_at

    offset = _HEADER_BYTES
    while contents[:4] == b"PACK":
        try:
            number, size, _ = read_header(contents, offset)
            if size > DEFAULT_LIMITS.object_bytes or number not in (*KINDS, *DELTAS):
                return
            unpacked, offset = unpack_object_at(contents, offset, SHA1.hash_func)
        except (zlib.error, ValueError, AssertionError, IndexError):  # dulwich's ways to say that it ends here
            return
        yield unpacked


def _resolved(
    entry: UnpackedObject, at: dict[int, Oid], writer: PackWriter, intake: PackIntake
) -> tuple[str, bytes] | None:
    """Kind and content; None for a delta whose base is in the part that never came."""
    from dulwich.errors import ApplyDeltaError
    from dulwich.pack import apply_delta

    data = b"".join(entry.decomp_chunks)
    if entry.pack_type_num in KINDS:
        return KINDS[entry.pack_type_num], data
    assert entry.offset is not None
    base = entry.delta_base
    oid = at.get(entry.offset - base) if isinstance(base, int) else base.hex() if base else None
    if oid is None or result_size(data) > DEFAULT_LIMITS.object_bytes:
        return None
    try:
        kind, below = writer.read(oid) if oid in writer else intake.read(oid)
        return kind, b"".join(apply_delta(below, data))
    except (Corrupt, ApplyDeltaError):
        return None
