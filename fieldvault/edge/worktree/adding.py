"""A new file for the person's folder, copied from elsewhere.

Law: it is whole and durable under its name or not there, and takes the place of nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from fieldvault.edge.durable import TEMPORARY, create, flush, flush_folder, make_folder, temporary
from fieldvault.edge.worktree.files import BLOCK_BYTES
from fieldvault.edge.worktree.swap import move_new


def copy_new(source: Path, target: Path, mode: int = 0o666, *, flushed: bool) -> os.stat_result:
    """As durable.write_new, of a file's content, in the memory of a block."""
    with create(target, mode) as copy, source.open("rb") as file:
        _copy(file, copy)
        copy.flush()
        if flushed:
            flush(copy)
        return os.fstat(copy.fileno())


def add_file(source: Path, target: Path) -> None:
    """Copy `source`, of any size; FileExistsError where something stands at `target`."""
    make_folder(target.parent)
    scratch, copy = temporary(target.parent, TEMPORARY)
    try:
        with copy, source.open("rb") as file:
            _copy(file, copy)
            flush(copy)
        move_new(str(scratch), str(target))
    finally:
        scratch.unlink(missing_ok=True)
    flush_folder(target.parent)


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    while block := source.read(BLOCK_BYTES):
        target.write(block)
