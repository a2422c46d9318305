"""fv hub prune: inboxes that main contains go, and no delivery is ever lost by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldvault.actions.tending.pruning import Pruned, prune_folder, prune_vaults_hub
from fieldvault.edge.git.hubs.hub import STALE
from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.errors import FieldvaultError
from tests.gitenv import Git
from tests.servers import Servers, settings_of_hubs
from tests.world import Desk, World, fv

FILES = {"fieldvault.yaml": "format: 1\n", "a.yaml": "name: A\n"}
MERGED, OPEN, BRANCH = "refs/fv/1/inbox/aaaaaaaaaa", "refs/fv/1/inbox/bbbbbbbbbb", "refs/heads/fv/inbox/cccccccccc"


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
    world = World(tmp_path, url, settings_of_hubs())
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


def test_whoever_keeps_the_hub_prunes_it_there(world: World) -> None:
    marc = world.first("Marc", files=FILES)
    world.hub_git("update-ref", MERGED, "main")
    assert prune_folder(world.hub).removed == [MERGED]
    done = fv("hub", "prune", str(world.hub), cwd=world.folder)
    assert (done.returncode, done.stdout) == (0, "Nothing to remove.\n")
    world.hub_git("update-ref", MERGED, "main")
    done = fv("hub", "prune", "--json", cwd=marc.root, environment=marc.environment)
    assert done.returncode == 0 and f'"removed": ["{MERGED}"]' in done.stdout
