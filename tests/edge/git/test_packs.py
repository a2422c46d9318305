"""What is sent: as much as git would say, no more than is new, and everything before what names it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from dulwich.object_format import SHA1
from dulwich.pack import PackChunkGenerator

from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.hubs.packs import missing_objects, objects_to_send, pack_entries, packed_bytes
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.objects import Objects, Reader, object_id
from fieldvault.errors import Corrupt
from tests.gitenv import Git


class CountingReader:
    """An object store that counts what is read."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.reads = 0

    def read(self, oid: Oid) -> tuple[str, bytes]:
        self.reads += 1
        return self.objects.read(oid)

    def blob(self, oid: Oid) -> bytes:
        return self.read(oid)[1]

    def __contains__(self, oid: Oid) -> bool:
        return oid in self.objects


def files(count: int) -> dict[str, str | bytes | None]:
    return {f"customers/{number % 7}/{number}.yaml": f"name: {number}\n" for number in range(count)}


def test_one_edit_sends_its_file_its_folders_and_its_commit(git: Git) -> None:
    old = git.commit_files(files(100))
    for number in range(20):
        date = f"{1_772_437_300 + number} +0100"  # a second each: those of one second must all be looked at
        old = git.commit_files({"customers/3/3.yaml": f"name: {number} again\n"}, GIT_COMMITTER_DATE=date)
    new = git.commit_files({"customers/3/3.yaml": "name: new\n"}, GIT_COMMITTER_DATE="1772437400 +0100")
    with Objects(git.path / ".git") as objects:
        reader = CountingReader(objects)
        sent = objects_to_send(reader, [new], [old])
    assert [one.path for one in sent] == ["customers/3/3.yaml", "customers/3", "customers", "", ""]
    assert sent[-1].oid == new
    assert reader.reads < 15  # 3 folders and one commit each side, not 20 commits


def test_a_known_commit_that_is_not_here_tells_nothing(git: Git) -> None:
    new = git.commit_files(files(3))
    with Objects(git.path / ".git") as objects:
        assert objects_to_send(objects, [new], ["0" * 39 + "1"]) == objects_to_send(objects, [new], [])


def test_a_moved_folder_and_the_same_text_twice_are_listed_once(git: Git) -> None:
    old = git.commit_files({"a/x": "1", "b/y": "2"})
    new = git.commit_files({"a/x": None, "c/x": "1", "d/e/x": "1", "d/z": "9"})
    with Objects(git.path / ".git") as objects:
        sent = [one.oid for one in objects_to_send(objects, [new], [old])]
    assert len(sent) == len(set(sent))
    assert git("rev-parse", f"{new}:d/z") in sent


@pytest.mark.parametrize("seed", range(6))
def test_random_histories_send_what_git_would_send(git: Git, seed: int) -> None:
    draw = random.Random(seed)
    commits = [git.commit_files(files(10), "start")]
    for number in range(25):
        name = f"customers/{draw.randrange(7)}/{draw.randrange(12)}.yaml"
        git("checkout", "-q", "--detach", draw.choice(commits))
        if draw.random() < 0.3:
            git("merge", "-q", "--no-ff", "-s", "ours", "-m", "merge", draw.choice(commits))
            commits.append(git("rev-parse", "HEAD"))
        else:
            commits.append(git.commit_files({name: f"name: {draw.randrange(5)}\n"}, f"change {number}"))
    new, known = draw.sample(commits, 2), draw.sample(commits, 2)
    needed = git("rev-list", "--objects", "--no-object-names", *new, "--not", *known).split()
    everything = git("rev-list", "--objects", "--no-object-names", *new).split()
    with Objects(git.path / ".git") as objects:
        sent = [one.oid for one in objects_to_send(objects, new, known)]
        assert set(needed) <= set(sent) <= set(everything)
        assert set(everything) == {one.oid for one in objects_to_send(objects, new, [])}
        held = git("rev-list", "--objects", "--no-object-names", *known).split()
        assert_nothing_stands_before_what_it_names(git, [oid for oid in sent if oid not in held])


def assert_nothing_stands_before_what_it_names(git: Git, sent: list[Oid]) -> None:
    place = {oid: number for number, oid in enumerate(sent)}
    for oid in sent:
        kind = git("cat-file", "-t", oid)
        if kind == "blob":
            continue
        if kind == "tree":
            named = [line.split()[2] for line in git("ls-tree", oid).splitlines()]
        else:
            header = git("cat-file", "-p", oid).split("\n\n")[0].splitlines()
            named = [line.split()[1] for line in header if line.startswith(("tree ", "parent "))]
        assert all(place[one] < place[oid] for one in named if one in place)


def test_what_is_missing_is_found_wherever_it_stood(git: Git) -> None:
    old = git.commit_files(files(10))
    new = git.commit_files({"customers/3/3.yaml": "name: new\n"})
    for name in (f"{new}:customers/3/3.yaml", f"{new}:customers", f"{new}^{{tree}}", new):
        oid = git("rev-parse", name)
        path = git.path / ".git/objects" / oid[:2] / oid[2:]
        path.rename(git.path / "aside")
        with Objects(git.path / ".git") as objects:
            assert missing_objects(objects, [new], [old]) == [oid]
            assert missing_objects(objects, [old], []) == []
        (git.path / "aside").rename(path)
    with Objects(git.path / ".git") as objects:
        assert missing_objects(objects, [new], [old]) == []


