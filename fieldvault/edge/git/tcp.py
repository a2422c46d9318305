"""git:// over TCP: no login, no encryption; the first line names the service and the repository.

Law: a channel raises only our errors, and reading or writing on it ends.
The trap avoided: dulwich's own connection has no time-out, neither for connecting nor for a byte.
"""

from __future__ import annotations

import contextlib

from fieldvault.edge.git.address import Address
from fieldvault.edge.git.link import Limits, Progress, connect, unreachable

_PIECE_BYTES = 16 << 10  # a time-out covers one piece, so that a slow link has its time for each


class TcpChannel:
    """git://: no login, no encryption; the first line names the service and the repository."""

    def __init__(self, address: Address, service: str, version: int, limits: Limits, progress: Progress) -> None:
        assert address.port is not None
        self._host = address.host
        self._progress = progress
        try:
            self._socket = connect(address.host, address.port, limits)
        except OSError as error:
            raise unreachable(address.host, error) from error
        self._stream = self._socket.makefile("rb")
        host = f"[{address.host}]" if ":" in address.host else address.host
        asked_version = f"\0version={version}\0" if version else ""
        wanted = f"git-{service} {address.path}\0host={host}:{address.port}\0{asked_version}"
        request = wanted.encode("utf-8", "surrogateescape")
        try:
            self.write(b"%04x" % (len(request) + 4) + request)
        except BaseException:
            self.close()
            raise

    def read(self, size: int) -> bytes:
        try:
            data = self._stream.read(size)
        except OSError as error:
            raise unreachable(self._host, error) from error
        self._progress(len(data), 0, "received")
        return data

    def write(self, data: bytes) -> int:
        try:
            for start in range(0, len(data), _PIECE_BYTES):
                piece = data[start : start + _PIECE_BYTES]
                self._socket.sendall(piece)
                self._progress(len(piece), 0, "sent")
        except OSError as error:
            raise unreachable(self._host, error) from error
        return len(data)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.close()
        with contextlib.suppress(OSError):
            self._socket.close()
