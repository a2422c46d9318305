"""Links that cut, and links that change a byte: every sync gets something across, and in the end all is there.

Real git daemon behind tests/links.py. One byte at a time: tests/faults/test_any_byte.py.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fieldvault.actions.ground.device import device
from fieldvault.actions.setting_up.clone import clone
from fieldvault.actions.syncing.combining import Combined, combine
from fieldvault.actions.syncing.hubnotes import HubNotes, origin
from fieldvault.actions.syncing.patience import Patience
from fieldvault.actions.tending.leaving_out import leave_out
from fieldvault.errors import HubUnreachable
from tests.links import WeakLink
from tests.servers import Servers
from tests.world import Desk, World, now

pytestmark = pytest.mark.peers

RATE = 400_000
FILES = {"fieldvault.yaml": "format: 1\n", "a.yaml": "name: A\nphone: 1\n", "b.yaml": "name: B\n"}


@pytest.fixture
def world(servers: Servers, nobodys_settings: None) -> Iterator[World]:
    folder = servers.repository().path
    yield World(folder.with_suffix(""), None)


def weak_link(servers: Servers, **faults: Any) -> WeakLink:
    """A way to the session's git daemon."""
    listener = servers.git().listener
    assert listener is not None
    return WeakLink(listener.port, **faults)


def through(link: WeakLink, desk: Desk, world: World, servers: Servers) -> None:
    desk.git("config", "remote.origin.url", f"git://127.0.0.1:{link.port}/{world.hub.relative_to(servers.root)}")


def directly(desk: Desk, world: World) -> None:
    desk.git("config", "remote.origin.url", str(world.hub))


def sync_until_through(desk: Desk, link: WeakLink) -> None:
    """Each sync gets something across; a few do it all."""
    for _ in range(5):
        before = sum(link.carried.values())
        report = desk.sync()
        if report.unreachable is None:
            return
        desk.assert_clean()
        assert sum(link.carried.values()) > before
    pytest.fail(f"not through: {report.unreachable}")


def attach(desk: Desk, count: int, size: int, seed: int) -> None:
    for number in range(count):
        desk.write(f"files/{number}.pdf", random.Random(f"{seed}/{number}").randbytes(size))
        desk.write(f"customers/{number}.yaml", f"name: {number}\n")
        desk.commit()


@pytest.mark.slow
def test_a_push_through_a_link_that_drops_every_second(world: World, servers: Servers) -> None:
    marc = world.first("Marc", files=FILES)
    attach(marc, 6, 200_000, 1)
    with weak_link(servers, rate=RATE, life=0.9, seed=4) as link:
        through(link, marc, world, servers)
        sync_until_through(marc, link)
        assert link.cuts >= 2
        assert link.carried["up"] < 1.9 * 1_200_000
    assert world.hub_git("rev-parse", "main") == marc.head()
    world.hub_git.assert_sound()


@pytest.mark.slow
def test_a_fetch_through_a_link_that_drops_every_second(world: World, servers: Servers) -> None:
    marc = world.first("Marc", files=FILES)
    ines = world.join("Ines")
    attach(marc, 6, 200_000, 2)
    marc.sync()
    with weak_link(servers, rate=RATE, life=0.9, seed=5) as link:
        through(link, ines, world, servers)
        sync_until_through(ines, link)
        assert link.cuts >= 2
        assert link.carried["down"] < 1.9 * 1_200_000
    assert ines.files() == marc.files()
    ines.assert_clean()
    assert not list((ines.root / ".git/fieldvault/incoming").rglob("*.pack"))


