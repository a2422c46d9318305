"""git:// over TCP: no login, no encryption; the first line names the service and the repository.

Law: a channel raises only our errors, and reading or writing on it ends.
The trap avoided: dulwich's own connection has no time-out, neither for connecting nor for a byte.
"""

from __future__ import annotations

import contextlib

from fieldvault.edge.git.hubs.address import Address
from fieldvault.edge.git.hubs.link import PIECE_BYTES, Limits, Progress, acknowledge_at_once, connect, unreachable


class TcpChannel:
    """One connection to one service of `git daemon`."""

    def __init__(self, address: Address, service: str, version: int, limits: Limits, progress: Progress) -> None:
        assert address.port is not None
        self._host = address.host
        self._progress = progress
        self._failure: OSError | None = None  # of a write
        try:
            self._socket = connect(address.host, address.port, limits)
        except OSError as error:
            raise unreachable(address.host, error) from error
        self._stream = self._socket.makefile("rb")
        asked_version = f"\0version={version}\0" if version else ""
        wanted = f"git-{service} {address.path}\0host={address.bracketed}:{address.port}\0{asked_version}"
        request = wanted.encode("utf-8", "surrogateescape")
        try:
            self.write(b"%04x" % (len(request) + 4) + request)
        except BaseException:
            self.close()
            raise

    def read(self, size: int) -> bytes:
        try:
            acknowledge_at_once(self._socket)
            data = self._stream.read(size)
        except OSError as error:
            raise unreachable(self._host, error) from error
        if len(data) < size and self._failure is not None:
            raise unreachable(self._host, self._failure) from self._failure
        self._progress(len(data), 0, "received")
        return data

    def write(self, data: bytes) -> int:
        """A server that refuses a pack stops reading and says why: so what it said is read before we give up."""
        try:
            for start in range(0, len(data) if self._failure is None else 0, PIECE_BYTES):
                piece = data[start : start + PIECE_BYTES]
                self._socket.sendall(piece)
                self._progress(len(piece), 0, "sent")
        except (BrokenPipeError, ConnectionResetError) as error:
            self._failure = error
        except OSError as error:
            raise unreachable(self._host, error) from error
        return len(data)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.close()
        with contextlib.suppress(OSError):
            self._socket.close()
