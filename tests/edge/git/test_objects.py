"""Objects, packs and what comes in, beside git."""

from __future__ import annotations

import hashlib
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from fieldvault.edge.git.store.objects import Objects, object_id
from fieldvault.edge.git.store.packintake import Limits
from fieldvault.errors import Corrupt
from tests.gitenv import Git

RECORDS = [f"id: cus_{number:010}\nname: Boulangerie {number}\n".encode() for number in range(300)]


def loose_file(git: Git, oid: str) -> Path:
    return git.path / ".git" / "objects" / oid[:2] / oid[2:]


def leavings(git: Git) -> list[Path]:
    return list((git.path / ".git" / "objects").rglob("tmp_*"))


def test_git_reads_a_loose_object(git: Git, objects: Objects) -> None:
    oid = objects.write("blob", "Besançon\n".encode())
    assert git("cat-file", "-t", oid) == "blob"
    assert git("cat-file", "blob", oid) == "Besançon"
    assert oid == object_id("blob", "Besançon\n".encode()) and oid in objects
    assert objects.read(oid) == ("blob", "Besançon\n".encode())
    assert objects.write("blob", "Besançon\n".encode()) == oid
    assert loose_file(git, oid).stat().st_mode & 0o777 == 0o444
    assert leavings(git) == []
    git.assert_sound()


def test_a_folder_that_git_gc_takes_away_is_made_again(git: Git, objects: Objects, monkeypatch) -> None:
    """`git gc` removes a folder of objects that is empty, also one that was made for what is to come."""
    made = []

    def taken(self: Path, *arguments: object, **keywords: object) -> None:
        original(self, *arguments, **keywords)
        made.append(self)
        if len(made) == 1:
            self.rmdir()

    original = Path.mkdir
    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", taken)
        oid = objects.write("blob", b"abc")
    assert len(made) == 2 and objects.blob(oid) == b"abc"
    git.assert_sound()


def test_a_missing_object_is_named(objects: Objects) -> None:
    with pytest.raises(Corrupt) as caught:
        objects.read("1" * 40)
    assert (caught.value.kind, caught.value.facts) == ("object-missing", {"oid": "1" * 40})


@pytest.mark.parametrize("damage", [b"", b"garbage", zlib.compress(b"blob 3\0abX")])
def test_a_damaged_object_is_named_and_written_again(git: Git, objects: Objects, damage: bytes) -> None:
    oid = objects.write("blob", b"abc")
    path = loose_file(git, oid)
    path.chmod(0o644)
    path.write_bytes(damage)
    with pytest.raises(Corrupt) as caught:
        objects.read(oid)
    assert caught.value.kind == "object-damaged"
    assert objects.write("blob", b"abc") == oid
    assert objects.blob(oid) == b"abc"


def test_a_damaged_loose_copy_gives_way_to_the_packed_one(git: Git, objects: Objects) -> None:
    oid = objects.write("blob", b"abc")
    objects.write_pack([("blob", b"abc")])
    loose_file(git, oid).chmod(0o644)
    loose_file(git, oid).write_bytes(b"")
    assert objects.blob(oid) == b"abc"


def test_a_pack_of_ours_is_good_for_git(git: Git, objects: Objects) -> None:
    large = random.Random(1).randbytes(3_000_000)
    objects.write_pack([("blob", data) for data in [*RECORDS, b"", large, RECORDS[0]]])
    (index,) = (git.path / ".git" / "objects" / "pack").glob("*.idx")
    git("verify-pack", str(index))
    listed = git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
    assert listed == sorted({object_id("blob", data) for data in [*RECORDS, b"", large]})
    assert [objects.blob(object_id("blob", data)) for data in RECORDS] == RECORDS
    assert objects.blob(object_id("blob", large)) == large
    assert leavings(git) == []
    git.assert_sound()


def test_the_same_pack_twice_is_one_pack(git: Git, objects: Objects) -> None:
    for _ in range(2):
        objects.write_pack([("blob", data) for data in RECORDS])
    assert [path.suffix for path in sorted((git.path / ".git/objects/pack").iterdir())] == [".idx", ".pack"]
    git.assert_sound()


def test_an_empty_pack_is_not_written_and_a_broken_stream_leaves_nothing(git: Git, objects: Objects) -> None:
    objects.write_pack([])

    def stream():
        yield "blob", b"one"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError):
        objects.write_pack(stream())
    assert list((git.path / ".git" / "objects" / "pack").iterdir()) == []


