"""Large attachments on links that cut, and what they cost in memory."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fieldvault.edge.git.hubs.remotehub import RemoteHub
from tests.actions.test_attachments import content_of, pointer
from tests.actions.test_bad_links import directly, through, weak_link
from tests.actions.test_sync import CUSTOMER, FILES
from tests.servers import Servers
from tests.world import World

VIDEO = random.Random(7).randbytes(2_500_000)
RATE = 1_500_000

# A process of its own in between, because a child is charged with the memory of whoever started it.
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.fixture
def world(servers: Servers, nobodys_settings: None) -> Iterator[World]:
    yield World(servers.repository().path.with_suffix(""), None)


def shelves(world: World) -> list[str]:
    return world.hub_git("for-each-ref", "--format=%(objectname)", "refs/fv/1/att").split()


def test_an_upload_goes_on_where_it_was_cut_and_no_commit_goes_ahead_of_it(world: World, servers: Servers) -> None:
    marc = world.first("Marc", files=FILES)
    marc.edit(CUSTOMER, "tags: [", "tags: [before, ")
    marc.commit()
    before = marc.head()
    marc.write("tour.mp4", VIDEO)
    marc.commit()
    sent = cuts = 0
    for _ in range(20):
        with weak_link(servers, rate=RATE, life=0.7, seed=3) as link:
            through(link, marc, world, servers)
            report = marc.sync()
            sent += link.carried["up"]
            cuts += link.cuts
            named = world.hub_git("log", "--all", "--format=%H", "--", "tour.mp4").split()
            if report.unreachable is None:
                break
            assert not named or world.hub_git("ls-tree", "-r", "--name-only", shelves(world)[0]).count("\n") == 9
    assert report.unreachable is None and cuts >= 2 and sent < 3 * len(VIDEO)  # in one piece: never through
    assert world.hub_git.run("merge-base", "--is-ancestor", before, "main").returncode == 0
    world.hub_git.assert_sound()


def test_a_download_goes_on_where_it_was_cut_after_the_records(world: World, servers: Servers) -> None:
    marc = world.first("Marc", files=FILES)
    ines = world.join("Ines")
    marc.write("tour.mp4", VIDEO)
    marc.edit(CUSTOMER, "tags: [", "tags: [new, ")
    marc.sync()
    came = cuts = 0
    for _ in range(20):
        with weak_link(servers, rate=RATE, life=0.7, seed=5) as link:
            through(link, ines, world, servers)
            report = ines.sync()
            came += link.carried["down"]
            cuts += link.cuts
        held = ines.read_bytes("tour.mp4") if (ines.root / "tour.mp4").exists() else None
        assert held in (None, VIDEO, pointer(VIDEO).data)
        if held == VIDEO:
            break
        assert held is None or "new" in ines.read(CUSTOMER)
        ines.assert_clean()
    assert report.unreachable is None and cuts >= 2 and came < 3 * len(VIDEO)  # in one piece: never through
    ines.assert_clean()
    assert not list((ines.root / ".git/fieldvault/content").glob("*.part")) and content_of(ines, VIDEO).exists()


def test_a_server_that_gives_nothing_by_id_gives_all_in_one_piece(
    world: World, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As git's protocol before version 2, which an ssh server may be limited to."""
    monkeypatch.setattr(RemoteHub, "pieces", None)
    marc = world.first("Marc", files=FILES)
    ines = world.join("Ines")
    for desk in (marc, ines):
        desk.git("config", "remote.origin.url", servers.git().url(str(world.hub.relative_to(servers.root))))
    marc.write("tour.mp4", VIDEO)
    marc.sync()
    assert ines.sync().attachments == ["tour.mp4"] and ines.read_bytes("tour.mp4") == VIDEO
    ines.assert_clean()


@pytest.mark.at_length
@pytest.mark.parametrize(("life", "most"), [(3.0, 1.3), (1.0, 1.7)])
def test_sixty_megabytes_come_through_a_link_that_cuts(
    world: World, servers: Servers, life: float, most: float
) -> None:
    marc = world.first("Marc", files=FILES)
    content = random.Random(9).randbytes(60_000_000)
    marc.write("slides.pptx", content)
    sent = cuts = 0
    for _ in range(20):
        with weak_link(servers, rate=400_000, life=life, seed=9) as link:
            through(link, marc, world, servers)
            report = marc.sync()
            sent += link.carried["up"]
            cuts += link.cuts
        if report.unreachable is None:
            break
    print(f"cut every {life} s: {sent / len(content):.2f} of the payload, {cuts} cuts")
    assert report.unreachable is None and cuts > 20 and sent < most * len(content)
    directly(marc, world)
    assert world.join("Ines").read_bytes("slides.pptx") == content


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the system does not tell a child's memory")
@pytest.mark.parametrize("served", [True, False], ids=["server", "folder"])
def test_a_large_one_costs_no_more_memory_than_a_small_one(world: World, servers: Servers, served: bool) -> None:
    marc = world.first("Marc", files=FILES)
    url = servers.git().url(str(world.hub.relative_to(servers.root))) if served else str(world.hub)
    marc.git("config", "remote.origin.url", url)
    count = 100 if served else 400  # so many that the folder's packs are joined
    block = random.Random(1).randbytes(1 << 20)
    with (marc.root / "tour.mp4").open("wb") as file:
        for number in range(count):
            file.write(number.to_bytes(8, "big") + block)
    environment = marc.git.environment | marc.environment
    for words in (["commit"], ["sync"], ["clone", url, "../ines"]):
        command = [sys.executable, "-c", MEASURED, sys.executable, "-m", "fieldvault", *words]
        done = subprocess.run(command, cwd=marc.root, env=environment, capture_output=True, text=True, check=True)
        megabytes = int(done.stdout.split()[-1]) / (1 << 20 if sys.platform == "darwin" else 1 << 10)
        assert megabytes < 90, f"{words[0]} took {megabytes:.0f} MB"
    ines = Path(marc.root.parent / "ines")
    assert (ines / "tour.mp4").stat().st_size == count * ((1 << 20) + 8)
