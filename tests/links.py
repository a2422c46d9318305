"""Links as salespeople have them: slow, far, and cut again and again.

Law: a proxy before a real server, on loopback. It counts what went over the radio, of use or not.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable

_PIECE_BYTES = 4 << 10
_BUFFER_BYTES = 128 << 10  # what a sender may be ahead of the link; loopback's segments need as much
_SEGMENT_BYTES = 1200  # of a radio


class WeakLink:
    """`rate`: bytes a second each way; `life`: after about so many seconds every connection is cut, and so on;
    `cut_at`, `flip_at`: once, at that byte of that way, the link is cut, or one bit changes. `carried`: bytes that left
    each end ("up" to the server, "down"). `far`: what the near end sends is acknowledged as the link carries it, by the
    far end, as it were; else a little ahead.
    """

    def __init__(
        self,
        target: int,
        *,
        rate: float = float("inf"),
        life: float | None = None,
        cut_at: tuple[str, int] | None = None,
        flip_at: tuple[str, int] | None = None,
        seed: int = 0,
        far: bool = False,
    ) -> None:
        self._target = target
        self._cut_at, self._flip_at = cut_at, flip_at
        self._rate, self._life = rate, life
        self._draw = random.Random(seed)
        self._open: set[socket.socket] = set()
        self._all: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.carried = {"up": 0, "down": 0}
        self.connections = self.cuts = 0
        self._listening = socket.socket()
        self._piece = _SEGMENT_BYTES if far else _PIECE_BYTES
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * self._piece if far else _BUFFER_BYTES)
        if far:
            self._listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT_BYTES)
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen()
        self.port: int = self._listening.getsockname()[1]
        self._start(self._accept)
        if life is not None:
            self._start(self._cut_again_and_again)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._open |= {near, far}
                    self._all += [near, far]
                self.connections += 1
                for source, sink, way in ((near, far, "up"), (far, near, "down")):
                    self._start(self._carry, source, sink, way)

    def _carry(self, source: socket.socket, sink: socket.socket, way: str) -> None:
        with contextlib.suppress(OSError):
            free = 0.0  # when the link has carried what it took
            while data := source.recv(self._piece):
                free = max(free, time.monotonic()) + len(data) / self._rate
                time.sleep(max(0.0, free - time.monotonic()))
                sink.sendall(self._through(way, data))
            sink.shutdown(socket.SHUT_WR)

    def _through(self, way: str, data: bytes) -> bytes:
        """What comes out at the other end."""
        before = self.carried[way]
        self.carried[way] += len(data)
        for at, happens in ((self._flip_at, self._flipped), (self._cut_at, self._cut_off)):
            if at is not None and at[0] == way and before <= at[1] < before + len(data):
                data = happens(data, at[1] - before)
        return data

    @staticmethod
    def _flipped(data: bytes, place: int) -> bytes:
        return data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]

    def _cut_off(self, data: bytes, place: int) -> bytes:
        self.cut()
        return b""

    def _cut_again_and_again(self) -> None:
        assert self._life is not None
        while not self._ended.wait(self._draw.uniform(0.8, 1.2) * self._life):
            self.cut()

    def cut(self) -> None:
        """End every connection, as a valley does."""
        with self._lock:
            self.cuts += bool(self._open)
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def __enter__(self) -> WeakLink:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self.cut()
        for thread in self._threads:
            thread.join()
        for one in (self._listening, *self._all):
            one.close()
