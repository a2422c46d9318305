"""Deliveries: what is ours leaves this machine first, everybody merges what all delivered, and nobody is starved."""

from __future__ import annotations

import threading

import pytest

from fieldvault.actions.ground.device import device
from fieldvault.actions.syncing.hubnotes import notes_of
from fieldvault.core.batches import Budget
from fieldvault.edge.git.hubs.pathhub import PathHub
from fieldvault.errors import HubRefused
from tests.stride import STRIDE
from tests.world import Desk, World

FILES = {"fieldvault.yaml": "format: 1\n", "a.yaml": "name: A\nphone: 1\n", "b.yaml": "name: B\n"}
CLIENTS = 40 if STRIDE else 8


@pytest.fixture(autouse=True)
def linked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a link lay between: beside a folder nothing is weighed, and so nothing is delivered first."""
    monkeypatch.setattr(PathHub, "linked", True)


def weaken(desk: Desk) -> None:
    """As after a cut: this desk's link carries one commit at a time."""
    with desk.vault() as vault:
        notes = notes_of(vault, str(vault.config.origin_url()))
        notes.up = Budget(1, 1)
        notes.save(vault)


def inbox(desk: Desk) -> str:
    with desk.vault() as vault:
        return f"refs/fv/1/inbox/{device(vault)}"


def test_whoever_has_nothing_to_send_merges_them_too(world: World) -> None:
    marc, ines, nora = world.first("Marc", files=FILES), world.join("Ines"), world.join("Nora")
    commits(marc, 2)
    marc.git("push", "-q", world.url, f"HEAD:{inbox(marc)}")
    ines.sync()
    assert world.hub_git("rev-parse", "main") == ines.head() == marc.head()
    commits(nora, 1)
    nora.git("push", "-q", world.url, f"HEAD:{inbox(nora)}")
    ines.sync()
    assert {"Marc1.yaml", "Nora0.yaml"} <= ines.files().keys()
    with ines.vault() as vault:  # what is merged is not looked at again
        assert set(notes_of(vault, world.url).settled) == {marc.head(), nora.head()}
    assert ines.sync().made == []


def commits(desk: Desk, count: int) -> None:
    for number in range(count):
        desk.write(f"{desk.person}{number}.yaml", f"name: {number}\n")
        desk.commit()


def test_a_weak_link_delivers_first_and_then_merges(world: World) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    commits(marc, 3)
    delivered = marc.head()
    commits(ines, 1)
    ines.sync()
    weaken(marc)
    report = marc.sync()
    assert report.unreachable is None and report.sent == 4  # his three and the merge
    assert world.hub_git("rev-parse", inbox(marc)) in (delivered, marc.head())
    assert world.hub_git("rev-parse", "main") == marc.head()


def test_anyone_merges_what_another_could_only_deliver(world: World) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    commits(marc, 2)
    marc.git("push", "-q", world.url, f"HEAD:{inbox(marc)}")  # delivered, and then the link was gone
    commits(ines, 1)
    report = ines.sync()
    assert {commit.author for commit in report.received} == {"Marc <marc@example.org>"}
    assert {"Marc0.yaml", "Marc1.yaml", "Ines0.yaml"} <= ines.files().keys()
    marc.sync()
    assert marc.head() == ines.head() == world.hub_git("rev-parse", "main")


def test_a_twin_takes_a_name_of_its_own_and_nothing_is_lost(world: World) -> None:
    marc = world.first("Marc", files=FILES)
    world.join("Twin")
    twin = Desk(world.folder / "twin", "Twin")
    with marc.vault() as vault:
        twin.git("config", "fieldvault.device", device(vault))
    for desk in (marc, twin):
        commits(desk, 2)
        weaken(desk)
        desk.sync()
    assert inbox(marc) != inbox(twin)
    marc.sync()
    assert marc.files() == twin.files()
    assert {"Marc1.yaml", "Twin1.yaml"} <= marc.files().keys()


