"""Questions that a hub does not answer, for the tests of what may go wrong on the way to one."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fieldvault.edge.git.hubs.link import Limits
from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.edge.git.store.objects import Objects
from fieldvault.errors import FieldvaultError
from tests import peers
from tests.edge.git.conftest import Servers

MAIN = "refs/heads/main"
HASTY = Limits(connect_seconds=0.5, silence_seconds=0.7)
BRISK = Limits(connect_seconds=3, silence_seconds=1.5)


def failure(ask: Callable[[], object]) -> FieldvaultError:
    """The error that a question ends with, which must not take longer than anybody would wait."""
    start = time.monotonic()
    with pytest.raises(FieldvaultError) as raised:
        ask()
    assert time.monotonic() - start < 10
    assert peers.PASSWORD not in repr(raised.value)
    return raised.value


def tips(url: str, root: Path, limits: Limits = HASTY) -> Callable[[], object]:
    def ask() -> None:
        with open_hub(url, root, limits=limits) as hub:
            hub.tips()

    return ask


def trusting(monkeypatch: pytest.MonkeyPatch, servers: Servers) -> str:
    """GIT_SSH_COMMAND that logs in, whatever port the server is reached by."""
    command = servers.ssh().command + " -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    monkeypatch.setenv("GIT_SSH_COMMAND", command)
    return command


def fetch(url: str, root: Path, objects: Objects, tip: str) -> None:
    with open_hub(url, root, limits=BRISK) as hub:
        hub.fetch(objects, [tip], [])


def publish(url: str, root: Path, objects: Objects, tip: str) -> dict[str, str | None]:
    with open_hub(url, root, limits=BRISK) as hub:
        return hub.publish(objects, {MAIN: (None, tip)})
