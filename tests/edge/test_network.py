"""Hints that the network has come back."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import threading

import pytest

from fieldvault.edge.network import brings_network, slept_seconds, watching_network

NEWLINK, DELLINK, NEWADDR, NEWROUTE, DELROUTE = 16, 17, 20, 24, 25


def message(kind: int, payload: bytes = b"12345") -> bytes:
    padded = payload + b"\0" * (-len(payload) % 4)
    return struct.pack("=LHHLL", 16 + len(payload), kind, 0, 1, 0) + padded


def test_what_appears_counts_and_what_goes_does_not() -> None:
    assert all(brings_network(message(kind)) for kind in (NEWLINK, NEWADDR, NEWROUTE))
    assert not any(brings_network(message(kind)) for kind in (DELLINK, DELROUTE))
    assert brings_network(message(DELROUTE) + message(NEWROUTE))
    assert not brings_network(b"") and not brings_network(message(DELLINK)[:7]) and not brings_network(b"\0" * 40)


def test_it_ends_at_once() -> None:
    before = threading.active_count()
    with watching_network(lambda: None):
        pass
    assert threading.active_count() == before


def test_the_time_slept_does_not_run_while_awake() -> None:
    assert 0 <= slept_seconds() - slept_seconds() + 0.01 < 0.02


LISTENER = """
import subprocess, threading
from fieldvault.edge.network import watching_network
heard = threading.Event()
with watching_network(heard.set):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print("heard" if heard.wait(5) else "silence")
"""


@pytest.mark.skipif(shutil.which("unshare") is None or shutil.which("ip") is None, reason="needs unshare and ip")
def test_a_link_that_comes_up_is_heard() -> None:
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", LISTENER], capture_output=True, text=True, timeout=30, check=False
    )
    if "Operation not permitted" in done.stderr:
        pytest.skip("may not make a network of its own")
    assert done.stdout == "heard\n", done.stderr