def test_what_came_before_the_cut_stays_hidden_from_git_and_is_not_asked_for_again(
    world: World, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    marc = world.first("Marc", files=FILES)
    ines = world.join("Ines")
    attach(marc, 4, 100_000, 3)
    marc.sync()
    before = ines.git("rev-parse", "origin/main"), ines.git("count-objects", "-v")
    cut_late = weak_link(servers, cut_at=("down", 340_000))
    with monkeypatch.context() as impatient, cut_late as link:

        def give_up(_: Patience, error: HubUnreachable) -> None:
            raise error

        impatient.setattr(Patience, "after", give_up)
        through(link, ines, world, servers)
        assert ines.sync().unreachable is not None
    assert (ines.git("rev-parse", "origin/main"), ines.git("count-objects", "-v")) == before
    ines.assert_clean()
    with weak_link(servers) as link:
        through(link, ines, world, servers)
        assert ines.sync().unreachable is None
        assert link.carried["down"] < 220_000  # of 400,000; git's packets of 64 kB are whole or lost
    assert ines.files() == marc.files()
    ines.assert_clean()


def test_a_hub_that_is_just_writing_the_branch_refuses_nothing(world: World, servers: Servers) -> None:
    """As after a cut: the server is still busy with the push whose answer never came."""
    marc = world.first("Marc", files=FILES)
    marc.write("a.yaml", "name: A\nphone: 2\n")
    lock = world.hub / "refs/heads/main.lock"
    lock.touch()
    with weak_link(servers) as link:
        through(link, marc, world, servers)
        done = threading.Timer(0.3, lock.unlink)
        done.start()
        marc.sync()
        done.join()
        assert marc.sync().confirmed
    assert world.hub_git("rev-parse", "main") == marc.head()


def test_a_server_that_cuts_what_is_silent_while_we_merge(
    world: World, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The channel of the push is opened before it is needed, and a merge can take long."""
    marc = world.first("Marc", files=FILES)
    ines = world.join("Ines")
    marc.edit("a.yaml", "name: A", "name: C")
    marc.sync()
    ines.edit("a.yaml", "phone: 1", "phone: 2")
    with weak_link(servers) as link:
        through(link, ines, world, servers)
        with ines.vault() as vault:
            HubNotes(origin(vault), inboxes=()).save(vault)  # it has to be the push to main

        def long_combine(*arguments: Any) -> Combined:
            link.cut()
            return combine(*arguments)

        monkeypatch.setattr("fieldvault.actions.syncing.sync.combine", long_combine)
        assert ines.sync().unreachable is None
        assert link.cuts <= 2
    assert world.hub_git("rev-parse", "main") == ines.head()
    assert ines.read("a.yaml") == "name: C\nphone: 2\n"


@pytest.mark.slow
def test_a_clone_goes_on_where_it_was_cut(
    world: World, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    marc = world.first("Marc", files=FILES)
    attach(marc, 6, 200_000, 6)
    marc.sync()
    monkeypatch.setattr("fieldvault.actions.syncing.patience._TRIES", {})  # one cut ends a command
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "x@example.org")
    target, cuts = tmp_path / "ines", 0
    with weak_link(servers, rate=RATE, life=1.2, seed=7) as link:
        for _ in range(20):
            try:
                clone(f"git://127.0.0.1:{link.port}/{world.hub.relative_to(servers.root)}", target, now)
                break
            except HubUnreachable as error:
                cuts += 1
                assert error.kind == "clone-cut" or not target.exists()
        assert cuts >= 2
        assert link.carried["down"] < 1.9 * 1_200_000
    ines = Desk(target, "Ines")
    assert ines.files() == marc.files()
    ines.assert_clean()


def test_status_tells_why_it_did_not_get_through(world: World) -> None:
    marc = world.first("Marc", files=FILES)
    marc.write("c.yaml", "name: C\n")
    marc.git("config", "remote.origin.url", "git://127.0.0.1:9/sales.git")
    marc.sync()
    report = marc.status()
    assert report.failure is not None and report.failure.facts["reason"] == "refused"
    assert (report.waiting, report.delivered, report.answered_at) == (1, 0, None)
    directly(marc, world)
    marc.sync()
    assert marc.status().failure is None and marc.status().answered_at is not None


@pytest.mark.slow
def test_one_file_that_is_too_much_for_the_link_is_named(world: World, servers: Servers) -> None:
    marc = world.first("Marc", files=FILES)
    attach(marc, 2, 3_000, 8)
    small = marc.head()
    attach(marc, 1, 250_000, 9)
    with weak_link(servers, rate=60_000, life=1.5, seed=10) as link:
        through(link, marc, world, servers)
        error = marc.sync().unreachable
    assert error is not None and (error.kind, error.exit_code) == ("commit-too-large", 4)
    assert error.facts["oid"] == marc.head() and error.facts["file"] == "files/0.pdf"
    assert error.facts["octets"] == 250_000 and error.facts["reason"] in ("cut", "timeout")
    with marc.vault() as vault:
        assert world.hub_git("rev-parse", f"refs/fv/1/inbox/{device(vault)}") == small
        leave_out(vault, now)
    directly(marc, world)
    assert marc.sync().unreachable is None
    assert "files/0.pdf" in marc.files()  # the version before it
