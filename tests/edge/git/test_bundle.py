"""Bundles: git reads ours, we read git's, and nothing that is no whole bundle is taken."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fieldvault.edge.git.hubs.bundle import is_bundle, write_bundle
from fieldvault.edge.git.hubs.link import no_progress
from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.edge.git.store.objects import Objects
from fieldvault.errors import FieldvaultError, HubRefused
from tests.gitenv import Git

MAIN = "refs/heads/main"


@pytest.fixture
def marc(tmp_path: Path) -> Git:
    vault = Git(tmp_path / "marc").init()
    vault.commit_files({"a.yaml": "name: Lefèvre\n" * 50, "b/c.yaml": "x: 1\n"})
    vault.commit_files({"a.yaml": "name: Lefèvre\n" * 50 + "phone: 1\n"})
    return vault


def write(vault: Git, path: Path, known: list[str]) -> None:
    head = vault("rev-parse", "HEAD")
    with Objects(vault.path / ".git") as objects:
        write_bundle(path, objects, {"HEAD": head, MAIN: head}, known)


def fetch(path: Path, into: Git, haves: list[str]) -> str:
    with open_hub(str(path), path.parent) as bundle, Objects(into.path / ".git") as objects:
        tip = bundle.tips()[MAIN]
        bundle.fetch(objects, [tip], haves)
        return tip


def test_git_verifies_clones_and_fetches(marc: Git, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.bundle", tmp_path / "part.bundle"
    first = marc("rev-parse", "HEAD~1")
    write(marc, whole, [])
    write(marc, part, [first])
    for path in (whole, part):
        assert "is okay" in marc.run("bundle", "verify", str(path)).stderr.decode()
    assert part.stat().st_size < whole.stat().st_size
    marc("clone", "-q", str(whole), str(tmp_path / "clone"))
    clone = Git(tmp_path / "clone")
    assert clone("rev-parse", "HEAD") == marc("rev-parse", "HEAD")
    clone.assert_sound()
    other = Git(tmp_path / "other").init()
    other("fetch", "-q", str(marc.path), first)
    other("fetch", "-q", str(part), "main")
    assert other("rev-parse", "FETCH_HEAD") == marc("rev-parse", "HEAD")


@pytest.mark.parametrize("version", ["2", "3"])
def test_what_git_wrote_is_read(version: str, marc: Git, tmp_path: Path) -> None:
    path = tmp_path / "gits.bundle"
    first = marc("rev-parse", "HEAD~1")
    other = Git(tmp_path / "other").init()
    other("fetch", "-q", str(marc.path), first)
    other("update-ref", MAIN, first)
    marc("bundle", "create", "-q", f"--version={version}", str(path), f"{first}..main")
    assert is_bundle(path)
    other("update-ref", MAIN, fetch(path, other, [first]))
    other.assert_sound()
    assert other("rev-parse", "main") == marc("rev-parse", "main")


def test_head_stands_for_a_main_that_is_not_named(marc: Git, tmp_path: Path) -> None:
    marc("bundle", "create", "-q", str(tmp_path / "x"), "HEAD")
    with open_hub(str(tmp_path / "x"), tmp_path) as bundle:
        assert bundle.tips() == {MAIN: marc("rev-parse", "HEAD")}


def test_a_bundle_takes_nothing(marc: Git, tmp_path: Path) -> None:
    write(marc, tmp_path / "x", [])
    before = (tmp_path / "x").read_bytes()
    with (
        open_hub(str(tmp_path / "x"), tmp_path) as bundle,
        Objects(marc.path / ".git") as objects,
        pytest.raises(HubRefused) as refused,
    ):
        bundle.publish(objects, {MAIN: (None, marc("rev-parse", "HEAD"))})
    assert refused.value.kind == "hub-is-bundle"
    assert (tmp_path / "x").read_bytes() == before


def test_what_it_builds_on_must_be_here(marc: Git, tmp_path: Path) -> None:
    path, stranger = tmp_path / "x", Git(tmp_path / "stranger").init()
    first = marc("rev-parse", "HEAD~1")
    write(marc, path, [first])
    with pytest.raises(FieldvaultError) as failure:
        fetch(path, stranger, [])
    assert (failure.value.kind, failure.value.facts["oid"]) == ("bundle-lacks", first[:10])
    assert stranger("count-objects") == "0 objects, 0 kilobytes"


def test_cut_or_changed_anywhere_it_is_refused_and_nothing_stays(marc: Git, tmp_path: Path) -> None:
    whole, path, other = tmp_path / "whole", tmp_path / "x", Git(tmp_path / "other").init()
    write(marc, whole, [])
    data, draw = whole.read_bytes(), random.Random(1)
    pack_at = data.index(b"\n\n") + 2
    cuts = [data[:length] for length in (*range(16, len(data), 7), len(data) - 1)]
    flips = [_flipped(data, draw.randrange(pack_at, len(data))) for _ in range(60)]
    for wrong in cuts + flips:
        path.write_bytes(wrong)
        with pytest.raises(FieldvaultError) as failure:
            fetch(path, other, [])
        assert failure.value.kind == "bundle-damaged", wrong
        assert [left for left in (other.path / ".git/objects").rglob("*") if left.is_file()] == []


@pytest.mark.parametrize(
    "data", [b"", b"notes\n", b"# v1 git bundle\n", b"# v2 git bundle", b"PK\x03\x04" + bytes(100), None]
)
def test_what_is_no_bundle(data: bytes | None, tmp_path: Path) -> None:
    from fieldvault.edge.git.hubs.bundle import BundleHub

    path = tmp_path / "x"
    path.mkdir() if data is None else path.write_bytes(data)
    assert not is_bundle(path)
    with pytest.raises(FieldvaultError) as failure:
        BundleHub(path, no_progress)
    assert failure.value.kind == "bundle-not"


@pytest.mark.parametrize("word", ["filter=blob:none", "object-format=sha256"])
def test_a_kind_that_is_not_read(word: str, marc: Git, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"# v3 git bundle\n@" + word.encode() + b"\n\n")
    with pytest.raises(FieldvaultError) as failure:
        open_hub(str(path), tmp_path)
    assert (failure.value.kind, failure.value.facts["word"]) == ("bundle-unsupported", word)


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
