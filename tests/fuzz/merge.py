"""Fuzz the reader and the merge: `make fuzz`, with atheris beside the other tools (it has no wheel for every Python).

Law: an input is a byte that chooses the schema, then base, ours and theirs, kept apart by lines of `%%`. Whatever they
are: no exception but ours, what is read is written back to the byte, a version read from another one is the same, the
glance never promises too much, swapped sides give the same, and what comes out of readable sides can be read.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["fieldvault.core", "fieldvault.edge.yamltext", "fieldvault.actions.merging"]):
    from fieldvault.actions.merging.recordmerge import Side, merge_record
    from fieldvault.core import layout
    from fieldvault.core.schema import DEFAULT
    from fieldvault.edge.yamltext import Document, Limits, read
    from fieldvault.edge.yamltext.glance import plainly_readable
    from fieldvault.errors import Unreadable
    from tests.actions.drawn import SCHEMA

CASES = Path(__file__).parents[1] / "cases" / "merge"
APART = b"\n%%\n"
LIMITS = Limits(bytes_max=1 << 16, map_only=False)


def readable(data: bytes | None, like: Document | None = None) -> Document | None:
    try:
        return read(data, limits=LIMITS, like=like) if data is not None else None
    except Unreadable:
        return None


def one_input(data: bytes) -> None:
    schema = SCHEMA if data[:1] < b"\x80" else DEFAULT
    base, ours, theirs = [part or None for part in [*data[1:].split(APART), b"", b"", b""][:3]]
    known = readable(base)
    for version in (base, ours, theirs):
        document = readable(version)
        again = readable(version, known)
        assert (document is None) == (again is None)
        assert document is not None or version is None or not plainly_readable(version, LIMITS)
        if document is not None and again is not None:
            assert layout.data(document.tree) == layout.data(again.tree) == version
            assert document.reading.starts == again.reading.starts
    merged = merge_record(Side(base), Side(ours), Side(theirs), schema, "r", limits=LIMITS)
    assert merged == merge_record(Side(base), Side(theirs), Side(ours), schema, "r", limits=LIMITS)
    if all(version is None or readable(version) for version in (base, ours, theirs)):
        assert merged.data is None or readable(merged.data)


def seeds(folder: Path) -> None:
    """The case folders as inputs to begin with."""
    folder.mkdir(parents=True, exist_ok=True)
    for case in CASES.iterdir():
        files = [case / f"{name}.yaml" for name in ("base", "ours", "theirs")]
        parts = [file.read_bytes() if file.exists() else b"" for file in files]
        (folder / case.name).write_bytes(b"\xff" + APART.join(parts))


if __name__ == "__main__":
    seeds(Path(sys.argv[1]))
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
