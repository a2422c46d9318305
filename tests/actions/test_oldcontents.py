"""fv hub prune --attachments: what only old versions name goes from the hub, and nothing that anybody needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldvault.actions.committing.commit import commit
from fieldvault.actions.syncing.bringing import talking
from fieldvault.actions.syncing.hubcontents import HubContents
from fieldvault.actions.tending.oldcontents import OldContents, prune_contents
from fieldvault.edge.git.hubs.link import no_progress
from fieldvault.errors import FieldvaultError
from tests.actions.test_attachments import OTHER, VIDEO, pointer
from tests.servers import Servers, settings_of_hubs
from tests.world import Desk, World, fv

FILES = {"fieldvault.yaml": "format: 1\n", "a.yaml": "name: A\n"}
DELIVERED = "refs/fv/1/inbox/bbbbbbbbbb"
NOW, DAY = 1_790_000_000, 86_400  # seconds


def old_versions(world: World) -> tuple[Desk, Desk]:
    """Marc's attachment in four versions, the last two a day and no time old; another one that he removed long ago."""
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
    world = World(tmp_path, url, settings_of_hubs())
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
    ines.git("push", "-q", world.url, f"HEAD:{DELIVERED}")
    with pytest.raises(FieldvaultError) as failure:
        prune_old(marc)
    assert (failure.value.kind, failure.value.facts["ref"]) == ("prune-behind", DELIVERED)
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
