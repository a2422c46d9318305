"""A first fetch from a hub in a folder: its packs as they are, the rest one by one, nothing damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldvault.edge.git.gitdir.repository import create_repository
from fieldvault.edge.git.hubs.pathhub import PathHub
from fieldvault.edge.git.store.objects import Objects
from fieldvault.edge.git.store.packcopy import copy_others, copy_packs
from fieldvault.errors import Corrupt
from tests.gitenv import Git


@pytest.fixture
def hub(tmp_path: Path) -> Git:
    """Two packs with deltas, and a commit whose objects are loose."""
    hub = Git(tmp_path / "hub.git").init(bare=True)
    desk = Git(tmp_path / "desk").init()
    text = "".join(f"line {number}: {number * 7919}\n" for number in range(400))
    for part in range(2):
        for turn in range(10):
            desk.commit_files({f"{part}.yaml": f"{text}{turn}\n", f"few/{turn}.yaml": f"{part} {turn}\n"})
        desk("push", "-q", str(hub.path), "main")
        hub("repack", "-dq")
    desk.commit_files({"loose": "a loose one\n"})
    desk("push", "-q", str(hub.path), "main")
    return hub


def fetched(hub: Git, vault: Path) -> list[tuple[int, int, str]]:
    """What was told of the progress."""
    create_repository(vault)
    told: list[tuple[int, int, str]] = []
    main = hub("rev-parse", "main")
    with Objects(vault / ".git") as objects, PathHub(hub.path, lambda *one: told.append(one)) as opened:
        opened.fetch(objects, [main], [])
    Git(vault)("update-ref", "refs/heads/main", main)
    return told


def packs(git_dir: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in git_dir.glob("objects/pack/*")}


def test_packs_come_as_they_are_and_loose_objects_beside(hub: Git, tmp_path: Path) -> None:
    told = fetched(hub, tmp_path / "vault")
    copy = Git(tmp_path / "vault")
    ours, theirs = packs(copy.path / ".git"), packs(hub.path)
    assert {name: data for name, data in theirs.items() if name.endswith((".pack", ".idx"))} == ours
    assert len(list((copy.path / ".git/objects").glob("??/*"))) == 3  # blob, tree, commit
    assert copy("rev-list", "--count", "main") == "21"
    count = len(copy("cat-file", "--batch-all-objects", "--batch-check").splitlines())
    assert sum(objects for _, objects, _ in told) == count
    copy.assert_sound()


@pytest.mark.parametrize("suffix", [".pack", ".idx"])
def test_of_a_damaged_pack_the_whole_objects_come_and_others_are_named(hub: Git, tmp_path: Path, suffix: str) -> None:
    damaged = max(hub.path.glob(f"objects/pack/*{suffix}"), key=lambda path: path.stat().st_size)
    damaged.chmod(0o644)
    content = bytearray(damaged.read_bytes())
    content[-30 if suffix == ".idx" else 200] ^= 0xFF
    damaged.write_bytes(content)
    try:
        fetched(hub, tmp_path / "vault")
    except Corrupt as error:
        assert error.kind == "hub-incomplete"
    else:
        Git(tmp_path / "vault").assert_sound()
    taken = packs(tmp_path / "vault/.git")
    assert damaged.name not in taken and not [name for name in taken if name.startswith("tmp_")]


def test_packs_that_are_joined_meanwhile_are_no_error(hub: Git, tmp_path: Path) -> None:
    create_repository(tmp_path / "vault")
    with Objects(hub.path) as source, Objects(tmp_path / "vault/.git") as target:
        copies = copy_packs(source.packs, target.packs)
        next(copies)
        hub("repack", "-adq")
        assert list(copies) == []  # the other one is gone
        main = hub("rev-parse", "main")
    fetched(hub, tmp_path / "other")
    assert Git(tmp_path / "other")("rev-parse", "main") == main


def test_what_a_delta_leans_on_comes_along(hub: Git, tmp_path: Path) -> None:
    """As a pack of git's may have it, in which something that is wanted leans on something that is not."""
    hub("repack", "-adfq", "--window=50")
    whole, leaning = set(hub("rev-list", "--all", "--objects", "--no-object-names").split()), {}
    index = next((hub.path / "objects/pack").glob("*.idx"))
    for line in hub("verify-pack", "-v", str(index)).splitlines():
        words = line.split()
        if len(words) == 7:
            leaning[words[0]] = words[6]
    unwanted = {base for base in leaning.values() if base not in leaning}
    alone = next(oid for oid in sorted(whole) if oid not in leaning and oid not in unwanted)
    create_repository(tmp_path / "copy")
    with Objects(hub.path) as source, Objects(tmp_path / "copy/.git") as target:
        copy_others(source.packs, target.packs, {*unwanted, alone})
        target.packs.look_again()
        assert unwanted and all(oid in target for oid in whole - {alone})
        assert alone not in target
        assert all(target.read(oid) == source.read(oid) for oid in whole - {alone})