def test_a_tree_deeper_than_pythons_stack_is_walked(tmp_path: Path) -> None:
    git = Git(tmp_path / "deep").init()
    with Objects(git.path / ".git") as objects, Batch(objects) as batch:
        entry = b"100644 x\0" + bytes.fromhex(batch.add("blob", b"deep"))
        for _ in range(3000):
            tree = batch.add("tree", entry)
            entry = b"40000 d\0" + bytes.fromhex(tree)
        who = b"A <a@example.org> 1 +0000"
        commit = batch.add("commit", b"tree " + tree.encode() + b"\nauthor " + who + b"\ncommitter " + who + b"\n\nx\n")
        assert len(objects_to_send(batch, [commit], [])) == 3002


def test_a_tree_with_a_torn_entry_is_damaged(tmp_path: Path) -> None:
    git = Git(tmp_path / "torn").init()
    with Objects(git.path / ".git") as objects:
        good = b"100644 x\0" + bytes.fromhex(objects.write("blob", b"x"))
        tree = objects.write("tree", good + b"100644 y\0short")
        who = b"A <a@example.org> 1 +0000"
        commit = objects.write(
            "commit", b"tree " + tree.encode() + b"\nauthor " + who + b"\ncommitter " + who + b"\n\n"
        )
        with pytest.raises(Corrupt) as raised:
            objects_to_send(objects, [commit], [])
        assert (raised.value.kind, raised.value.facts["oid"]) == ("object-damaged", tree)
        assert tree == object_id("tree", good + b"100644 y\0short")


def thin_pack(objects: Reader, new: Oid, known: Oid | None) -> bytes:
    sent = objects_to_send(objects, [new], [known] if known else [])
    pack = PackChunkGenerator(SHA1, num_records=len(sent), records=pack_entries(objects, sent))
    data = b"".join(pack)
    assert abs(packed_bytes(objects, sent) - len(data)) < len(data) // 10 + 100
    assert len(data) // 3 < packed_bytes(objects, sent, enough=len(data) // 3) < len(data) // 2
    return data


def test_many_small_edits_are_sent_as_deltas_that_git_completes(git: Git, tmp_path: Path) -> None:
    """Sixty commits in one folder, the last twenty of them without what came before: git's thin pack is the measure."""
    draw = random.Random(5)
    text = {
        f"customers/{one:04}.yaml": f"name: {one}\n" + "".join(f"f{n}: {draw.random()}\n" for n in range(20))
        for one in range(300)
    }
    commits = [git.commit_files(dict(text))]
    for number in range(60):
        name = draw.choice(sorted(text))
        text[name] = text[name].replace("f7: ", f"f7: {number}")
        commits.append(git.commit_files({name: text[name]}, f"edit {number}"))
    hub = Git(tmp_path / "hub").init(bare=True)
    with Objects(git.path / ".git") as objects:
        for known, new in ((None, commits[0]), (commits[0], commits[-20]), (commits[-20], commits[-1])):
            pack = thin_pack(objects, new, known)
            wanted = f"{new}\n" + (f"^{known}\n" if known else "")
            by_git = git.raw("pack-objects", "--revs", "--thin", "--stdout", "-q", stdin=wanted.encode())
            assert len(pack) < 1.5 * len(by_git)
            hub.raw("index-pack", "--fix-thin", "--strict", "--stdin", stdin=pack)
            hub("update-ref", "refs/heads/main", new)
    hub.assert_sound()


def test_a_long_chain_of_deltas_is_cut_and_goes_on(git: Git, tmp_path: Path) -> None:
    """Two thousand versions of one record: no delta leans on more than a hundred others."""
    with Objects(git.path / ".git") as objects, Batch(objects) as batch:
        lines = [f"line {number}: {number * number}\n" for number in range(40)]
        parent: list[str] = []
        for version in range(2_000):
            lines[version % 40] = f"line {version}: {version * version}\n"
            tree = batch.add("tree", b"100644 r.yaml\0" + bytes.fromhex(batch.add("blob", "".join(lines).encode())))
            who = f"A <a@example.org> {version + 1} +0000"
            above = "".join(f"parent {one}\n" for one in parent)
            commit = f"tree {tree}\n{above}author {who}\ncommitter {who}\n\nx\n"
            parent = [batch.add("commit", commit.encode())]
        pack = thin_pack(batch, parent[0], None)
    hub = Git(tmp_path / "hub").init(bare=True)
    hub.raw("index-pack", "--fix-thin", "--strict", "--stdin", stdin=pack)
    (index,) = (tmp_path / "hub/objects/pack").glob("*.idx")
    depths = [line.split()[5] for line in hub("verify-pack", "-v", str(index)).splitlines() if len(line.split()) == 7]
    assert max(map(int, depths)) <= 100
    assert len(pack) < 400 * 2_000
