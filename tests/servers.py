"""Servers for the tests of the wire and of sync: one of each kind a session, started when a test first needs it."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import peers
from tests.gitenv import Git

_SETTINGS = ("GIT_CONFIG_GLOBAL", "GIT_SSL_CAINFO", "GIT_SSH_COMMAND")


class Servers:
    """Starts the server of a kind when a test first needs it."""

    def __init__(self, root: Path, stack: contextlib.ExitStack) -> None:
        self.root = root
        self._stack = stack
        self._running: dict[str, peers.Peer] = {}
        self._numbers = itertools.count()

    def git(self) -> peers.Peer:
        return self._started("git", peers.git_daemon(self.root))

    def ssh(self, kind: str = "ssh") -> peers.SshPeer:
        peer = self._started(kind, peers.sshd(self.root, debian_defaults=kind == "ssh-v0"))
        assert isinstance(peer, peers.SshPeer)
        return peer

    def http(self) -> peers.HttpPeer:
        peer = self._started("http", peers.nginx(self.root))
        assert isinstance(peer, peers.HttpPeer)
        return peer

    def _started(self, kind: str, peer: contextlib.AbstractContextManager[peers.Peer]) -> peers.Peer:
        if kind not in self._running:
            self._running[kind] = self._stack.enter_context(peer)
        return self._running[kind]

    def url(self, kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> str:
        """The address of a repository below the root, with what its kind needs in the environment."""
        if kind == "git":
            return self.git().url(name)
        if kind.startswith("ssh"):
            peer = self.ssh(kind)
            monkeypatch.setenv("GIT_SSH_COMMAND", peer.command)
            return peer.url(name)
        if kind == "http":
            return self.http().url(name)
        if kind == "https":
            self.log_in(monkeypatch)
            return self.http().secure_url(name)
        return ("file://" if kind == "file" else "") + str(self.root / name)

    def log_in(self, monkeypatch: pytest.MonkeyPatch, password: str = peers.PASSWORD) -> None:
        """Trust the test CA, and give git a credential helper that knows this password."""
        monkeypatch.setenv("GIT_SSL_CAINFO", str(self.http().authority))
        helper = f"!f() {{ test $1 = get && echo username={peers.USER} && echo 'password={password}'; }}; f"
        settings = self.root / f"config{next(self._numbers)}"
        Git(self.root)("config", "--file", str(settings), "credential.helper", helper)
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))

    def repository(self) -> Git:
        """A new bare repository."""
        return Git(self.root / f"hub {next(self._numbers)}.git").init(bare=True)


def settings_of_hubs() -> dict[str, str]:
    """What a kind of hub needs of a person, as `Servers.url` has set it: the key, the certificate, the login."""
    return {name: os.environ[name] for name in _SETTINGS if name in os.environ}


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with contextlib.ExitStack() as stack:
        # The sockets of ssh's kept connections lie here, and go when the servers do.
        runtime = stack.enter_context(peers.short_folder())
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        yield Servers(tmp_path_factory.mktemp("hubs"), stack)


@pytest.fixture
def nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine or of the person who runs the tests."""
    for name in list(os.environ):
        if name.startswith("GIT_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path))
