"""git's long-running filter protocol, version 2: one process turns every file of one git command.

Law: git writes a whole file before it reads the answer, so a file is taken in whole first, on the disk where it is
large. What the turning of one file raises is that file's error, and the next one is served.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

from fieldvault.errors import Corrupt, FieldvaultError

Turn = Callable[[str, BinaryIO], Iterable[bytes]]  # (path, its content) -> what it becomes, piece by piece

_PACKET_BYTES_MAX = 65516
_IN_MEMORY_BYTES = 1 << 20
_FLUSH = b"0000"


def serve(reader: BinaryIO, writer: BinaryIO, turns: Mapping[str, Turn], scratch: Path) -> None:
    """Answer git until it hangs up; `turns` are those for "clean" and "smudge", `scratch` is a folder for large files.

    Corrupt("filter-protocol") where it is not git that talks.
    """
    if list(_lines(reader)) != ["git-filter-client", "version=2"]:
        raise Corrupt("filter-protocol")
    _tell(writer, "git-filter-server", "version=2")
    offered = set(_lines(reader))
    _tell(writer, *(f"capability={name}" for name in turns if f"capability={name}" in offered))
    while request := dict(line.partition("=")[::2] for line in _lines(reader)):
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(scratch)) as spooled:
            file = cast(BinaryIO, spooled)  # it is one but by name
            if _take_in(reader, file):
                _answer(writer, turns[request["command"]], request["pathname"], file)
            else:
                _tell(writer, "status=error")


def _take_in(reader: BinaryIO, file: BinaryIO) -> bool:
    """All of git's file, or as much as there was room for: then False."""
    packets = _packets(reader)
    try:
        for packet in packets:
            file.write(packet)
        file.seek(0)
        return True
    except OSError:
        for _ in packets:  # to the end, or git would wait for ever
            pass
        return False


def _answer(writer: BinaryIO, turn: Turn, path: str, file: BinaryIO) -> None:
    try:
        pieces = iter(turn(path, file))
        first = next(pieces, b"")
    except (FieldvaultError, OSError):
        _tell(writer, "status=error")
        return
    _tell(writer, "status=success")
    for piece in chain((first,), pieces):
        _send(writer, piece)
    writer.write(_FLUSH)
    _tell(writer)  # the status stands


def _lines(reader: BinaryIO) -> Iterator[str]:
    for packet in _packets(reader):
        yield packet.decode("utf-8", "surrogateescape").removesuffix("\n")


def _packets(reader: BinaryIO) -> Iterator[bytes]:
    """Up to the next flush, or the end of the stream."""
    while (length := reader.read(4)) and length != _FLUSH:
        yield reader.read(int(length, 16) - 4)


def _tell(writer: BinaryIO, *lines: str) -> None:
    for line in lines:
        _send(writer, f"{line}\n".encode())
    writer.write(_FLUSH)
    writer.flush()


def _send(writer: BinaryIO, data: bytes) -> None:
    for start in range(0, len(data), _PACKET_BYTES_MAX):
        packet = data[start : start + _PACKET_BYTES_MAX]
        writer.write(b"%04x" % (len(packet) + 4) + packet)
