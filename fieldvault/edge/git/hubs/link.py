"""The link to a hub: how long we wait on it, what it carried, and why it failed.

Law: nothing waits without an end. A foreign error becomes one of ours here, with a reason as a key.
"""

from __future__ import annotations

import errno
import socket
import time
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

_AHEAD_BYTES = 1 << 20  # what kernels, ssh and boxes on the way take at once and carry later, at the most


class Underway:
    """What was sent and not answered yet. It may still be on its way when all of it has been taken from us, so a
    silence after that may be the link at work: at the rate at which the rest has gone, or at the slowest.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._octets = 0
        self._since = 0.0

    def sent(self, octets: int) -> None:
        if not self._octets:
            self._since = time.monotonic()
        self._octets += octets

    def answered(self) -> None:
        self._octets = 0

    def seconds(self) -> float:
        """How long the next silence may last."""
        ahead = min(self._octets, _AHEAD_BYTES)
        took = time.monotonic() - self._since
        rate = (self._octets - ahead) / took if took else 0.0
        return self._limits.silence_seconds + ahead / max(rate, self._limits.slowest_bytes_per_second)


def unreachable(host: str, error: Exception) -> FieldvaultError:
    """What stopped us."""
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return HubUnreachable("hub-certificate", host=host, reason=_certificate_reason(error))
    return HubUnreachable("hub-unreachable", host=host, reason=_reason(error))


def _reason(error: Exception) -> str:
    import ssl

    if isinstance(error, socket.gaierror):
        return "name"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, OSError) and error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN):
        return "no-route"
    return "cut"


# X509_V_ERR_* of OpenSSL
_CERTIFICATE_REASONS = {9: "not-yet-valid", 10: "expired", 18: "authority", 19: "authority", 20: "authority"}
_CERTIFICATE_REASONS |= {21: "authority", 62: "name", 64: "name"}


def _certificate_reason(error: ssl.SSLCertVerificationError) -> str:
    return _CERTIFICATE_REASONS.get(error.verify_code, "untrusted")
