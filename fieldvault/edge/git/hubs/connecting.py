"""A TCP connection: begun at once, and waited for where it is needed.

Law: nothing waits without an end. A name is looked up and each of its addresses tried for `connect_seconds`; after that
a send or a receive on which nothing moves for `silence_seconds` ends.
"""

from __future__ import annotations

import errno
import selectors
import socket
import threading

from fieldvault.edge.git.hubs.link import Limits

# Small, so that bytes the kernel took are soon on the way: behind megabytes of buffer a slow link looks dead.
_SEND_BUFFER_BYTES = 64 << 10
_ADDRESSES_MAX = 4


class Connecting:
    """A thread makes it: a look-up has no end of its own. In a cellar it asks each of three name servers for five
    seconds, twice.
    """

    def __init__(self, host: str, port: int, limits: Limits, first: bytes = b"") -> None:
        """`first` is sent as soon as the connection stands."""
        self._limits = limits
        self._looked_up = threading.Event()
        self._failure = OSError(errno.EHOSTUNREACH, "no address")
        self._made: socket.socket | None = None
        self._wanted = True
        self._turn = threading.Lock()  # of those that may have to close what was made
        self._making = threading.Thread(target=self._make, args=(host, port, first), daemon=True)
        self._making.start()

    def result(self) -> socket.socket:
        """The connection, whose every send and receive ends within the limits; OSError where there is none."""
        try:
            if not self._looked_up.wait(self._limits.connect_seconds):
                raise TimeoutError(errno.ETIMEDOUT, "name look-up")
            self._making.join()
        except BaseException:  # a person who interrupts
            self.close()
            raise
        if self._made is None:
            raise self._failure
        return self._made

    def close(self) -> None:
        """The connection that stands, or will."""
        with self._turn:
            self._wanted = False
        if self._made is not None:
            self._made.close()

    def _make(self, host: str, port: int, first: bytes) -> None:
        try:
            found = socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM)[:_ADDRESSES_MAX]
        except OSError as error:
            found, self._failure = [], error
        except UnicodeError:  # a host that no name can be
            found, self._failure = [], socket.gaierror(socket.EAI_NONAME, "no such name")
        self._looked_up.set()
        for family, kind, protocol, _, place in found:
            connecting = socket.socket(family, kind, protocol)
            try:
                _limit(connecting, self._limits)
                connecting.connect(place)
                connecting.settimeout(self._limits.silence_seconds)
                connecting.sendall(first)
            except OSError as error:
                connecting.close()
                self._failure = error
                continue
            with self._turn:
                self._made = connecting
                if not self._wanted:
                    connecting.close()
            return


def connect(host: str, port: int, limits: Limits) -> socket.socket:
    """A connection, waited for; see Connecting.result."""
    return Connecting(host, port, limits).result()


def hung_up(idle: socket.socket) -> bool:
    """Whether the other end of a connection is gone: what waits for a question says nothing but its goodbye."""
    with selectors.DefaultSelector() as looking:
        looking.register(idle, selectors.EVENT_READ)
        return bool(looking.select(0))


def acknowledge_at_once(receiving: socket.socket) -> None:
    """Of what comes next, here and now. A server that answers in pieces, as git daemon does, sends the second when the
    first is acknowledged, and a kernel that is not told so keeps that back for 40 ms, in case we had something to say.
    """
    if hasattr(socket, "TCP_QUICKACK"):  # Linux, which forgets it soon
        receiving.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _limit(connecting: socket.socket, limits: Limits) -> None:
    connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connecting.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Linux: sent and not acknowledged for this long is a cut. Twice a silence: a box on the way that is full
        # takes nothing more until half of what it has is carried.
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(2 * limits.silence_seconds * 1000))
    connecting.settimeout(limits.connect_seconds)
