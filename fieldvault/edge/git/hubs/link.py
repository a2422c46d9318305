"""The link to a hub: how long we wait on it, what it carried, and why it failed.

Law: nothing waits without an end. A foreign error becomes one of ours here, with a reason as a key.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from fieldvault.errors import FieldvaultError, HubUnreachable

if TYPE_CHECKING:
    import ssl

PIECE_BYTES = 16 << 10  # sent at once: a time-out covers one piece, so that a slow link has its time for each

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