def test_an_inbox_that_was_set_back_is_filled_again(world: World) -> None:
    marc = world.first("Marc", files=FILES)
    commits(marc, 2)
    weaken(marc)
    marc.sync()
    start = world.hub_git("rev-list", "--max-parents=0", "main")
    world.hub_git("update-ref", inbox(marc), start)
    world.hub_git("update-ref", "refs/heads/main", start)
    commits(marc, 1)
    weaken(marc)
    report = marc.sync()
    assert report.restored == 3
    assert world.hub_git("rev-parse", "main") == marc.head()
    world.hub_git.assert_sound()


def test_a_broken_delivery_stops_nobody(world: World) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    world.hub_git("update-ref", "refs/fv/1/inbox/zzzzzzzzzz", world.hub_git("rev-parse", "main^{tree}"))
    other = world.hub_git("commit-tree", world.hub_git("mktree"), "-m", "another vault's")
    world.hub_git("update-ref", "refs/fv/1/inbox/yyyyyyyyyy", other)
    commits(marc, 1)
    marc.sync()
    ines.sync()
    assert marc.head() == ines.head() == world.hub_git("rev-parse", "main")


def test_a_hub_without_room_for_deliveries_gets_them_elsewhere(world: World) -> None:
    marc = world.first("Marc", files=FILES)
    world.hub_git("update-ref", "refs/fv/1", "main")  # in the way of everything below
    commits(marc, 2)
    weaken(marc)
    assert marc.sync().unreachable is None
    assert world.hub_git("rev-parse", "main") == marc.head()


def test_rewritten_history_is_not_followed_but_own_work_is_delivered(world: World) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    commits(marc, 2)
    marc.sync()
    start = world.hub_git("rev-list", "--max-parents=0", "main")
    other = world.hub_git("commit-tree", f"{start}^{{tree}}", "-p", start, "-m", "another past")
    world.hub_git("update-ref", "refs/heads/main", other)
    marc.write("c.yaml", "name: C\n")
    with pytest.raises(HubRefused) as refused:
        marc.sync()
    assert refused.value.kind == "hub-rewritten"
    assert world.hub_git("rev-parse", "main") == other
    assert world.hub_git("rev-parse", inbox(marc)) == marc.head()
    ines.assert_clean()


def test_an_emptied_hub_is_filled_again(world: World) -> None:
    marc = world.first("Marc", files=FILES)
    commits(marc, 1)
    marc.sync()
    world.hub_git("update-ref", "-d", "refs/heads/main")
    report = marc.sync()
    assert report.restored and world.hub_git("rev-parse", "main") == marc.head()


@pytest.mark.slow
def test_many_clients_back_at_once(world: World) -> None:
    first = world.first("Desk0", files=FILES)
    desks = [first, *(world.join(f"Desk{number}") for number in range(1, CLIENTS))]
    for desk in desks:
        commits(desk, 2)
    failures: list[BaseException] = []

    def sync(desk: Desk) -> None:
        try:
            while desk.sync().unreachable is not None:
                pass
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=sync, args=(desk,)) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures
    for desk in desks:
        desk.sync()
    assert len({desk.head() for desk in desks}) == 1
    assert {f"Desk{number}{one}.yaml" for number in range(CLIENTS) for one in range(2)} <= first.files().keys()
    world.hub_git.assert_sound()


def test_main_moves_while_we_deliver(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is published contains what main was when it was merged, or it is not published."""
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    commits(ines, 1)
    ines.sync()
    commits(marc, 2)
    weaken(marc)
    from fieldvault.actions.syncing import sync as module

    deliver = module.deliver

    def meanwhile(*arguments: object) -> int:
        if not (ines.root / "Ines7.yaml").exists():
            ines.write("Ines7.yaml", "name: 7\n")
            ines.sync()
        return deliver(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "deliver", meanwhile)
    assert marc.sync().unreachable is None
    ines.sync()
    assert marc.head() == ines.head() == world.hub_git("rev-parse", "main")
    assert {"Ines7.yaml", "Marc1.yaml"} <= marc.files().keys()
