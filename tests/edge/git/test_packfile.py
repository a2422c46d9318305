"""Packs of real git's making, read back object by object."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fieldvault.edge.git.store.packfile import PackFile
from tests.gitenv import Git


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """A vault of many versions that lean on each other, with an object of nothing and one of 3 MB."""
    git = Git(tmp_path / "vault").init()
    lines = [f"line {number}\n" for number in range(400)]
    draw = random.Random(7)
    for turn in range(40):
        lines[draw.randrange(len(lines))] = f"turn {turn} {draw.random()}\n"
        names = {f"folder/{name}.yaml": f"name: {name} {turn}\n" for name in draw.sample(range(80), 5)}
        git.commit_files({"a.yaml": "".join(lines), **names})
    git.commit_files({"empty": b"", "large": draw.randbytes(3 << 20)})
    git("tag", "-a", "-m", "a tag", "v1")
    return git


def stem(git: Git) -> Path:
    (pack,) = (git.path / ".git/objects/pack").glob("*.pack")
    return pack.with_suffix("")


def objects(git: Git) -> dict[str, str]:
    lines = git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)").splitlines()
    return dict(line.split() for line in lines)


@pytest.mark.parametrize("options", [[], ["-c", "repack.useDeltaBaseOffset=false"], ["-c", "pack.indexVersion=2"]])
def test_every_object_comes_back(git: Git, options: list[str]) -> None:
    git(*options, "repack", "-adfq", "--depth=50")
    chains = git("verify-pack", "-v", f"{stem(git)}.pack")
    assert "chain length = 10" in chains
    pack = PackFile(stem(git))
    found = list(objects(git).items())
    random.Random(3).shuffle(found)
    for oid, kind in found:
        assert pack.read(bytes.fromhex(oid)) == (kind, git.raw("cat-file", kind, oid))
        assert bytes.fromhex(oid) in pack
    assert pack.read(bytes(20)) is None and bytes.fromhex("ff" * 20) not in pack
    pack.close()


def test_a_damaged_pack_gives_what_is_whole_and_never_raises(git: Git) -> None:
    git("repack", "-adfq")
    ids = [bytes.fromhex(oid) for oid in objects(git)]
    target = stem(git).with_suffix(".pack")
    sound = target.read_bytes()
    whole = PackFile(stem(git))
    before = {raw: whole.read(raw) for raw in ids}
    whole.close()
    target.chmod(0o644)
    draw = random.Random(11)
    for _ in range(30):
        place = draw.randrange(12, 40_000)
        target.write_bytes(sound[:place] + bytes([sound[place] ^ 1 << draw.randrange(8)]) + sound[place + 1 :])
        pack = PackFile(stem(git))
        same = sum(pack.read(raw) == before[raw] for raw in ids)
        pack.close()
        assert same > 0
    target.write_bytes(sound[: len(sound) // 2])
    pack = PackFile(stem(git))
    assert {pack.read(raw) for raw in ids} - {None}
    pack.close()


def test_what_is_no_pack_is_refused(git: Git) -> None:
    git("-c", "pack.indexVersion=1", "repack", "-adq")
    with pytest.raises(ValueError, match="version"):
        PackFile(stem(git))
    with pytest.raises(OSError):
        PackFile(git.path / "nothing")
