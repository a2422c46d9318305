"""The packs of a repository on this machine, taken over as they lie there.

Law: a pack is taken whole or not at all. One whose checksums do not hold is left out, and its objects are then copied
one by one, or named as missing. Objects are hashed when they are read, from these packs as from any other; until then a
pack is believed, as git believes it. One that mostly holds what nobody here asks for is left out as well.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from mmap import mmap
from pathlib import Path

from fieldvault.core.pointers import CHUNK_BYTES
from fieldvault.core.snapshot import Oid
from fieldvault.edge.durable import flush, make_folder, temporary
from fieldvault.edge.git.store.packfile import PackFile, blocks
from fieldvault.edge.git.store.packfolder import PackFolder
from fieldvault.edge.git.store.packwriter import PackWriter


def copy_packs(source: PackFolder, target: PackFolder, chunks: Collection[Oid] = ()) -> Iterator[tuple[int, int]]:
    """Copy each pack, durably, but for those of which more than half are these chunks of contents; yields the bytes and
    the number of objects of each that came.
    """
    make_folder(target.path)
    raw_chunks = [bytes.fromhex(oid) for oid in chunks]
    for name in sorted(source.names()):
        try:
            pack = PackFile(source.path / name)
        except (FileNotFoundError, ValueError):  # joined with others since, or of another version
            continue
        with contextlib.closing(pack):
            half = len(pack.contents) // 2
            if sum(raw in pack for raw in raw_chunks) * CHUNK_BYTES <= half and pack.is_whole():
                _copy(pack, target)
                yield len(pack.contents), len(pack)


def copy_others(source: PackFolder, target: PackFolder, left: Collection[Oid]) -> None:
    """Copy all that is in these packs but `left`, into one pack, durably. What a copied delta leans on comes along."""
    with PackWriter(target) as writer, contextlib.ExitStack() as stack:
        for name in sorted(source.names()):
            pack = stack.enter_context(contextlib.closing(PackFile(source.path / name)))
            leans_on = {entry.raw: entry.base for entry in pack.entries()}
            wanted: set[bytes] = set()
            for raw in leans_on.keys() - {bytes.fromhex(oid) for oid in left}:
                base: bytes | None = raw
                while base is not None and base not in wanted:
                    wanted.add(base)
                    base = leans_on[base]
            for entry in pack.entries():
                if entry.raw in wanted:
                    writer.copy(entry)
        writer.finish()


def _copy(pack: PackFile, target: PackFolder) -> None:
    with (
        _copied(pack.contents, target.path, "tmp_pack_") as scratch,
        _copied(pack.index, target.path, "tmp_idx_") as index,
    ):
        target.put(scratch, index, pack.checksum)


@contextlib.contextmanager
def _copied(mapped: mmap, folder: Path, prefix: str) -> Iterator[Path]:
    """A flushed copy; it is gone after the block, unless it has got another name."""
    scratch, file = temporary(folder, prefix)
    try:
        with file:
            file.writelines(blocks(mapped))
            flush(file)
        yield scratch
    finally:
        scratch.unlink(missing_ok=True)
