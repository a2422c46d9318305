"""dulwich's git client over a two-way stream of ours: git:// and ssh.

Law: one channel at a time. What is asked goes over the one that stands open, as long as the server takes questions on
it; a push opens its own, and closes the one before. Protocol 2 is asked for where git knows it, for fetches.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from dulwich.client import TraditionalGitClient
from dulwich.objects import ObjectID
from dulwich.protocol import Protocol as PacketLines
from dulwich.refs import Ref

from fieldvault.edge.git.hubs.uploadpack import UploadPack
from fieldvault.errors import FieldvaultError

if TYPE_CHECKING:
    from dulwich.object_store import GraphWalker


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
        self._upload: UploadPack | None = None  # the far end, unless a push is there

    def greet(self) -> UploadPack:
        """Open a channel for questions; nothing is waited for."""
        self._upload = UploadPack(self._connect(b"upload-pack", b"")[0])
        return self._upload

    def refs(self, prefixes: Sequence[bytes]) -> dict[Ref, ObjectID | None]:
        """Where the server's refs stand; those outside of `prefixes` may be left out. `protocol_version` is set."""
        upload = self._upload if self._upload is not None and self._upload.tells_refs else self.greet()
        refs = upload.refs(prefixes)
        self.protocol_version = upload.greeting.version
        return refs

    def receive(
        self, wants: list[ObjectID], haves: GraphWalker, write: Callable[[bytes], int], without: bytes | None
    ) -> None:
        """Have the pack that brings `wants` written; see UploadPack.receive."""
        upload = self._upload if self._upload is not None and self._upload.waits else self.greet()
        upload.receive(wants, haves, write, without)

    def capabilities(self) -> set[bytes]:
        """What the server says that it can do; `protocol_version` is set."""
        greeting = (self._upload or self.greet()).greeting
        self.protocol_version = greeting.version
        return greeting.capabilities

    def _connect(
        self, cmd: bytes, path: str | bytes, protocol_version: int | None = None
    ) -> tuple[PacketLines, Callable[[], bool], None]:
        self.close()
        channel = self._open_channel(cmd.decode("ascii"), 2 if cmd == b"upload-pack" else 0)
        self._lines = PacketLines(channel.read, channel.write, channel.close)
        return self._lines, lambda: False, None

    def close(self) -> None:
        if self._lines is not None:
            if self._upload is not None and self._upload.waits:
                with contextlib.suppress(FieldvaultError):
                    self._lines.write_pkt_line(None)  # no question any more
            self._lines.close()
        self._lines = self._upload = None
