"""dulwich's git client over a two-way stream of ours: git:// and ssh.

Law: one channel a question; a new one closes the one before. Protocol 2 is asked for where git knows it, for fetches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from dulwich.client import (
    TraditionalGitClient,
    negotiate_protocol_version,
    read_pkt_refs_v1,
    read_server_capabilities,
)
from dulwich.protocol import Protocol as PacketLines


class Channel(Protocol):
    """A two-way stream. `read` returns as many bytes as were asked for, fewer only at the end of the stream."""

    def read(self, size: int) -> bytes: ...

    def write(self, data: bytes) -> int: ...

    def close(self) -> None: ...


class StreamClient(TraditionalGitClient):
    """dulwich's client over a channel of ours; `open_channel` takes the service and the protocol version."""

    def __init__(self, open_channel: Callable[[str, int], Channel]) -> None:
        super().__init__(quiet=True)
        self._open_channel = open_channel
        self._lines: PacketLines | None = None

    def _connect(
        self, cmd: bytes, path: str | bytes, protocol_version: int | None = None
    ) -> tuple[PacketLines, Callable[[], bool], None]:
        self.close()
        channel = self._open_channel(cmd.decode("ascii"), 2 if cmd == b"upload-pack" else 0)
        self._lines = PacketLines(channel.read, channel.write, channel.close)
        # All haves go at once, a few hundred, so nothing has to be read in between.
        return self._lines, lambda: False, None

    def capabilities(self, path: bytes) -> set[bytes]:
        """What the server says that it can do; `protocol_version` is set."""
        lines, _, _ = self._connect(b"upload-pack", path)
        self.protocol_version = negotiate_protocol_version(lines)
        if self.protocol_version == 2:
            return read_server_capabilities(lines.read_pkt_seq())
        return read_pkt_refs_v1(lines.read_pkt_seq())[1]

    @staticmethod
    def _warn_filter_objects() -> None:
        """A server that leaves nothing out sends more than was asked for, and that is all."""

    def close(self) -> None:
        if self._lines is not None:
            self._lines.close()
            self._lines = None
