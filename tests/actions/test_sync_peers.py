"""The main job over every kind of server: what works in a folder works over git://, ssh, http and https."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fieldvault.actions.attaching.keeping import drop, get
from tests import peers
from tests.actions.test_attachments import VIDEO, pointer
from tests.actions.test_sync import CUSTOMER, FILES
from tests.servers import Servers, settings_of_hubs
from tests.world import World

pytestmark = pytest.mark.peers


@pytest.mark.parametrize("kind", ["git", "ssh", "http", "https"])
def test_two_desks_come_together(
    kind: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nobodys_settings: None
) -> None:
    hub = servers.repository()
    url = servers.url(kind, hub.path.name, monkeypatch)
    world = World(tmp_path, url, settings_of_hubs())
    marc = world.first("Marc", files=FILES)
    ines = world.join("Ines")
    marc.edit(CUSTOMER, "tags: [bio]", "tags: [bio, vip]")
    marc.edit(CUSTOMER, "samples: 10", "samples: 7")
    ines.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: Lefèvre")
    ines.edit(CUSTOMER, "samples: 10", "samples: 9")
    world.settle(marc, ines)
    assert marc.files() == ines.files()
    assert marc.head() == ines.head() == hub("rev-parse", "main")
    text = marc.read(CUSTOMER)
    assert "tags: [bio, vip]" in text and "name: Lefèvre\n" in text and "samples: 6\n" in text
    for desk in (marc, ines):
        desk.assert_clean()
    assert hub.run("fsck", "--strict", "--no-dangling").stderr == b""


@pytest.mark.parametrize("kind", ["git", "ssh", "http", "https"])
def test_a_large_attachment_comes_through_and_is_taken_off_and_got_again(
    kind: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nobodys_settings: None
) -> None:
    hub = servers.repository()
    world = World(tmp_path, servers.url(kind, hub.path.name, monkeypatch), settings_of_hubs())
    marc = world.first("Marc", files=FILES)
    ines = world.join("Ines")
    marc.write("tour.mp4", VIDEO)
    marc.sync()
    assert ines.sync().attachments == ["tour.mp4"] and ines.read_bytes("tour.mp4") == VIDEO
    assert world.join("Paul").read_bytes("tour.mp4") == VIDEO
    with ines.vault() as vault:
        assert drop(vault, ["tour.mp4"]).dropped == ["tour.mp4"]
    assert ines.read_bytes("tour.mp4") == pointer(VIDEO).data
    with ines.vault() as vault:
        assert get(vault, []).shown == ["tour.mp4"]
    assert ines.read_bytes("tour.mp4") == VIDEO
    for desk in (marc, ines):
        desk.assert_clean()
    assert hub.run("fsck", "--strict", "--no-dangling").stderr == b""


def test_a_web_server_that_closes_after_each_answer_without_a_word(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nobodys_settings: None
) -> None:
    """A connection that was kept is then cut at each question, and at each push."""
    hub = servers.repository()
    url = urlsplit(servers.url("http", hub.path.name, monkeypatch))
    with peers.BadLink(url.port or 0, once=True) as link:
        world = World(tmp_path, url._replace(netloc=f"127.0.0.1:{link.port}").geturl())
        marc = world.first("Marc", files=FILES)
        ines = world.join("Ines")
        marc.edit(CUSTOMER, "tags: [bio]", "tags: [bio, vip]")
        ines.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: Lefèvre")
        for desk in (marc, ines, marc):
            assert desk.sync().unreachable is None
    assert marc.files() == ines.files()
