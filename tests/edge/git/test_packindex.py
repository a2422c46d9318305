"""Our index of a pack beside the one that git makes, and git's reading of ours."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fieldvault.edge.git.store.packindex import encode_index
from tests.gitenv import Git

Entries = list[tuple[bytes, int, int]]


def shown(git: Git, index: bytes) -> Entries:
    """What `git show-index` reads: offset, id and (crc32) a line."""
    lines = (line.split() for line in git.raw("show-index", stdin=index).decode().splitlines())
    return [(bytes.fromhex(oid), int(offset), int(crc.strip("()"), 16)) for offset, oid, crc in lines]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return Git(tmp_path / "vault").init()


def test_gits_own_index_to_the_byte(git: Git) -> None:
    for turn in range(5):
        git.commit_files({f"{name}.yaml": f"name: {name} {turn}\n" for name in range(99)})
    git("repack", "-adq")
    (target,) = (git.path / ".git/objects/pack").glob("*.idx")
    index, checksum = target.read_bytes(), target.with_suffix(".pack").read_bytes()[-20:]
    entries = shown(git, index)
    assert len(entries) > 500
    assert encode_index(reversed(entries), checksum) == index


def test_offsets_beyond_two_gigabytes(git: Git) -> None:
    offsets = [12, (1 << 31) - 1, 1 << 31, 5 << 31, 1 << 40]
    entries = sorted((hashlib.sha1(b"%d" % offset).digest(), offset, offset % 7919) for offset in offsets)
    assert shown(git, encode_index(entries, bytes(20))) == entries


def test_a_pack_of_nothing(git: Git) -> None:
    assert shown(git, encode_index([], bytes(20))) == []
