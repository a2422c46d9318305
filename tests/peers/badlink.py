"""A way to a server that fails at a chosen byte, and a server that never answers."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

from tests.peers.ground import shut


class BadLink:
    """A way to a server that carries `up` bytes to it and `down` bytes back in all, then cuts or goes silent.

    `flip` is the place, among the bytes that come back, of one bit that changes on its way. `once`: each connection
    carries one question and its answer, and is cut at the next.
    """

    def __init__(
        self,
        target: int,
        *,
        up: int | None = None,
        down: int | None = None,
        silent: bool = False,
        flip: int | None = None,
        once: bool = False,
    ) -> None:
        self._target = target
        self._left = {"up": up, "down": down}
        self._silent = silent
        self._flip = flip
        self._once = once
        self._answered: set[socket.socket] = set()
        self.carried = {"up": 0, "down": 0}
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open += [near, far]
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for source, sink, way in ((near, far, "up"), (far, near, "down")):
                    threading.Thread(target=self._carry, args=(source, sink, way), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, way: str) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if way == "down":
                    self._answered.add(sink)
                elif self._once and source in self._answered:
                    source.shutdown(socket.SHUT_RDWR)
                    return None
                left = self._left[way]
                if left is not None:
                    data = data[:left]
                    self._left[way] = left - len(data)
                if way == "down" and self._flip is not None and 0 <= self._flip - self.carried[way] < len(data):
                    place = self._flip - self.carried[way]
                    data = data[:place] + bytes([data[place] ^ 1 << self._flip % 8]) + data[place + 1 :]
                self.carried[way] += len(data)
                sink.sendall(data)
                if self._left[way] == 0:
                    return None if self._silent else self.cut()
            sink.shutdown(socket.SHUT_WR)
        return None

    @property
    def connections(self) -> int:
        return len(self._open) // 2

    def cut(self) -> None:
        """End all connections that are open now."""
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> BadLink:
        return self

    def __exit__(self, *_: object) -> None:
        shut([self._listening, *self._open])


@contextlib.contextmanager
def silent_server() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]
