"""Upkeep beside git: few files, nothing lost, nobody disturbed."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fieldvault.edge.git.store import upkeep
from fieldvault.edge.git.store.objects import Objects, object_id
from fieldvault.edge.git.store.packwriter import PackWriter
from fieldvault.edge.git.store.upkeep import LOOSE_MAX, PACKS_MAX, keep_tidy, to_join, upkeep_lock
from tests.gitenv import Git


def folder(git: Git) -> Path:
    return git.path / ".git" / "objects"


def loose(git: Git) -> list[Path]:
    return list(folder(git).glob("??/*"))


def packs(git: Git) -> list[Path]:
    return list((folder(git) / "pack").glob("*.pack"))


def every_object(git: Git) -> str:
    return git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype) %(objectsize)")


def put_loose(git: Git, count: int) -> None:
    """So many blobs, written by git in one go."""
    stream = "".join(f"blob\ndata {len(text)}\n{text}\n" for text in (f"number {n}" for n in range(count)))
    git("-c", "fastimport.unpackLimit=1000000", "fast-import", "--quiet", stdin=stream)


def commit_in_packs(git: Git, count: int) -> None:
    """Commits whose objects come as a pack each, with deltas of both kinds."""
    draw = random.Random(count)
    lines = [f"line {number} {draw.random()}\n" for number in range(300)]
    for turn in range(count):
        lines[draw.randrange(len(lines))] = f"turn {turn} {draw.random()}\n"
        git.commit_files({"a.yaml": "".join(lines), f"{turn % 7}/b.yaml": f"turn: {turn}\n"})
        if turn % 2:
            git("-c", f"repack.useDeltaBaseOffset={turn % 4 == 1}", "repack", "-dq")


def test_nothing_is_touched_while_nothing_is_due(git: Git, objects: Objects) -> None:
    put_loose(git, LOOSE_MAX // 2)
    before = sorted(loose(git))
    keep_tidy(objects)
    assert sorted(loose(git)) == before and packs(git) == []


def test_many_loose_objects_become_one_pack(git: Git, objects: Objects) -> None:
    git.commit_files({"a": "a", "b": "b"})
    put_loose(git, LOOSE_MAX * 3 // 2)
    before = every_object(git)
    keep_tidy(objects)
    assert loose(git) == [] and len(packs(git)) == 1
    assert every_object(git) == before  # those that nothing names as well
    assert objects.read(object_id("blob", b"number 7")) == ("blob", b"number 7")
    git.assert_sound()


def test_what_is_damaged_stays_and_gives_way_to_a_whole_copy(git: Git, objects: Objects) -> None:
    put_loose(git, LOOSE_MAX * 3 // 2)
    ids = [object_id("blob", data) for data in (b"number 1", b"number 2")]
    damaged, twice = (folder(git) / oid[:2] / oid[2:] for oid in ids)
    objects.write_pack([("blob", b"number 2")])
    for file in (damaged, twice):
        file.chmod(0o644)
        file.write_bytes(b"torn")
    keep_tidy(objects)
    assert loose(git) == [damaged]
    assert objects.blob(object_id("blob", b"number 2")) == b"number 2"


def test_a_packed_copy_that_is_damaged_does_not_cost_the_loose_one(git: Git, objects: Objects) -> None:
    put_loose(git, LOOSE_MAX * 3 // 2)
    objects.write_pack([("blob", b"number 2")])
    (pack,) = packs(git)
    pack.chmod(0o644)
    content = bytearray(pack.read_bytes())
    content[16] ^= 0xFF  # within the zlib stream
    pack.write_bytes(content)
    keep_tidy(objects)
    assert loose(git) == []
    assert objects.blob(object_id("blob", b"number 2")) == b"number 2"


def test_many_packs_become_few_and_their_deltas_stay(git: Git, objects: Objects) -> None:
    commit_in_packs(git, 2 * PACKS_MAX + 2)
    before, octets = every_object(git), sum(pack.stat().st_size for pack in packs(git))
    assert len(packs(git)) > PACKS_MAX
    keep_tidy(objects)
    assert len(packs(git)) <= PACKS_MAX
    assert every_object(git) == before
    assert sum(pack.stat().st_size for pack in packs(git)) < octets * 1.2
    for line in before.splitlines():
        oid, kind, _ = line.split()
        assert objects.read(oid) == (kind, git.raw("cat-file", kind, oid))
    for index in (folder(git) / "pack").glob("*.idx"):
        git("verify-pack", str(index))
    git.assert_sound()


def test_a_pack_that_holds_all_the_others_hold_is_not_taken_away(git: Git, objects: Objects) -> None:
    blobs = [f"blob {number}".encode() for number in range(PACKS_MAX + 5)]
    for number in range(1, len(blobs) + 1):
        objects.write_pack([("blob", data) for data in blobs[:number]])
    keep_tidy(objects)
    assert len(packs(git)) <= PACKS_MAX
    assert [objects.blob(object_id("blob", data)) for data in blobs] == blobs


def test_packs_that_are_held_damaged_or_listed_by_git_stay(git: Git, objects: Objects) -> None:
    for number in range(PACKS_MAX * 2):
        objects.write_pack([("blob", f"blob {number} {'x' * number}".encode())])
    kept, damaged = sorted(packs(git), key=lambda pack: pack.stat().st_size)[:2]
    kept.with_suffix(".keep").touch()
    damaged.chmod(0o644)
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    git("multi-pack-index", "write")
    keep_tidy(objects)
    assert len(packs(git)) == PACKS_MAX * 2
    (folder(git) / "pack" / "multi-pack-index").unlink()
    keep_tidy(objects)
    assert kept.exists() and damaged.exists() and len(packs(git)) <= PACKS_MAX + 2


def test_a_joined_pack_is_joined_again_when_it_has_doubled() -> None:
    """Of 10,000 packs of one size each is copied a few times, not a thousand."""
    sizes: dict[str, int] = {}
    copied = 0
    for number in range(10_000):
        sizes[f"pack-{number}"] = 1
        if len(sizes) > PACKS_MAX:
            joined = to_join(sizes)
            sizes[f"joined-{number}"] = total = sum(sizes.pop(name) for name in joined)
            copied += total
        assert len(sizes) <= PACKS_MAX
    assert copied < 10_000 * 20


@pytest.mark.parametrize("step", ["pack written", "first file gone"])
def test_cut_off_anywhere_it_is_done_by_the_next(git: Git, objects: Objects, step: str, monkeypatch) -> None:
    put_loose(git, LOOSE_MAX * 3 // 2)
    before = every_object(git)

    def cut(self: Objects, oids: list[str]) -> None:
        if step == "first file gone":
            (folder(git) / oids[0][:2] / oids[0][2:]).unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Objects, "remove_loose", cut)
        keep_tidy(objects)
    assert every_object(git) == before
    git.assert_sound()
    keep_tidy(objects)
    assert loose(git) == [] and every_object(git) == before


def test_a_full_disk_changes_nothing_and_is_no_error(git: Git, objects: Objects, monkeypatch) -> None:
    put_loose(git, LOOSE_MAX * 3 // 2)
    before = sorted(loose(git))

    def full(self: PackWriter) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PackWriter, "finish", full)
    keep_tidy(objects)
    assert sorted(loose(git)) == before
    assert list(folder(git).rglob("tmp_*")) == []


def test_it_keeps_out_of_the_way_of_git_gc(git: Git, objects: Objects) -> None:
    put_loose(git, LOOSE_MAX * 3 // 2)
    sign = git.path / ".git" / "gc.pid"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as alive:
        sign.write_text(f"{alive.pid} {socket.gethostname()}")
        keep_tidy(objects)
        assert len(loose(git)) > LOOSE_MAX and sign.exists()
        alive.communicate(b"\n")
    keep_tidy(objects)  # it is gone now
    assert loose(git) == []


def test_packs_that_a_gc_has_counted_meanwhile_stay(git: Git, objects: Objects, monkeypatch) -> None:
    for number in range(PACKS_MAX + 1):
        objects.write_pack([("blob", f"blob {number}".encode())])
    before = set(packs(git))

    def starts(writer: PackWriter) -> str | None:
        (git.path / ".git" / "gc.pid").write_text(f"{os.getpid()} {socket.gethostname()}")
        return original(writer)

    original = PackWriter.finish
    with monkeypatch.context() as patch:
        patch.setattr(PackWriter, "finish", starts)
        keep_tidy(objects)
    assert before < set(packs(git))
    (git.path / ".git" / "gc.pid").unlink()
    keep_tidy(objects)
    assert len(packs(git)) == 1
    git.assert_sound()


def test_what_fails_at_the_last_step_leaves_nothing(
    git: Git, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next try of the same process may succeed, and then nobody looks after this one."""
    put_loose(git, LOOSE_MAX * 3 // 2)
    original = Path.chmod

    def refused(path: Path, mode: int) -> None:
        if path.name.startswith("tmp_idx_"):
            raise PermissionError(path)
        original(path, mode)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "chmod", refused)
        keep_tidy(objects)
    assert len(loose(git)) > LOOSE_MAX and not list((folder(git) / "pack").glob("tmp_*"))
    keep_tidy(objects)
    assert loose(git) == [] and len(packs(git)) == 1


