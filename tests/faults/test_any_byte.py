"""One byte of a link: there it is cut, or one bit changes, while a sync fetches, merges and pushes.

Law: whoever syncs is through, or is told that he is not (exit 4). git finds nothing wrong here and there, before and
after; the next sync gets through, and nothing is left behind. `make faults` tries every byte of git://, and each tenth
of the other ways to a server; the test command a few of git://.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from fieldvault.actions.syncing.report import SyncReport
from fieldvault.actions.syncing.sync import sync
from fieldvault.edge.git.hubs.link import DEFAULT_LIMITS, Limits
from fieldvault.errors import FieldvaultError
from tests.links import WeakLink
from tests.servers import Servers
from tests.stride import STRIDE
from tests.world import World, now

pytestmark = [pytest.mark.peers, pytest.mark.slow, pytest.mark.usefixtures("nobodys_settings")]

HASTY = Limits(connect_seconds=2, silence_seconds=1)  # where both ends may wait for a byte that was never meant to come
FILES = {"fieldvault.yaml": "format: 1\n", "a.yaml": "name: A\nphone: 0\n", "b.yaml": "name: B\n"}
SAMPLE = 9
PARTS = 8 if STRIDE else 1  # each has a world of its own, in which history does not grow for hours
OTHERS_STRIDE = 10  # times as far from byte to byte, where each costs a login
HUB_ENDS_SECONDS = 10.0
GITS_OWN = "tmp_objdir-"  # of a push that was cut: git may end before it has cleared up; git prune does


class Place:
    """A hub behind a server of a `kind`, and two who share it: Marc through a link, Ines by its folder."""

    def __init__(self, kind: str, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
        hub = servers.repository().path
        self.world = World(hub.with_suffix(""))
        self.url = servers.url(kind, str(self.world.hub.relative_to(servers.root)), monkeypatch)
        self.port = int(self.url.split("127.0.0.1:")[1].split("/")[0])
        self.marc = self.world.first("Marc", files=FILES)
        self.ines = self.world.join("Ines")
        self.edits = 0

    def edit_both(self) -> None:
        """What Marc's next sync has to fetch, to merge and to push."""
        self.edits += 1
        self.marc.write("a.yaml", f"name: A\nphone: {self.edits}\n")
        self.ines.write("b.yaml", f"name: B {self.edits}\n")
        self.ines.sync()

    def sync(self, limits: Limits = DEFAULT_LIMITS, **faults: Any) -> tuple[SyncReport, WeakLink]:
        """Marc's, through a link that has these faults."""
        with WeakLink(self.port, **faults) as link:
            self._reach(self.url.replace(f":{self.port}/", f":{link.port}/"))
            with self.marc.vault() as vault:
                report = sync(vault, now, limits=limits)
        self._reach(str(self.world.hub))
        return report, link

    def _reach(self, url: str) -> None:
        self.marc.git("config", "remote.origin.url", url)

    def assert_sound(self) -> None:
        self.marc.assert_clean()
        self.world.hub_git.assert_sound()

    def assert_settled(self) -> None:
        """Both have what both wrote."""
        self.ines.sync()
        assert self.marc.files() == self.ines.files()
        assert self.marc.read("b.yaml") == f"name: B {self.edits}\n"
        assert self.ines.read("a.yaml") == f"name: A\nphone: {self.edits}\n"
        assert not self.marc.git("for-each-ref", "refs/fv/pending")
        assert not leavings(self.marc.root / ".git")

    def assert_hub_is_tidy(self) -> None:
        """A server that was cut off removes what it took in, in its own time."""
        end = time.monotonic() + HUB_ENDS_SECONDS
        while left := [path for path in leavings(self.world.hub) if not path.name.startswith(GITS_OWN)]:
            assert time.monotonic() < end, left
            time.sleep(0.1)


def leavings(git_dir: Path) -> list[Path]:
    """What was on its way, and git's locks."""
    found = [path for path in git_dir.rglob("*") if path.name.startswith((".fv-", "tmp_"))]
    found += [path for path in git_dir.rglob("*.lock") if path.parent.name != "fieldvault"]
    return found + list((git_dir / "fieldvault" / "incoming").rglob("*.pack"))


def _places(draw: random.Random, length: int, stride: int, part: int) -> range:
    step = STRIDE * stride or length // SAMPLE + 1
    return range(draw.randrange(step), length, step)[part::PARTS]


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("git", "cut_at"),
        ("git", "flip_at"),
        pytest.param("http", "cut_at", marks=pytest.mark.at_length),
        pytest.param("http", "flip_at", marks=pytest.mark.at_length),
        pytest.param("ssh", "cut_at", marks=pytest.mark.at_length),
    ],
)
def test_at_any_byte(
    kind: str, what: str, way: str, part: int, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "ssh":  # the link has a port of its own, which no file of known hosts names
        monkeypatch.setattr(servers.ssh(), "command", servers.ssh().command + " -o StrictHostKeyChecking=no")
    place = Place(kind, servers, monkeypatch)
    place.edit_both()
    undisturbed, link = place.sync()
    assert undisturbed.received and undisturbed.sent
    length = link.carried[way]
    limits = HASTY if what == "flip_at" else DEFAULT_LIMITS
    for byte in _places(random.Random(f"{kind}{what}{way}"), length, 1 if kind == "git" else OTHERS_STRIDE, part):
        place.edit_both()
        try:
            report, _ = place.sync(limits, **{what: (way, byte)})
            place.assert_sound()
            if report.unreachable is not None:
                assert place.marc.sync().unreachable is None
            place.assert_settled()
            place.assert_sound()
        except (AssertionError, FieldvaultError) as error:
            facts = getattr(error, "facts", "")
            pytest.fail(f"byte {byte} of {length}: {error!r} {facts}")
    place.assert_hub_is_tidy()
