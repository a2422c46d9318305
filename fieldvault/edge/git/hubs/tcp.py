"""git:// over TCP: no login, no encryption; the first line names the service and the repository.

Law: a channel raises only our errors, and reading or writing on it ends. Opening one waits for nothing: the far end is
reached meanwhile, and git starts there; that it is not there shows at the first byte.
The trap avoided: dulwich's own connection has no time-out, neither for connecting nor for a byte.
"""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO

from fieldvault.edge.git.hubs.address import Address
from fieldvault.edge.git.hubs.connecting import Connecting, acknowledge_at_once
from fieldvault.edge.git.hubs.link import PIECE_BYTES, Limits, Progress, Underway, unreachable

if TYPE_CHECKING:
    import socket


class TcpChannel:
    """One connection to one service of `git daemon`."""

    def __init__(self, address: Address, service: str, version: int, limits: Limits, progress: Progress) -> None:
        assert address.port is not None
        self._host = address.host
        self._progress = progress
        self._underway = Underway(limits)
        self._failure: OSError | None = None  # of a write
        self._opened = contextlib.ExitStack()
        self._request = _request(address, service, version)
        self._connecting = Connecting(address.host, address.port, limits, self._request)

    @cached_property
    def _socket(self) -> socket.socket:
        try:
            connected = self._connecting.result()
        except OSError as error:
            raise unreachable(self._host, error) from error
        self._progress(len(self._request), 0, "sent")
        return connected

    @cached_property
    def _stream(self) -> BinaryIO:
        return self._opened.enter_context(self._socket.makefile("rb"))

    def read(self, size: int) -> bytes:
        try:
            acknowledge_at_once(self._socket)
            data = self._stream.read(size)
            self._underway.answered()
            self._socket.settimeout(self._underway.seconds())
        except OSError as error:
            raise unreachable(self._host, error) from error
        if len(data) < size and self._failure is not None:
            raise unreachable(self._host, self._failure) from self._failure
        self._progress(len(data), 0, "received")
        return data

    def write(self, data: bytes) -> int:
        """A server that refuses a pack stops reading and says why: so what it said is read before we give up."""
        connected = self._socket
        try:
            for start in range(0, len(data) if self._failure is None else 0, PIECE_BYTES):
                piece = data[start : start + PIECE_BYTES]
                connected.sendall(piece)
                self._underway.sent(len(piece))
                connected.settimeout(self._underway.seconds())
                self._progress(len(piece), 0, "sent")
        except (BrokenPipeError, ConnectionResetError) as error:
            self._failure = error
        except OSError as error:
            raise unreachable(self._host, error) from error
        return len(data)

    def close(self) -> None:
        for close in (self._opened.close, self._connecting.close):
            with contextlib.suppress(OSError):
                close()


def _request(address: Address, service: str, version: int) -> bytes:
    asked_version = f"\0version={version}\0" if version else ""
    wanted = f"git-{service} {address.path}\0host={address.bracketed}:{address.port}\0{asked_version}"
    request = wanted.encode("utf-8", "surrogateescape")
    return b"%04x" % (len(request) + 4) + request
