"""When the network may have come back, and how long this machine has slept.

Law: hints only. That a link is up does not mean that the hub can be reached: the hub's own answer is the probe.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LINK, _IPV4_ADDRESS, _IPV4_ROUTE, _IPV6_ADDRESS, _IPV6_ROUTE = 0x1, 0x10, 0x40, 0x100, 0x400  # rtnetlink's groups
_GROUPS = _LINK | _IPV4_ADDRESS | _IPV4_ROUTE | _IPV6_ADDRESS | _IPV6_ROUTE
_NEW = frozenset((16, 20, 24))  # RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE: what is removed brings no network back
_HEADER = struct.Struct("=LHHLL")


def slept_seconds() -> float:
    """How long this machine has slept since it was started; 0.0 where the system does not say."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)


@contextmanager
def watching_network(tell: Callable[[], None]) -> Iterator[None]:
    """Call `tell`, in a thread of its own, whenever a link, an address or a route appears. Silent where the system has
    no netlink, or does not let us listen.
    """
    source = _netlink()
    if source is None:
        yield
        return
    stop_read, stop_write = socket.socketpair()
    thread = threading.Thread(target=_listen, args=(source, stop_read, tell), name="fv-network", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop_write.send(b"!")
        thread.join()
        for one in (source, stop_read, stop_write):
            one.close()


def _netlink() -> socket.socket | None:
    if not sys.platform.startswith("linux"):
        return None
    with contextlib.suppress(OSError):
        source = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        try:
            source.bind((0, _GROUPS))
        except OSError:
            source.close()
            raise
        return source
    return None


def _listen(source: socket.socket, stop: socket.socket, tell: Callable[[], None]) -> None:
    while True:
        readable, _, _ = select.select([source, stop], [], [])
        if stop in readable:
            return
        try:
            data = source.recv(65536)
        except OSError:  # more came than the socket holds
            tell()
            continue
        if brings_network(data):
            tell()


def brings_network(data: bytes) -> bool:
    """Whether a datagram of rtnetlink tells of something new."""
    start = 0
    while start + _HEADER.size <= len(data):
        length, kind, _, _, _ = _HEADER.unpack_from(data, start)
        if kind in _NEW:
            return True
        if length < _HEADER.size:
            return False
        start += (length + 3) & ~3
    return False