def test_packs_that_git_makes_with_deltas_are_noticed(git: Git, objects: Objects) -> None:
    text = "".join(f"line {number}: {number * 7919}\n" for number in range(400))
    git.commit_files({"record.yaml": text})
    git.commit_files({"record.yaml": text + "one more\n"})
    first = git("rev-parse", "HEAD~:record.yaml")
    assert objects.blob(first) == text.encode()
    git("gc", "-q", "--prune=now")
    assert not loose_file(git, first).exists()
    assert objects.blob(first) == text.encode()
    git.commit_files({"record.yaml": text + "two more\n"})
    git("gc", "-q", "--prune=now")  # the pack that was open is gone
    assert objects.blob(first) == text.encode()
    assert objects.blob(git("rev-parse", "HEAD:record.yaml")) == (text + "two more\n").encode()
    assert "0" * 40 not in objects


def pack_of(git: Git, revisions: str, *options: str) -> bytes:
    return git.raw("pack-objects", "--revs", "--stdout", "-q", *options, stdin=revisions.encode())


@pytest.fixture
def sender(tmp_path: Path) -> Git:
    sender = Git(tmp_path / "sender").init()
    text = "".join(f"line {number}: {number * 7919}\n" for number in range(400))
    sender.commit_files({"record.yaml": text})
    sender.commit_files({"record.yaml": text + "one more\n"}, "second")
    return sender


def test_a_received_thin_pack_is_completed(git: Git, objects: Objects, sender: Git) -> None:
    with objects.receive_pack() as intake:
        intake.write(pack_of(sender, "HEAD~\n"))
        assert len(intake.adopt()) == 3
    thin = pack_of(sender, "HEAD\n^HEAD~\n", "--thin", "--delta-base-offset")
    with objects.receive_pack() as intake:
        intake.write(thin[:100])
        intake.write(thin[100:])
        arrived = intake.adopt()
    assert set(arrived) == set(sender("rev-list", "--objects", "--no-object-names", "HEAD", "^HEAD~").split())
    git("update-ref", "refs/heads/main", sender("rev-parse", "HEAD"))
    for index in (git.path / ".git" / "objects" / "pack").glob("*.idx"):
        git("verify-pack", str(index))
    assert leavings(git) == []
    git.assert_sound()


def test_a_thin_pack_whose_base_is_nowhere_is_refused(git: Git, objects: Objects, sender: Git) -> None:
    with objects.receive_pack() as intake, pytest.raises(Corrupt) as caught:
        intake.write(pack_of(sender, "HEAD\n^HEAD~\n", "--thin"))
        intake.adopt()
    assert caught.value.kind == "pack-incomplete"
    assert sender("rev-parse", "HEAD~:record.yaml") in caught.value.facts["oids"]
    assert list((git.path / ".git" / "objects" / "pack").iterdir()) == []


def test_an_empty_pack_brings_nothing(objects: Objects, sender: Git) -> None:
    with objects.receive_pack() as intake:
        intake.write(pack_of(sender, "HEAD\n^HEAD\n"))
        assert intake.adopt() == []


def signed(pack: bytes) -> bytes:
    return pack + hashlib.sha1(pack).digest()


def pack_with(number: int, declared: int, content: bytes) -> bytes:
    """One entry of a declared size under 2^18."""
    header = bytes([0x80 | number << 4 | declared & 15, 0x80 | declared >> 4 & 127, declared >> 11])
    return signed(struct.pack(">4sLL", b"PACK", 2, 1) + header + zlib.compress(content))


@pytest.mark.parametrize(
    ("pack", "kind"),
    [
        (b"", "pack-damaged"),
        (b"PACK" * 30, "pack-damaged"),
        (signed(b"PACK" + bytes(20)), "pack-damaged"),
        (pack_with(3, 5, b"abcde")[:-1], "pack-damaged"),
        (pack_with(3, 4, b"abcde"), "pack-damaged"),
        (pack_with(5, 5, b"abcde"), "pack-damaged"),
        (pack_with(6, 5, b"abcde"), "pack-damaged"),
        (signed(pack_with(3, 5, b"abcde")[:-20] + b"more"), "pack-damaged"),
        (pack_with(2, 100_001, bytes(100_001)), "pack-too-large"),
        (pack_with(3, 100_001, bytes(100_000)), "pack-damaged"),
        (pack_with(3, 100_001, bytes(100_002)), "pack-damaged"),
        (pack_with(3, 200_001, bytes(200_001)), "pack-too-large"),
        (signed(pack_with(3, 100_001, bytes(100_001))[:-40]), "pack-damaged"),
        (signed(struct.pack(">4sLL", b"PACK", 2, 2**32 - 1) + bytes(100)), "pack-damaged"),
    ],
)
def test_a_crafted_pack_is_refused_and_leaves_nothing(git: Git, objects: Objects, pack: bytes, kind: str) -> None:
    with objects.receive_pack() as intake, pytest.raises(Corrupt) as caught:
        intake.write(pack)
        intake.adopt(Limits(object_bytes=100_000, total_bytes=200_000))
    assert caught.value.kind == kind
    assert list((git.path / ".git" / "objects" / "pack").iterdir()) == []


