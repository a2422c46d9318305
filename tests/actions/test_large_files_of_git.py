"""Files that plain git pushed and that are larger than a vault takes: named, and nothing else waits for them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest

from fieldvault.errors import Corrupt
from tests.gitenv import Git
from tests.servers import Servers, settings_of_hubs
from tests.world import Desk, World

pytestmark = [pytest.mark.peers, pytest.mark.slow, pytest.mark.usefixtures("nobodys_settings")]

OCTETS = 140 << 20  # more than a fetch holds in memory of one object


def film(vault: Git, name: str, end: bytes) -> None:
    """Write one that packs well, and commit it."""
    with (vault.path / name).open("wb") as file:
        file.truncate(OCTETS)
        file.seek(OCTETS)
        file.write(end)
    vault("add", "-A")
    vault("commit", "-q", "-m", "A film")


@pytest.fixture
def world(request: pytest.FixtureRequest, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Behind a server of the parametrized kind."""
    hub = servers.repository()
    hub("config", "uploadpack.allowFilter", "true")
    return World(tmp_path, servers.url(request.param, hub.path.name, monkeypatch), settings_of_hubs())


@pytest.fixture
def hub(world: World, servers: Servers) -> Git:
    return Git(servers.root / unquote(world.url.rpartition("/")[2]))


@pytest.fixture
def plain(hub: Git, marc: Desk, tmp_path: Path) -> Git:
    """The vault of somebody who has plain git only."""
    plain = Git(tmp_path / "plain").init()
    plain("pull", "-q", str(hub.path), "main")
    return plain


@pytest.fixture
def marc(world: World) -> Desk:
    return world.first("Marc", files={"fieldvault.yaml": "format: 1\n", "a.yaml": "name: A\n"})


@pytest.mark.parametrize("world", ["git"], indirect=True)
def test_it_is_named_and_all_else_comes_and_goes(hub: Git, marc: Desk, plain: Git) -> None:
    film(plain, "one.mp4", b"first cut")
    film(plain, "one.mp4", b"final cut")  # which git sends as a delta of the other
    plain.commit_files({"b.yaml": "name: B\n"})
    plain("push", "-q", str(hub.path), "main")
    marc.write("a.yaml", "name: Ada\n")
    report = marc.sync()
    assert report.refused == {"one.mp4": "file-too-large"}
    assert report.unreachable is None and hub("rev-parse", "main") == marc.head()
    assert marc.read("b.yaml") == "name: B\n" and not (marc.root / "one.mp4").exists()
    marc.assert_clean()
    plain("pull", "-q", str(hub.path), "main")
    assert plain("show", "main:a.yaml") == "name: Ada"


@pytest.mark.parametrize("world", ["git"], indirect=True)
def test_where_the_hub_has_no_filter_what_waits_is_delivered(hub: Git, marc: Desk, plain: Git) -> None:
    """Of two versions of it one comes as a delta, which would have to be held in memory."""
    hub("config", "uploadpack.allowFilter", "false")
    film(plain, "one.mp4", b"first cut")
    film(plain, "one.mp4", b"final cut")
    plain("push", "-q", str(hub.path), "main")
    marc.write("a.yaml", "name: Ada\n")
    with pytest.raises(Corrupt) as raised:
        marc.sync()
    assert raised.value.kind == "pack-too-large"
    inbox = hub("for-each-ref", "--format=%(objectname)", "refs/fv/1/inbox")
    assert inbox == marc.head()
    marc.assert_clean()
