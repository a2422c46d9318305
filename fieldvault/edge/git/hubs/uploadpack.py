"""One conversation with `git upload-pack` over a stream: which refs stand there, and what is wanted of them.

Law: a server is greeted once. Protocol 2 takes one question after the other; the protocol before it tells its refs with
the greeting, and ends with the first pack.
The trap avoided: dulwich opens a stream for the refs and another one for the pack, which costs a login each.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from dulwich.client import (
    UPLOAD_CAPABILITIES,
    _handle_upload_pack_head,
    _handle_upload_pack_tail,
    build_fetch_request_v2,
    build_ls_refs_request_v2,
    extract_object_format_from_capabilities,
    find_capability,
    negotiate_protocol_version,
    read_pkt_refs_v1,
    read_pkt_refs_v2,
)
from dulwich.objects import ObjectID
from dulwich.protocol import Protocol as PacketLines
from dulwich.refs import Ref

from fieldvault.errors import FieldvaultError

if TYPE_CHECKING:
    from dulwich.object_store import GraphWalker


class Greeting(NamedTuple):
    """`refs`: told with the greeting where the protocol is older than 2."""

    version: int
    capabilities: set[bytes]
    refs: dict[Ref, ObjectID]


class UploadPack:
    """The far end of `lines`."""

    def __init__(self, lines: PacketLines) -> None:
        self._lines = lines
        self._refs_told = False
        self.waits = True  # for a question; not while one is under way, or after the last

    @cached_property
    def greeting(self) -> Greeting:
        version = negotiate_protocol_version(self._lines)
        if version == 2:
            return Greeting(version, {line.rstrip(b"\n") for line in self._lines.read_pkt_seq()}, {})
        refs, capabilities = read_pkt_refs_v1(self._lines.read_pkt_seq())
        return Greeting(version, capabilities, refs)

    @property
    def tells_refs(self) -> bool:
        """Whether it can say now where its refs stand."""
        return self.waits and not (self._refs_told and self.greeting.version < 2)

    def refs(self, prefixes: Sequence[bytes]) -> dict[Ref, ObjectID | None]:
        """Where its refs stand; those outside of `prefixes` may be left out."""
        self._refs_told = True
        if self.greeting.version < 2:
            return dict(self.greeting.refs)
        self.waits = False
        command, arguments = build_ls_refs_request_v2(self.greeting.capabilities, self._format, prefixes)
        self._write(command)
        self._lines.write(b"0001")
        self._write(arguments)
        self._lines.write_pkt_line(None)
        refs, _, _ = read_pkt_refs_v2(self._lines.read_pkt_seq())
        self.waits = True
        return refs

    def receive(
        self, wants: list[ObjectID], haves: GraphWalker, write: Callable[[bytes], int], without: bytes | None
    ) -> None:
        """Have a thin pack of what `wants` need and `haves` lack written by `write`; `without` is a filter of git's,
        which counts where the server knows filters.
        """
        version, capabilities, _ = self.greeting
        self.waits = False
        if version == 2:
            self._write(build_fetch_request_v2(self._format))
            self._lines.write(b"0001")
            self._write([b"thin-pack\n", b"ofs-delta\n"])
            if without and find_capability(capabilities, b"fetch", b"filter"):
                self._write([b"filter %s\n" % without])
        agreed = capabilities & {*UPLOAD_CAPABILITIES}
        # All haves go at once, a few hundred, so nothing has to be read in between.
        _handle_upload_pack_head(self._lines, agreed, haves, wants, lambda: False, None, version)
        _handle_upload_pack_tail(self._lines, agreed, haves, write, protocol_version=version)
        self.waits = version == 2

    def end(self) -> None:
        """Ask no more: the server ends by itself, and is not waited for."""
        if self.waits:
            self.waits = False
            goodbye(self._lines)

    def close(self) -> None:
        self._lines.close()

    @property
    def _format(self) -> str | None:
        return extract_object_format_from_capabilities(self.greeting.capabilities)

    def _write(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            self._lines.write_pkt_line(line)


def goodbye(lines: PacketLines) -> None:
    """Nothing more is said on this channel; the server may be gone already."""
    with contextlib.suppress(FieldvaultError):
        lines.write_pkt_line(None)
