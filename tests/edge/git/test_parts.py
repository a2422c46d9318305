"""Fetching in parts from every kind of server: history, trees and contents by their ids, until nothing is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldvault.edge.git.hubs.arrivals import Arrivals
from fieldvault.edge.git.hubs.gaps import find_gaps
from fieldvault.edge.git.hubs.salvage import salvage
from fieldvault.edge.git.store.objects import Objects
from tests.edge.git.conftest import Site
from tests.gitenv import Git

FILES: dict[str, str | bytes | None] = {
    "a/photo.pdf": b"%PDF\n\0",
    "a/b/lefevre.yaml": "name: Lefèvre\n",
    "simon.yaml": "name: Simon\n",
}


@pytest.mark.parametrize("filters", [True, False])
def test_in_parts(site: Site, filters: bool) -> None:
    site.git("config", "uploadpack.allowFilter", str(filters).lower())
    marc, ines = site.vault(), site.vault("ines")
    marc.commit_files(FILES)
    tip = marc.commit_files({"simon.yaml": "name: Garage Simon\n"})
    assert site.publish(marc, tip) is None
    site.hub.tips()
    parts = site.hub.parts
    if parts is None:
        assert site.kind in ("path", "file", "ssh-v0")
        return
    with Arrivals(site.folder / "incoming", site.objects(ines)) as arrivals:
        assert find_gaps(arrivals, [tip]).commits == [tip]
        parts.fetch_history(arrivals, [tip], [])
        gaps = find_gaps(arrivals, [tip])
        assert not gaps.commits and not gaps.trees
        if filters:
            newest, former = (marc("rev-parse", f"{name}:simon.yaml") for name in ("HEAD", "HEAD~1"))
            lefevre = marc("rev-parse", "HEAD:a/b/lefevre.yaml")
            assert set(gaps.records) == {newest, former, lefevre} and gaps.records[-1] == former
            assert gaps.attachments == [marc("rev-parse", "HEAD:a/photo.pdf")]
            parts.fetch_objects(arrivals, [*gaps.records, *gaps.attachments])
        assert not find_gaps(arrivals, [tip])
        assert ines.run("cat-file", "-e", tip).returncode != 0
        arrivals.settle()
        assert arrivals.octets == 0
    ines("update-ref", "refs/heads/main", tip)
    ines.assert_sound()


def test_a_tree_comes_alone(site: Site) -> None:
    marc, ines = site.vault(), site.vault("ines")
    tip = marc.commit_files(FILES)
    assert site.publish(marc, tip) is None
    site.git("config", "uploadpack.allowFilter", "true")
    site.hub.tips()
    if site.hub.parts is None:
        return
    tree = marc("rev-parse", "HEAD:a")
    with Arrivals(site.folder / "incoming", site.objects(ines)) as arrivals:
        site.hub.parts.fetch_objects(arrivals, [tree])
        assert tree in arrivals
        assert marc("rev-parse", "HEAD:a/b") not in arrivals
        assert marc("rev-parse", "HEAD:a/photo.pdf") not in arrivals


@pytest.mark.parametrize("thin", [True, False])
def test_every_beginning_of_a_pack_gives_what_is_whole(tmp_path: Path, thin: bool) -> None:
    """A pack of git's own, deltas among it, cut at every tenth byte: no wrong object, and never fewer from more."""
    git = Git(tmp_path / "git").init()
    text = "".join(f"field{number}: {number * number}\n" for number in range(60))
    base = git.commit_files({"a.yaml": text})
    for number in range(5):
        git.commit_files({"a.yaml": text.replace("field7: ", f"field7: {number}")})
    wanted = "HEAD\n" + (f"^{base}\n" if thin else "")
    pack = git.raw("pack-objects", "--revs", "--stdout", "-q", *(["--thin"] if thin else []), stdin=wanted.encode())
    everything = set(git("rev-list", "--objects", "--no-object-names", "HEAD").split())
    ours = Git(tmp_path / "ours").init()
    if thin:
        ours("fetch", "-q", str(git.path), base)
    counts = []
    with Objects(ours.path / ".git") as objects:
        for end in (*range(0, len(pack), 10), len(pack)):
            with Arrivals(tmp_path / f"in{end}", objects) as arrivals, arrivals.receive_pack() as intake:
                intake.write(pack[:end])
                counts.append(salvage(intake))
                assert counts[-1] == sum(oid in PackContents(tmp_path / f"in{end}") for oid in everything)
    assert counts == sorted(counts)
    assert counts[0] == 0 and counts[-1] == len(set(everything)) - (3 if thin else 0)


class PackContents:
    """What stands in the packs of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __contains__(self, oid: str) -> bool:
        with Objects(self._folder) as objects:
            return oid in objects


def test_nothing_is_left_of_a_pack_that_is_none(tmp_path: Path) -> None:
    git = Git(tmp_path / "git").init()
    with Objects(git.path / ".git") as objects:
        for torn in (b"", b"PACK", b"PACK\0\0\0\2\0\0\0\1", b"HTTP/1.1 302 Found\r\n\r\n", b"PACK" + b"\xff" * 200):
            with Arrivals(tmp_path / "in", objects) as arrivals:
                with arrivals.receive_pack() as intake:
                    intake.write(torn)
                    assert salvage(intake) == 0
                assert arrivals.octets == 0
    assert not list((tmp_path / "in").rglob("tmp_*"))
