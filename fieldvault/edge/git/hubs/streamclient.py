"""dulwich's git client over a two-way stream of ours: git:// and ssh.

Law: one channel for questions, as long as the server takes them on it, and one for each push; a push ends the
questions. Either may be opened before it is needed. Protocol 2 is asked for where git knows it, for fetches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from dulwich.client import TraditionalGitClient
from dulwich.objects import ObjectID
from dulwich.protocol import Protocol as PacketLines
from dulwich.refs import Ref

from fieldvault.edge.git.hubs.uploadpack import UploadPack, goodbye

if TYPE_CHECKING:
    from dulwich.object_store import GraphWalker


class Channel(Protocol):
    """A two-way stream. `read` returns as many bytes as were asked for, fewer only at the end of the stream."""

    def read(self, size: int) -> bytes: ...

    def write(self, data: bytes) -> int: ...

    def close(self) -> None: ...


class StreamClient(TraditionalGitClient):
    """dulwich's client over a channel of ours; `open_channel` takes the service and the protocol version."""

    def __init__(self, open_channel: Callable[[str, int], Channel], asking: Channel | None = None) -> None:
        """`asking`: a channel to upload-pack that is open already."""
        super().__init__(quiet=True)
        self._open_channel = open_channel
        self._upload = UploadPack(_lines(asking)) if asking else None
        self._push: PacketLines | None = None
        self._push_waits = False  # nothing was said on it yet

    def expect_push(self) -> None:
        """Open its channel before it is needed; nothing is read yet."""
        if not self._push_waits:
            self._push, self._push_waits = _lines(self._open_channel("receive-pack", 0)), True

    def refs(self, prefixes: Sequence[bytes]) -> dict[Ref, ObjectID | None]:
        """Where the server's refs stand; those outside of `prefixes` may be left out. `protocol_version` is set."""
        upload = self._upload if self._upload is not None and self._upload.tells_refs else self._asked_anew()
        refs = upload.refs(prefixes)
        self.protocol_version = upload.greeting.version
        return refs

    def receive(
        self, wants: list[ObjectID], haves: GraphWalker, write: Callable[[bytes], int], without: bytes | None
    ) -> None:
        """Have the pack that brings `wants` written; see UploadPack.receive."""
        upload = self._upload if self._upload is not None and self._upload.waits else self._asked_anew()
        upload.receive(wants, haves, write, without)

    def capabilities(self) -> set[bytes]:
        """What the server says that it can do; `protocol_version` is set."""
        greeting = (self._upload or self._asked_anew()).greeting
        self.protocol_version = greeting.version
        return greeting.capabilities

    def _asked_anew(self) -> UploadPack:
        if self._upload is not None:
            self._upload.close()
        self._upload = UploadPack(_lines(self._open_channel("upload-pack", 2)))
        return self._upload

    def _connect(
        self, cmd: bytes, path: str | bytes, protocol_version: int | None = None
    ) -> tuple[PacketLines, Callable[[], bool], None]:
        """dulwich's door for a push, which closes the channel at its end."""
        if self._upload is not None:
            self._upload.end()
        self.expect_push()
        assert self._push is not None
        self._push_waits = False
        return self._push, lambda: False, None

    def close(self) -> None:
        if self._upload is not None:
            self._upload.end()
        if self._push is not None and self._push_waits:
            goodbye(self._push)
        for far_end in (self._upload, self._push):
            if far_end is not None:
                far_end.close()
        self._upload, self._push, self._push_waits = None, None, False


def _lines(channel: Channel) -> PacketLines:
    return PacketLines(channel.read, channel.write, channel.close)