@pytest.mark.parametrize("content", [bytes(300_000), random.Random(1).randbytes(300_000)], ids=["zeros", "noise"])
def test_a_large_file_is_taken_in_without_being_held(git: Git, objects: Objects, sender: Git, content: bytes) -> None:
    tip = sender.commit_files({"film": content, "notes": "small\n"})
    with objects.receive_pack() as intake:
        intake.write(pack_of(sender, "HEAD\n"))
        arrived = intake.adopt(Limits(object_bytes=100_000))
    film = sender("rev-parse", "HEAD:film")
    assert film in arrived
    assert objects.blob(film) == content
    git("update-ref", "refs/heads/main", tip)
    git.assert_sound()


@pytest.mark.parametrize("ofs", ["--delta-base-offset", "--no-reuse-delta"])
def test_a_delta_of_what_memory_should_not_hold_is_refused(objects: Objects, sender: Git, ofs: str) -> None:
    noise = random.Random(1).randbytes(110_000)
    sender.commit_files({"film": noise})
    sender.commit_files({"film": noise[:90_000]})
    with objects.receive_pack() as intake, pytest.raises(Corrupt) as caught:
        intake.write(pack_of(sender, "HEAD\n", ofs))
        intake.adopt(Limits(object_bytes=100_000))
    assert caught.value.kind == "pack-too-large"


def test_a_size_is_known_without_the_content(objects: Objects, sender: Git) -> None:
    sizes = {}
    for number in range(3):
        text = "".join(f"line {line}\n" for line in range(2_000 + number * 100))
        sender.commit_files({"notes": text})
        sizes[sender("rev-parse", "HEAD:notes")] = len(text)
    with objects.receive_pack() as intake:
        intake.write(pack_of(sender, "HEAD\n", "--delta-base-offset"))
        intake.adopt()
    sizes[objects.write("blob", b"loose")] = 5
    assert {oid: objects.blob_size(oid) for oid in sizes} == sizes
    with pytest.raises(Corrupt) as caught:
        objects.blob_size(sender("rev-parse", "HEAD"))
    assert caught.value.kind == "object-kind"
    with pytest.raises(Corrupt) as caught:
        objects.blob_size("0" * 40)
    assert caught.value.kind == "object-missing"


def test_a_delta_that_promises_too_much_is_refused(git: Git, objects: Objects) -> None:
    base = objects.write("blob", bytes(50_000))
    copies = b"".join(b"\xb0\x50\xc3" for _ in range(4))  # four times: copy 50,000 bytes from offset 0
    delta = b"\xd0\x86\x03" + b"\xc0\x9a\x0c" + copies
    entry = bytes([0x70 | len(delta) & 15 | 0x80, len(delta) >> 4]) + bytes.fromhex(base) + zlib.compress(delta)
    pack = signed(struct.pack(">4sLL", b"PACK", 2, 1) + entry)
    with objects.receive_pack() as intake:
        intake.write(pack)
        assert intake.adopt() == [object_id("blob", bytes(200_000))]
    with objects.receive_pack() as intake, pytest.raises(Corrupt) as caught:
        intake.write(pack)
        intake.adopt(Limits(object_bytes=100_000))
    assert caught.value.kind == "pack-too-large"


def test_loose_objects_are_read_and_written_without_dulwich(git: Git) -> None:
    program = (
        "import sys; from pathlib import Path; from fieldvault.edge.git.store.objects import Objects\n"
        "with Objects(Path(sys.argv[1])) as objects: objects.blob(objects.write('blob', b'x'))\n"
        "assert 'dulwich' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, str(git.path / ".git")], check=True)
