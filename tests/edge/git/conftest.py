"""A repository of real git with its objects; hubs of every kind: one server of each a session, one new one a test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.hubs.hub import Hub
from fieldvault.edge.git.hubs.link import Direction, Limits
from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.edge.git.store.objects import Objects
from tests.gitenv import Git
from tests.servers import Servers

KINDS = ("path", "file", "git", "ssh", "ssh-v0", "http", "https")
PATIENT = Limits(connect_seconds=10, silence_seconds=30)  # two cores that ten tests share may be slow


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return Git(tmp_path / "vault").init()


@pytest.fixture
def objects(git: Git) -> Iterator[Objects]:
    with Objects(git.path / ".git") as objects:
        yield objects


@dataclass
class Moved:
    """What a hub says it moved."""

    octets: dict[str, int] = field(default_factory=lambda: {"received": 0, "sent": 0})
    objects: dict[str, int] = field(default_factory=lambda: {"received": 0, "sent": 0})

    def __call__(self, octets: int, objects: int, direction: Direction) -> None:
        self.octets[direction] += octets
        self.objects[direction] += objects


@dataclass
class Site:
    """One hub with real git inside it, and as many vaults as a test wants."""

    kind: str
    git: Git
    url: str
    folder: Path
    moved: Moved
    hub: Hub
    _stack: contextlib.ExitStack

    def vault(self, name: str = "marc") -> Git:
        return Git(self.folder / name).init()

    def objects(self, vault: Git) -> Objects:
        return self._stack.enter_context(Objects(vault.path / ".git"))

    def publish(self, vault: Git, new: Oid, old: Oid | None = None, ref: str = "refs/heads/main") -> str | None:
        return self.hub.publish(self.objects(vault), {ref: (old, new)})[ref]

    def another(self) -> Hub:
        return self._stack.enter_context(open_hub(self.url, self.folder, limits=PATIENT))


def _kind(kind: str) -> object:
    return kind if kind in ("path", "file") else pytest.param(kind, marks=pytest.mark.peers)


@pytest.fixture(params=[_kind(kind) for kind in KINDS])
def kind(request: pytest.FixtureRequest) -> str:
    wanted: str = request.param
    return wanted


@pytest.fixture
def site(
    kind: str, servers: Servers, nobodys_settings: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Site]:
    git = servers.repository()
    url = servers.url(kind, git.path.name, monkeypatch)
    moved = Moved()
    with contextlib.ExitStack() as stack:
        hub = stack.enter_context(open_hub(url, tmp_path, moved, limits=PATIENT))
        yield Site(kind, git, url, tmp_path, moved, hub, stack)