def test_two_do_not_do_the_same(git: Git, objects: Objects) -> None:
    put_loose(git, LOOSE_MAX * 3 // 2)
    with upkeep_lock(git.path / ".git"):
        keep_tidy(objects)
        assert packs(git) == []
    keep_tidy(objects)
    assert len(packs(git)) == 1


def test_whoever_reads_meanwhile_finds_everything(git: Git, objects: Objects, monkeypatch) -> None:
    """Packs are joined over and over under two readers: one of ours, which looks again, and git."""
    monkeypatch.setattr(upkeep, "PACKS_MAX", 2)
    monkeypatch.setattr(upkeep, "LOOSE_MAX", 100)
    oids: list[str] = []
    failures: list[object] = []
    done = threading.Event()

    def read_ours() -> None:
        while not done.is_set():
            with Objects(git.path / ".git") as reader:
                for oid in oids[-300:]:
                    try:
                        reader.read(oid)
                    except Exception as error:
                        failures.append(error)

    def read_git() -> None:
        while not done.is_set():
            asked = oids[-300:]
            said = git("cat-file", "--batch-check", stdin="\n".join(asked))
            failures.extend(line for line in said.splitlines() if line.endswith("missing"))

    readers = [threading.Thread(target=read) for read in (read_ours, read_git)]
    for reader in readers:
        reader.start()
    for turn in range(30):
        few = objects.write_loose([("blob", f"few {turn} {number}".encode()) for number in range(10)])
        many = [("blob", f"many {turn} {number}".encode()) for number in range(50)]
        objects.write_pack(many)
        oids += few + [object_id(*one) for one in many]
        keep_tidy(objects)
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert len(packs(git)) <= 3
    git.assert_sound()
