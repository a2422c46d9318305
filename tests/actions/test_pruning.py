"""fv hub prune: inboxes that main contains go, and no delivery is ever lost by it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fieldvault.actions.committing.commit import commit
from fieldvault.actions.syncing.bringing import talking
from fieldvault.actions.syncing.hubcontents import HubContents
from fieldvault.actions.tending.oldcontents import OldContents, prune_contents
from fieldvault.actions.tending.pruning import Pruned, prune_folder, prune_vaults_hub
from fieldvault.edge.git.hubs.hub import STALE
from fieldvault.edge.git.hubs.link import no_progress
from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.errors import FieldvaultError
from tests.actions.test_attachments import OTHER, VIDEO, pointer
from tests.gitenv import Git
from tests.servers import Servers
from tests.world import Desk, World, fv

FILES = {"fieldvault.yaml": "format: 1\n", "a.yaml": "name: A\n"}
MERGED, OPEN, BRANCH = "refs/fv/1/inbox/aaaaaaaaaa", "refs/fv/1/inbox/bbbbbbbbbb", "refs/heads/fv/inbox/cccccccccc"
NOW = 1_790_000_000
SETTINGS = ("GIT_CONFIG_GLOBAL", "GIT_SSL_CAINFO", "GIT_SSH_COMMAND")


def prune(desk: Desk) -> Pruned:
    with desk.vault() as vault:
        return prune_vaults_hub(vault)


def refs(hub: Git) -> set[str]:
    return set(hub("for-each-ref", "--format=%(refname)").split())


@pytest.mark.usefixtures("nobodys_settings")
@pytest.mark.parametrize(
    "kind", ["path", *(pytest.param(kind, marks=pytest.mark.peers) for kind in ("git", "ssh", "http", "https"))]
)
def test_what_main_contains_goes_and_the_rest_stays(
    kind: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = servers.repository()
    url = servers.url(kind, hub.path.name, monkeypatch)
    world = World(tmp_path, url, {name: os.environ[name] for name in SETTINGS if name in os.environ})
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    for ref in (MERGED, BRANCH):
        hub("update-ref", ref, "main")
    hub("update-ref", "refs/fv/1/att/aaaaaaaaaa", "main")  # chunks are no inbox
    ines.write("b.yaml", "name: B\n")
    ines.commit()
    ines.git("push", "-q", str(hub.path), f"HEAD:{OPEN}")
    report = prune(marc)
    assert (report.removed, report.kept, report.refused) == ([MERGED, BRANCH], [OPEN], {})
    assert refs(hub) == {"refs/heads/main", OPEN, "refs/fv/1/att/aaaaaaaaaa"}
    marc.sync()
    assert "b.yaml" in marc.files()
    assert prune(marc).removed == [OPEN]
    ines.sync()
    assert ines.head() == marc.head()
    hub.assert_sound()


def test_a_delivery_that_comes_in_between_stays(world: World) -> None:
    marc = world.first("Marc", files=FILES)
    seen = marc.head()
    other = world.hub_git("commit-tree", f"{seen}^{{tree}}", "-p", seen, "-m", "just delivered")
    world.hub_git("update-ref", MERGED, other)
    with open_hub(world.url, world.folder) as hub:
        assert hub.remove({MERGED: seen}) == {MERGED: STALE}
    assert world.hub_git("rev-parse", MERGED) == other


def test_a_main_that_is_not_here_yet_decides_nothing(world: World) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    ines.write("b.yaml", "name: B\n")
    ines.sync()
    with pytest.raises(FieldvaultError) as failure:
        prune(marc)
    assert failure.value.kind == "prune-behind"


DAY = 86_400


def old_versions(world: World) -> tuple[Desk, Desk]:
    """Marc's attachment in three versions, the last two a day and no time old; another that he removed long ago."""
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    for turn, age in enumerate((100, 100, 1, 0)):
        marc.write("tour.mp4", VIDEO + bytes([turn]))
        marc.write("gone.mp4", OTHER) if turn == 0 else (marc.root / "gone.mp4").unlink(missing_ok=True)
        with marc.vault() as vault:
            commit(vault, lambda age=age: (NOW - age * DAY, 0))
        marc.sync()
    ines.sync()
    return marc, ines


def prune_old(desk: Desk, days: int = 30, *, remove: bool = True) -> OldContents:
    with desk.vault() as vault:
        return prune_contents(vault, NOW, days, remove=remove)


