"""The link dies, goes silent or changes a bit: what came is kept out of sight, and nothing half stays."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fieldvault.edge.git.hubs.arrivals import Arrivals
from fieldvault.edge.git.hubs.link import Limits
from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.edge.git.store.objects import Objects
from fieldvault.errors import FieldvaultError, HubUnreachable
from tests import peers
from tests.edge.git.conftest import Servers
from tests.edge.git.failing import HASTY, MAIN, failure, fetch, publish, tips, trusting
from tests.gitenv import Git
from tests.links import WeakLink

PACK_BYTES = 400  # the end of a fetch
KIND_BITS = (4, 5, 6)  # of the first byte of an object in a pack

pytestmark = pytest.mark.usefixtures("nobodys_settings")


@pytest.mark.peers
class TestBadLinks:
    """The link dies, or goes silent, after so many bytes of a fetch or of a push."""

    @pytest.mark.parametrize("silent", [False, True])
    @pytest.mark.parametrize("kind", ["git", "http", "ssh"])
    def test_a_fetch(
        self, kind: str, silent: bool, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        hub, vault = servers.repository(), Git(tmp_path / "vault").init()
        marc = Git(tmp_path / "marc").init()
        tip = marc.commit_files({"brochure.pdf": random.Random(1).randbytes(300_000), "a.yaml": "a: 1\n"})
        marc("push", "-q", str(hub.path), "main")
        url, port = self.way(kind, servers, hub.path.name, monkeypatch)
        with Objects(vault.path / ".git") as objects:
            for octets in (150_000,) if silent else (0, 10, 1000, 150_000):
                with peers.BadLink(port, down=octets or None, up=None if octets else 1, silent=silent) as link:
                    error = failure(lambda: fetch(url(link.port), tmp_path, objects, tip))
                assert isinstance(error, HubUnreachable), error
                if silent:
                    assert error.facts["reason"] == "timeout"
            vault.assert_sound()
            assert [path for path in (vault.path / ".git/objects").rglob("*") if path.is_file()] == []
            with peers.BadLink(port) as link:
                fetch(url(link.port), tmp_path, objects, tip)
        vault("update-ref", MAIN, tip)
        vault.assert_sound()

    @pytest.mark.parametrize("kind", ["git", "http", "ssh"])
    def test_a_push(self, kind: str, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        hub, vault = servers.repository(), Git(tmp_path / "vault").init()
        tip = vault.commit_files({"brochure.pdf": random.Random(1).randbytes(300_000), "a.yaml": "a: 1\n"})
        url, port = self.way(kind, servers, hub.path.name, monkeypatch)
        with Objects(vault.path / ".git") as objects:
            for octets in (0, 10, 1000, 150_000, 300_000):
                with peers.BadLink(port, up=octets or None, down=None if octets else 1) as link:
                    error = failure(lambda: publish(url(link.port), tmp_path, objects, tip))
                assert isinstance(error, HubUnreachable), error
                assert hub("for-each-ref") == ""
            hub.assert_sound()
            with peers.BadLink(port) as link:
                assert publish(url(link.port), tmp_path, objects, tip) == {MAIN: None}
        hub.assert_sound()

    @pytest.mark.parametrize("kind", ["git", "http"])
    def test_a_fetch_in_which_one_bit_changes(
        self, kind: str, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        hub, marc = servers.repository(), Git(tmp_path / "marc").init()
        tip = marc.commit_files({"customers/8q/a.yaml": "name: Lefèvre\n" * 20, "a.yaml": "a: 1\n"})
        marc("push", "-q", str(hub.path), "main")
        url, port = self.way(kind, servers, hub.path.name, monkeypatch)
        with peers.BadLink(port) as whole:
            tips(url(whole.port), tmp_path)()
        draw = random.Random(1)
        for number in range(10):
            vault = Git(tmp_path / f"vault{number}").init()
            place = draw.randrange(whole.carried["down"] + 600)
            with peers.BadLink(port, flip=place) as link, Objects(vault.path / ".git") as objects:
                try:
                    fetch(url(link.port), tmp_path, objects, tip)
                except FieldvaultError:
                    assert vault("count-objects") == "0 objects, 0 kilobytes"
                else:
                    vault("update-ref", MAIN, tip)
                    vault.assert_sound()

    def test_git_finds_nothing_wrong_with_what_was_kept_when_one_bit_changed(
        self, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """It may be one that says what kind an object is of: whole in itself, and a tree or commit that is none."""
        hub, marc, vault = servers.repository(), Git(tmp_path / "marc").init(), Git(tmp_path / "vault").init()
        for number in range(3):
            tip = marc.commit_files({f"{number}.yaml": f"name: {number}\n" * (number + 1)})
        marc("push", "-q", str(hub.path), "main")
        url, port = self.way("git", servers, hub.path.name, monkeypatch)
        with Objects(vault.path / ".git") as objects:

            def fetch_all(link: peers.BadLink) -> None:
                with (
                    open_hub(url(link.port), tmp_path, limits=HASTY) as one,
                    Arrivals(tmp_path / "incoming", objects) as arrivals,
                ):
                    one.tips()
                    assert one.parts is not None
                    try:
                        one.parts.fetch_all(arrivals, [tip], [])
                    finally:
                        arrivals.settle()

            with peers.BadLink(port) as whole:
                fetch_all(whole)
            end = whole.carried["down"]
            for place in (place for place in range(end - PACK_BYTES, end) if place % 8 in KIND_BITS):
                with contextlib.suppress(FieldvaultError), peers.BadLink(port, flip=place) as link:
                    fetch_all(link)
        vault("update-ref", MAIN, tip)
        vault.assert_sound()

    @pytest.mark.slow
    @pytest.mark.skipif(sys.platform == "win32", reason="the system decides how long its segments are")
    @pytest.mark.parametrize("kind", ["git", "http", "ssh"])
    @pytest.mark.parametrize("far", [True, False])
    def test_a_slow_link_is_no_cut(
        self, kind: str, far: bool, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """As 10 kB/s and the real limits: what the kernel took is on its way for nearly as long as a silence may be,
        and what a box on the way took ahead of the link (not `far`) for longer.
        """
        hub, vault = servers.repository(), Git(tmp_path / "vault").init()
        tip = vault.commit_files({"brochure.pdf": random.Random(1).randbytes(400_000)})
        url, port = self.way(kind, servers, hub.path.name, monkeypatch)
        unhurried = Limits(connect_seconds=5, silence_seconds=2 if far else 1.4, slowest_bytes_per_second=60_000)
        link = WeakLink(port, rate=75_000 if far else 100_000, far=far)
        with Objects(vault.path / ".git") as objects, link, open_hub(url(link.port), tmp_path, limits=unhurried) as one:
            assert one.publish(objects, {MAIN: (None, tip)}) == {MAIN: None}

    def way(
        self, kind: str, servers: Servers, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> tuple[Callable[[int], str], int]:
        """The hub's address by the port of a link, and the port that the link leads to."""
        direct = servers.url(kind, name, monkeypatch)
        if kind == "ssh":
            trusting(monkeypatch, servers)
        port = int(direct.split("127.0.0.1:")[1].split("/")[0])
        return lambda other: direct.replace(f"127.0.0.1:{port}", f"127.0.0.1:{other}"), port
