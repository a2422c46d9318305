"""The long runs of what a bad link and a crowd do, in `make faults`: what is sent, against what had to be.

Real git daemon; `pytest -s` shows the numbers. On a machine that others keep busy `FV_SLOWER=6` slows the link as much
as we are slowed, so that the bytes are those of a free one.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fieldvault.actions.setting_up.clone import clone
from fieldvault.errors import HubUnreachable
from tests.gitenv import Git
from tests.links import WeakLink
from tests.servers import Servers
from tests.world import Desk, World, as_person, now

pytestmark = [
    pytest.mark.peers,
    pytest.mark.at_length,
    pytest.mark.usefixtures("nobodys_settings"),
]

SLOWER = float(os.environ.get("FV_SLOWER", "1"))
RATE = 400_000 / SLOWER
COMMITS, OCTETS = 12, 300_000
CLIENTS, CLIENTS_SECONDS, LOST_MAX = 40, 120, 3
FILES = {"fieldvault.yaml": "format: 1\n", "a.yaml": "name: A\n"}


class Place:
    """A hub behind git daemon, with Marc's desk, who syncs with its folder."""

    def __init__(self, servers: Servers, tmp_path: Path) -> None:
        hub = servers.repository()
        hub("config", "uploadpack.allowFilter", "true")
        self.hub: Git = hub
        listener = servers.git().listener
        assert listener is not None
        self.port = listener.port
        self.world = World(tmp_path, str(hub.path))
        self.marc = self.world.first("Marc", files=FILES)

    def url(self, port: int) -> str:
        return f"git://127.0.0.1:{port}/{self.hub.path.name}"

    def attach(self) -> None:
        for number in range(COMMITS):
            self.marc.write(f"files/{number}.pdf", random.Random(number).randbytes(OCTETS))
            self.marc.write(f"customers/{number}.yaml", f"name: {number}\n")
            self.marc.commit()


@pytest.fixture
def place(servers: Servers, tmp_path: Path) -> Place:
    return Place(servers, tmp_path)


@pytest.mark.parametrize(("life", "most"), [(3.0, 1.3), (1.0, 1.7)])
def test_twelve_commits_through_a_link_that_is_cut(life: float, most: float, place: Place) -> None:
    place.attach()
    start = time.monotonic()
    with WeakLink(place.port, rate=RATE, life=life * SLOWER, seed=1) as link:
        place.marc.git("remote", "set-url", "origin", place.url(link.port))
        while place.marc.sync().unreachable is not None:
            assert time.monotonic() - start < 300 * SLOWER
        ratio = link.carried["up"] / (COMMITS * OCTETS)
    print(f"push, cut every {life} s: {ratio:.2f}x, {link.cuts} cuts, {time.monotonic() - start:.0f} s")
    assert place.hub("rev-parse", "main") == place.marc.head()
    place.hub.assert_sound()
    assert ratio <= most


@pytest.mark.parametrize(("life", "most"), [(3.0, 1.4), (1.0, 1.7)])
def test_a_clone_through_a_link_that_is_cut(life: float, most: float, place: Place) -> None:
    place.attach()
    place.marc.sync()
    ines = Desk(place.world.folder / "ines", "Ines")
    start = time.monotonic()
    with WeakLink(place.port, rate=RATE, life=life * SLOWER, seed=2) as link, as_person(ines):
        while True:
            try:
                clone(place.url(link.port), ines.root, now)
                break
            except HubUnreachable:
                assert time.monotonic() - start < 300 * SLOWER
        ratio = link.carried["down"] / (COMMITS * OCTETS)
    print(f"clone, cut every {life} s: {ratio:.2f}x, {link.cuts} cuts, {time.monotonic() - start:.0f} s")
    assert ines.files() == place.marc.files()
    assert ratio <= most


def test_forty_clients_back_at_once(place: Place) -> None:
    """Each its own process; whoever is told to come again does."""
    url = place.url(place.port)
    place.marc.git("remote", "set-url", "origin", url)
    place.world.url = url
    desks = [place.marc, *(place.world.join(f"Desk{number}") for number in range(1, CLIENTS))]
    for desk in desks:
        desk.write(f"{desk.person}.yaml", f"name: {desk.person}\n")
        desk.edit("a.yaml", "name: A\n", f"name: A\nseen_by_{desk.person.lower()}: yes\n")
        desk.commit()
    start, lost, rounds, used = time.monotonic(), dict.fromkeys(desks, 0), 0, _processor_seconds()
    waiting = list(desks)
    while waiting:
        rounds += 1
        running = {desk: _sync(desk) for desk in waiting}
        waiting = []
        for desk, process in running.items():
            said = json.loads(process.communicate(timeout=CLIENTS_SECONDS * SLOWER)[0])
            lost[desk] = max(lost[desk], said["lost"])
            if process.returncode:
                waiting.append(desk)
    seconds = time.monotonic() - start
    used = _processor_seconds() - used
    times = sorted(lost.values())
    print(f"{CLIENTS} clients: {seconds:.0f} s ({used:.0f} s of processor), {rounds} syncs, races lost: {times}")
    for desk in desks:
        desk.sync()
    assert len({desk.head() for desk in desks}) == 1
    assert {f"{desk.person}.yaml" for desk in desks} <= place.marc.files().keys()
    assert place.marc.read("a.yaml").count("seen_by_") == CLIENTS
    place.hub.assert_sound()
    assert seconds < CLIENTS_SECONDS * SLOWER and max(lost.values()) <= LOST_MAX


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _sync(desk: Desk) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "FV_"))}
    words = [sys.executable, "-m", "fieldvault", "sync", "--json"]
    return subprocess.Popen(words, cwd=desk.root, env=kept | desk.environment, stdout=subprocess.PIPE, text=True)
