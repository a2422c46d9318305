"""The link to a hub: how long we wait on it, what it carried, and why it failed.

Law: nothing waits without an end. A name is looked up and a connection made within `connect_seconds`; after that a link
on which nothing moves for `silence_seconds` is cut. A foreign error becomes one of ours here, with a reason as a key.
"""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from fieldvault.errors import FieldvaultError, HubUnreachable

if TYPE_CHECKING:
    import ssl

PIECE_BYTES = 16 << 10  # sent at once: a time-out covers one piece, so that a slow link has its time for each

# Small, so that bytes the kernel took are soon on the way: behind megabytes of buffer a slow link looks dead.
_SEND_BUFFER_BYTES = 64 << 10
_ADDRESSES_MAX = 4

Direction = Literal["received", "sent"]


class Progress(Protocol):
    """Told what moved since the last call, as it moves."""

    def __call__(self, octets: int, objects: int, direction: Direction) -> None: ...


def no_progress(octets: int, objects: int, direction: Direction) -> None:
    """For whoever does not watch."""


@dataclass(frozen=True)
class Limits:
    """How long a link may keep us waiting, in seconds, and the slowest link that still counts as one."""

    connect_seconds: float = 5.0
    silence_seconds: float = 15.0
    slowest_bytes_per_second: int = 8_000


DEFAULT_LIMITS = Limits()


def connect(host: str, port: int, limits: Limits) -> socket.socket:
    """A connected TCP socket whose every send and receive ends within the limits; OSError otherwise."""
    failure: OSError = OSError(errno.EHOSTUNREACH, "no address")
    for family, kind, protocol, _, place in _addresses(host, port, limits.connect_seconds)[:_ADDRESSES_MAX]:
        connected = socket.socket(family, kind, protocol)
        try:
            _limit(connected, limits)
            connected.settimeout(limits.connect_seconds)
            connected.connect(place)
            connected.settimeout(limits.silence_seconds)
            return connected
        except OSError as error:
            connected.close()
            failure = error
    raise failure


def _limit(connecting: socket.socket, limits: Limits) -> None:
    connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connecting.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: sent and not acknowledged for this long is a cut
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(limits.silence_seconds * 1000))


def acknowledge_at_once(receiving: socket.socket) -> None:
    """Of what comes next, here and now. A server that answers in pieces, as git daemon does, sends the second when the
    first is acknowledged, and a kernel that is not told so keeps that back for 40 ms, in case we had something to say.
    """
    if hasattr(socket, "TCP_QUICKACK"):  # Linux, which forgets it soon
        receiving.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


_Found = list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[object, ...]]]


def _addresses(host: str, port: int, seconds: float) -> _Found:
    """getaddrinfo with an end: in a cellar it asks each of three name servers for five seconds, twice."""
    found: _Found = []
    failure: list[OSError] = [TimeoutError(errno.ETIMEDOUT, "name look-up")]

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM))
        except OSError as error:
            failure.append(error)
        except UnicodeError:  # a host that no name can be
            failure.append(socket.gaierror(socket.EAI_NONAME, "no such name"))

    asking = threading.Thread(target=look_up, daemon=True)
    asking.start()
    asking.join(seconds)
    if not found:
        raise failure[-1]
    return found


def unreachable(host: str, error: BaseException) -> FieldvaultError:
    """What stopped us, from the first error of a chain that says it."""
    import ssl

    for cause in causes(error):
        if isinstance(cause, FieldvaultError):
            return cause
        if isinstance(cause, ssl.SSLCertVerificationError):
            return HubUnreachable("hub-certificate", host=host, reason=_certificate_reason(cause))
        if reason := _reason(cause):
            return HubUnreachable("hub-unreachable", host=host, reason=reason)
    return HubUnreachable("hub-unreachable", host=host, reason="cut")


def _reason(cause: BaseException) -> str | None:
    import ssl

    if isinstance(cause, socket.gaierror):
        return "name"
    if isinstance(cause, TimeoutError):
        return "timeout"
    if isinstance(cause, ConnectionRefusedError):
        return "refused"
    if isinstance(cause, ssl.SSLError):
        return "tls"
    if isinstance(cause, OSError) and cause.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN):
        return "no-route"
    return None


# X509_V_ERR_* of OpenSSL
_CERTIFICATE_REASONS = {9: "not-yet-valid", 10: "expired", 18: "authority", 19: "authority", 20: "authority"}
_CERTIFICATE_REASONS |= {21: "authority", 62: "name", 64: "name"}


def _certificate_reason(error: ssl.SSLCertVerificationError) -> str:
    return _CERTIFICATE_REASONS.get(error.verify_code, "untrusted")


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came from; urllib3 also keeps the cause among its arguments."""
    seen: set[int] = set()
    pending = [error]
    while pending:
        current = pending.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        found = [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
        pending += [cause for cause in found if isinstance(cause, BaseException)]
