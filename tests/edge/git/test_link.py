"""A link ends what waits too long, and names what went wrong."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from fieldvault.edge.git.hubs.address import parse_address
from fieldvault.edge.git.hubs.connecting import connect
from fieldvault.edge.git.hubs.link import Limits, Underway, no_progress, unreachable
from fieldvault.edge.git.hubs.ssh import Watchdog
from fieldvault.edge.git.hubs.tcp import TcpChannel
from fieldvault.errors import FieldvaultError, HubUnreachable
from tests import peers
from tests.peers.ground import wait_for


def test_a_name_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: answered.wait(10) and [])
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        connect("hub.example", 9418, Limits(connect_seconds=0.2))
    assert time.monotonic() - start < 2
    answered.set()


def test_a_connection_is_begun_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody wants any more is closed, whenever it comes."""
    answered = threading.Event()
    with peers.silent_server() as port:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: answered.wait(10) and found)
        address = parse_address(f"git://hub.example:{port}/hub.git", Path())
        start = time.monotonic()
        channel = TcpChannel(address, "upload-pack", 2, Limits(silence_seconds=1), no_progress)
        channel.close()
        assert time.monotonic() - start < 1
        threads = threading.active_count()
        answered.set()
        wait_for(lambda: threading.active_count() == threads - 1)
        with pytest.raises(FieldvaultError) as error:
            channel.read(1)
        assert error.value.facts["reason"] == "cut"


def test_a_second_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with an IPv6 address that leads nowhere is no host that is away."""
    with peers.silent_server() as port:
        closed, open_one = ("127.0.0.1", peers.free_port()), ("127.0.0.1", port)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", place) for place in (closed, open_one)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
        with connect("hub.example", 9418, Limits()) as connected:
            assert connected.getpeername() == open_one
            assert connected.gettimeout() == Limits().silence_seconds


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="Linux alone lets a program say so")
def test_an_answer_in_two_pieces_is_not_held_up() -> None:
    """As git daemon sends its packs: the kernel of the server waits with the second piece."""

    def answer(listening: socket.socket) -> None:
        server, _ = listening.accept()
        with server, contextlib.suppress(OSError):
            while server.recv(4096):
                server.sendall(b"one")
                server.sendall(b"two")

    took = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answer, args=(listening,), daemon=True).start()
        address = parse_address(f"git://127.0.0.1:{listening.getsockname()[1]}/hub.git", Path())
        channel = TcpChannel(address, "upload-pack", 0, Limits(), no_progress)
        for _ in range(10):
            start = time.monotonic()
            assert channel.read(3) + channel.read(3) == b"onetwo"
            took.append(time.monotonic() - start)
            channel.write(b"more")
        channel.close()
    assert sorted(took)[len(took) // 2] < 0.02


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "no such name"), "name"),
        (TimeoutError(), "timeout"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "refused"),
        (OSError(errno.ENETUNREACH, "no net"), "no-route"),
        (OSError(errno.EHOSTUNREACH, "no way"), "no-route"),
        (ssl.SSLError("wrong version"), "tls"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "cut"),
    ],
)
def test_the_reason_is_found_below_what_libraries_say(cause: Exception, reason: str) -> None:
    error = unreachable("hub.example", cause)
    assert isinstance(error, HubUnreachable)
    assert (error.kind, error.facts) == ("hub-unreachable", {"host": "hub.example", "reason": reason})


@pytest.mark.parametrize(("code", "reason"), [(10, "expired"), (9, "not-yet-valid"), (19, "authority"), (62, "name")])
def test_what_is_wrong_with_a_certificate(code: int, reason: str) -> None:
    cause = ssl.SSLCertVerificationError(1, "certificate verify failed")
    cause.verify_code = code
    error = unreachable("hub.example", cause)
    assert (error.kind, error.facts["reason"]) == ("hub-certificate", reason)


def test_a_watchdog_waits_as_long_as_something_moves() -> None:
    stopped = threading.Event()
    watchdog = Watchdog(stopped.set)
    watchdog.allow(60)
    for _ in range(5):
        watchdog.allow(0.3)
        assert not stopped.wait(0.1)
    assert stopped.wait(5)


def test_a_watchdog_that_is_called_off_stays_quiet() -> None:
    stopped = threading.Event()
    watchdog = Watchdog(stopped.set)
    watchdog.allow(0.1)
    watchdog.cancel()
    assert not stopped.wait(0.3)


class TestUnderway:
    LIMITS = Limits(silence_seconds=15, slowest_bytes_per_second=8_000)

    def test_what_a_slow_link_may_still_carry_is_waited_for(self) -> None:
        underway = Underway(self.LIMITS)
        assert underway.seconds() == 15
        underway.sent(400_000)
        assert underway.seconds() == 15 + 50
        underway.answered()
        assert underway.seconds() == 15

    def test_however_much_was_sent_the_wait_has_an_end(self) -> None:
        underway = Underway(self.LIMITS)
        underway.sent(500 << 20)
        assert underway.seconds() < 150