def on_the_hub(desk: Desk, *contents: bytes) -> list[bool]:
    with desk.vault() as vault, vault.sync_lock(), talking(vault, no_progress) as talk, HubContents(talk) as there:
        return [there.holds(pointer(one)) for one in contents]


def test_contents_that_only_old_versions_name_go_when_that_is_asked_for(world: World) -> None:
    marc, ines = old_versions(world)
    versions = [VIDEO + bytes([turn]) for turn in range(4)]
    planned = prune_old(ines, remove=False)
    assert (planned.count, planned.octets, planned.removed) == (2, len(versions[0]) + len(OTHER), False)
    assert on_the_hub(marc, *versions, OTHER) == [True] * 5
    done = prune_old(ines)
    assert (done.count, done.removed) == (2, True)
    assert on_the_hub(marc, *versions, OTHER) == [False, True, True, True, False]  # the second stood 30 days ago
    assert prune_old(ines).count == 0
    world.hub_git("gc", "-q", "--prune=now")
    world.hub_git.assert_sound()
    assert world.join("Nora").files() == marc.files()
    marc.write("again.mp4", OTHER)
    marc.sync()
    assert on_the_hub(ines, OTHER) == [True]


@pytest.mark.peers
@pytest.mark.usefixtures("nobodys_settings")
@pytest.mark.parametrize("kind", ["git", "ssh", "http"])
def test_old_contents_go_from_a_server_too(
    kind: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = servers.repository()
    url = servers.url(kind, hub.path.name, monkeypatch)
    world = World(tmp_path, url, {name: os.environ[name] for name in SETTINGS if name in os.environ})
    marc, ines = old_versions(world)
    assert prune_old(ines).count == 2
    assert on_the_hub(marc, VIDEO + bytes([0]), VIDEO + bytes([3]), OTHER) == [False, True, False]
    hub("gc", "-q", "--prune=now")
    hub.assert_sound()
    assert world.join("Nora").files() == marc.files()


def test_what_is_on_its_way_or_delivered_keeps_its_contents(world: World) -> None:
    marc, ines = old_versions(world)
    ines.write("mine.mp4", OTHER + b".")
    ines.commit()
    with ines.vault() as vault, vault.sync_lock(), talking(vault, no_progress) as talk, HubContents(talk) as there:
        there.send(pointer(OTHER + b"."))
    ines.git("checkout", "-q", "-b", "topic", "HEAD")
    ines.write("again.mp4", OTHER)
    ines.commit()
    ines.git("push", "-q", world.url, f"HEAD:{OPEN}")
    with pytest.raises(FieldvaultError) as failure:
        prune_old(marc)
    assert (failure.value.kind, failure.value.facts["ref"]) == ("prune-behind", OPEN)
    marc.sync()
    assert prune_old(marc).count == 1
    assert on_the_hub(marc, OTHER, OTHER + b".") == [True, True]


def test_a_clock_that_was_wrong_makes_nothing_old(world: World) -> None:
    marc = world.first("Marc", files=FILES)
    for turn, age in enumerate((100, 5, 9_000)):
        marc.write("tour.mp4", VIDEO + bytes([turn]))
        with marc.vault() as vault:
            commit(vault, lambda age=age: (NOW - age * DAY, 0))
        marc.sync()
    assert prune_old(marc).count == 0


def test_the_command_tells_before_it_removes(world: World) -> None:
    marc, _ = old_versions(world)
    words = ("hub", "prune", "--attachments", "14")
    told = fv(*words, cwd=marc.root, environment=marc.environment)
    assert told.returncode == 0 and "the same with --yes" in told.stdout
    done = fv(*words, "--yes", cwd=marc.root, environment=marc.environment)
    assert done.returncode == 0 and "Removed the contents of" in done.stdout
    assert fv(*words, cwd=marc.root, environment=marc.environment).stdout == "Nothing to remove.\n"
    assert fv(*words, str(world.hub), cwd=marc.root, environment=marc.environment).returncode == 2


def test_whoever_keeps_the_hub_prunes_it_there(world: World) -> None:
    marc = world.first("Marc", files=FILES)
    world.hub_git("update-ref", MERGED, "main")
    assert prune_folder(world.hub).removed == [MERGED]
    done = fv("hub", "prune", str(world.hub), cwd=world.folder)
    assert (done.returncode, done.stdout) == (0, "Nothing to remove.\n")
    world.hub_git("update-ref", MERGED, "main")
    done = fv("hub", "prune", "--json", cwd=marc.root, environment=marc.environment)
    assert done.returncode == 0 and f'"removed": ["{MERGED}"]' in done.stdout
