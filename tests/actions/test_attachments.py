"""Large attachments: pointers in commits, contents in the folder, and plain git none the wiser."""

import hashlib
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from fieldvault.actions.syncing.hubcontents import HubContents
from fieldvault.core.pointers import CHUNK_BYTES, Pointer
from fieldvault.errors import HubUnreachable
from tests.actions.test_sync import CUSTOMER, FILES
from tests.gitenv import Git
from tests.peers import git_daemon
from tests.world import Desk, World, fv

VIDEO = random.Random(1).randbytes(CHUNK_BYTES * 3 + 17)
OTHER = random.Random(2).randbytes(CHUNK_BYTES * 2)
SMALL = random.Random(3).randbytes(CHUNK_BYTES)


def pointer(data: bytes) -> Pointer:
    return Pointer(hashlib.sha256(data).hexdigest(), len(data))


def content_of(desk: Desk, data: bytes) -> Path:
    return desk.root / ".git" / "fieldvault" / "content" / pointer(data).sha256


def committed(desk: Desk, path: str, commit: str = "HEAD") -> bytes:
    return desk.git.raw("cat-file", "blob", f"{commit}:{path}")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def marc(world: World) -> Desk:
    return world.first("Marc", files=FILES)


def test_above_the_limit_a_pointer_is_committed_and_the_folder_keeps_the_file(marc: Desk) -> None:
    marc.write("videos/tour.mp4", VIDEO)
    marc.write("photo.jpg", SMALL)
    report = marc.commit()
    assert {change.path for change in report.changes} == {"videos/tour.mp4", "photo.jpg"}
    assert committed(marc, "videos/tour.mp4") == pointer(VIDEO).data
    assert committed(marc, "photo.jpg") == SMALL
    assert (marc.root / "videos/tour.mp4").read_bytes() == VIDEO
    assert content_of(marc, VIDEO).read_bytes() == VIDEO
    marc.assert_clean()
    assert not marc.status().edits


@pytest.mark.parametrize("name", ["videos/tour.mp4", "photo.jpg"])
def test_a_touched_file_is_no_edit_for_git_or_for_us(marc: Desk, name: str) -> None:
    marc.write("videos/tour.mp4", VIDEO)
    marc.write("photo.jpg", SMALL)
    marc.commit()
    os.utime(marc.root / name, (1, 1))
    assert marc.git("status", "--porcelain") == ""
    assert not marc.status().edits and marc.commit().commit is None


def test_git_add_stores_the_pointer_and_the_content(marc: Desk) -> None:
    marc.write("tour.mp4", VIDEO)
    marc.git("add", "tour.mp4")
    assert marc.git.raw("cat-file", "blob", ":tour.mp4") == pointer(VIDEO).data
    assert content_of(marc, VIDEO).read_bytes() == VIDEO
    marc.git("commit", "-qm", "by git")
    assert not marc.status().edits
    marc.assert_clean()


def test_git_checks_out_contents_and_shows_the_pointer_where_there_is_none(marc: Desk) -> None:
    marc.write("tour.mp4", VIDEO)
    marc.commit()
    marc.write("tour.mp4", OTHER)
    marc.commit()
    marc.git("checkout", "-q", "HEAD~1")
    assert (marc.root / "tour.mp4").read_bytes() == VIDEO
    content_of(marc, OTHER).unlink()
    marc.git("checkout", "-q", "main")
    assert (marc.root / "tour.mp4").read_bytes() == pointer(OTHER).data
    assert marc.git("status", "--porcelain") == ""
    assert not marc.status().edits and marc.commit().commit is None


def test_what_was_committed_whole_stays_whole_until_it_changes(marc: Desk) -> None:
    marc.write("fieldvault.yaml", "format: 1\nattachments: {chunk_above: 10 MiB}\n")
    marc.write("tour.mp4", VIDEO)
    marc.commit()
    assert committed(marc, "tour.mp4") == VIDEO
    marc.write("fieldvault.yaml", "format: 1\nattachments: {chunk_above: 1 KiB}\n")
    os.utime(marc.root / "tour.mp4", (1, 1))
    assert [change.path for change in marc.commit().changes] == ["fieldvault.yaml"]
    os.utime(marc.root / "tour.mp4", (2, 2))
    assert marc.git("status", "--porcelain") == ""
    marc.write("tour.mp4", VIDEO + b".")
    marc.commit()
    assert committed(marc, "tour.mp4") == pointer(VIDEO + b".").data
    marc.write("fieldvault.yaml", "format: 1\nattachments: {chunk_above: 10 MiB}\n")
    os.utime(marc.root / "tour.mp4", (1, 1))
    assert [change.path for change in marc.commit().changes] == ["fieldvault.yaml"]
    assert committed(marc, "tour.mp4") == pointer(VIDEO + b".").data
    marc.assert_clean()


def test_an_edit_and_an_undo_bring_the_old_content_back(marc: Desk) -> None:
    marc.write("tour.mp4", VIDEO)
    marc.commit()
    marc.write("tour.mp4", OTHER)
    marc.commit()
    marc.undo()
    assert (marc.root / "tour.mp4").read_bytes() == VIDEO
    marc.assert_clean()


def test_what_is_not_git_gets_a_message(marc: Desk) -> None:
    done = fv("filter-process", cwd=marc.root, stdin="0009hello0000")
    assert done.returncode == 1 and "git" in done.stderr


def test_two_edits_of_one_large_file_both_stay(world: World, marc: Desk) -> None:
    marc.write("tour.mp4", SMALL)
    marc.sync()
    ines = world.join("Ines")
    marc.write("tour.mp4", VIDEO)
    ines.write("tour.mp4", OTHER)
    world.settle(marc, ines)
    found = {data for path, data in marc.files().items() if path.startswith("tour")}
    assert found == {VIDEO, OTHER}
    assert ines.files() == marc.files()


@pytest.fixture(params=["path", "git"])
def hub(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A hub in a folder, and one behind a real server."""
    world = World(tmp_path)
    if request.param == "path":
        yield world
        return
    with git_daemon(tmp_path) as server:
        world.url = server.url("hub.git")
        yield world


def test_a_content_travels_in_chunks_and_is_shown_to_everybody(hub: World) -> None:
    marc = hub.first("Marc", files=FILES)
    ines = hub.join("Ines")
    marc.write("tour.mp4", VIDEO)
    marc.sync()
    (shelf,) = hub.hub_git("for-each-ref", "--format=%(refname)", "refs/fv/1/att").splitlines()
    folder = f"{pointer(VIDEO).sha256[:2]}/{pointer(VIDEO).sha256}"
    assert hub.hub_git("ls-tree", "--name-only", f"{shelf}:{folder}").split() == ["0", "1", "2", "3"]
    assert hub.hub_git("rev-list", "--count", shelf) == "1"
    hub.hub_git.assert_sound()
    report = ines.sync()
    assert report.attachments == ["tour.mp4"] and not report.absent
    assert ines.read_bytes("tour.mp4") == VIDEO
    ines.assert_clean()
    paul = hub.join("Paul")
    assert paul.read_bytes("tour.mp4") == VIDEO
    paul.assert_clean()
    assert not list((paul.root / ".git" / "fieldvault").rglob("*.pack"))[1:]


def test_a_clone_from_a_folder_has_each_content_once(world: World, marc: Desk) -> None:
    """Records come with the hub's packs; the chunks beside them do not."""
    marc.write("tour.mp4", VIDEO)
    marc.sync()
    world.hub_git("repack", "-adq")
    shelf = world.hub_git("for-each-ref", "--format=%(refname)", "refs/fv/1/att")
    chunks = world.hub_git("ls-tree", "-r", "--object-only", shelf).split()
    paul = world.join("Paul")
    assert paul.read_bytes("tour.mp4") == VIDEO
    held = paul.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
    assert len(chunks) == 4 and not set(chunks) & set(held)
    paul.git.assert_sound()
    paul.assert_clean()


def test_a_clone_can_be_worked_in_before_the_attachments_have_come(
    world: World, marc: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    marc.write("tour.mp4", VIDEO)
    marc.write("photo.jpg", SMALL)
    marc.sync()
    seen: list[Desk] = []

    def worked_in(there: HubContents, content: Pointer) -> bool:
        ines = Desk(world.folder / "ines", "Ines")
        assert ines.status().attachments_absent == 1 and ines.read_bytes("photo.jpg") == SMALL
        ines.edit(CUSTOMER, "tags: [", "tags: [while it comes, ")
        ines.commit()
        seen.append(ines)
        raise HubUnreachable("hub-unreachable", host="", reason="cut")

    with monkeypatch.context() as patched:
        patched.setattr(HubContents, "receive", worked_in)
        ines = world.join("Ines")
    assert seen and "while it comes" in ines.read(CUSTOMER) and ines.read_bytes("tour.mp4") == pointer(VIDEO).data
    assert ines.sync().attachments == ["tour.mp4"]
    ines.assert_clean()


def test_what_plain_git_cloned_or_pulled_comes_with_the_next_sync(world: World, marc: Desk) -> None:
    marc.write("tour.mp4", VIDEO)
    marc.sync()
    ines = Desk(world.folder / "ines", "Ines")
    marc.git("clone", "-q", world.url, str(ines.root))
    assert ines.read_bytes("tour.mp4") == pointer(VIDEO).data
    assert ines.sync().attachments == ["tour.mp4"]
    assert ines.read_bytes("tour.mp4") == VIDEO
    marc.write("new.mp4", OTHER)
    marc.sync()
    ines.git("pull", "-q", "origin", "main")
    ines.commit()
    assert ines.status().attachments_absent == 1
    ines.sync()
    assert ines.files() == marc.files()
    assert not ines.status().attachments_absent
    ines.assert_clean()


def test_what_the_hub_has_is_not_sent_again(hub: World) -> None:
    marc = hub.first("Marc", files=FILES)
    marc.write("tour.mp4", VIDEO)
    marc.sync()
    shelf = hub.hub_git("for-each-ref", "--format=%(objectname)", "refs/fv/1/att")
    ines = hub.join("Ines")
    ines.write("copy.mp4", VIDEO)
    ines.sync()
    assert hub.hub_git("for-each-ref", "--format=%(objectname)", "refs/fv/1/att") == shelf
    ines.write("other.mp4", OTHER)
    ines.sync()
    assert len(hub.hub_git("for-each-ref", "refs/fv/1/att").splitlines()) == 2
    marc.sync()
    assert marc.files() == ines.files()


def test_a_hub_that_has_lost_contents_gets_them_from_whoever_has_them(hub: World) -> None:
    """A backup made by `git clone --bare` has the branches alone."""
    marc = hub.first("Marc", files=FILES)
    marc.write("tour.mp4", VIDEO)
    marc.sync()
    ines = hub.join("Ines")
    ines.sync()
    shelf = hub.hub_git("for-each-ref", "--format=%(refname)", "refs/fv/1/att")
    hub.hub_git("update-ref", "-d", shelf)
    assert hub.join("Paul").sync().absent == {"tour.mp4": "content-not-there"}
    ines.sync()
    assert hub.hub_git("for-each-ref", "--format=%(refname)", "refs/fv/1/att") not in ("", shelf)
    assert hub.join("Nora").read_bytes("tour.mp4") == VIDEO


def test_another_hub_with_the_same_commits_gets_the_contents_too(world: World, marc: Desk) -> None:
    marc.write("tour.mp4", VIDEO)
    marc.sync()
    other = Git(world.folder / "other.git").init(bare=True)
    marc.git("push", "-q", str(other.path), "main")
    marc.git("config", "remote.origin.url", str(other.path))
    marc.sync()
    assert other("for-each-ref", "--format=%(refname)", "refs/fv/1/att")


def test_a_content_that_nobody_has_sent_is_said_and_comes_later(world: World, marc: Desk) -> None:
    ines = world.join("Ines")
    marc.write("tour.mp4", pointer(VIDEO).data)
    marc.sync()
    assert ines.sync().absent == {"tour.mp4": "content-not-there"}
    assert ines.read_bytes("tour.mp4") == pointer(VIDEO).data and not ines.status().edits
    marc.write("tour.mp4", VIDEO)
    marc.write("copy.mp4", VIDEO)
    marc.sync()
    report = ines.sync()
    assert ines.read_bytes("copy.mp4") == ines.read_bytes("tour.mp4") == VIDEO
    assert sorted(report.attachments) == ["copy.mp4", "tour.mp4"]


def test_a_wrong_chunk_is_never_shown(world: World, marc: Desk, tmp_path: Path) -> None:
    marc.write("tour.mp4", VIDEO)
    marc.sync()
    shelf = world.hub_git("for-each-ref", "--format=%(refname)", "refs/fv/1/att")
    blob = world.hub_git("hash-object", "-w", "--stdin", stdin="x" * CHUNK_BYTES)
    folder = f"{pointer(VIDEO).sha256[:2]}/{pointer(VIDEO).sha256}"
    listed = world.hub_git("ls-tree", f"{shelf}:{folder}").splitlines()
    inner = world.hub_git("mktree", stdin="\n".join([f"100644 blob {blob}\t0", *listed[1:]]) + "\n")
    middle = world.hub_git("mktree", stdin=f"040000 tree {inner}\t{pointer(VIDEO).sha256}\n")
    root = world.hub_git("mktree", stdin=f"040000 tree {middle}\t{pointer(VIDEO).sha256[:2]}\n")
    world.hub_git("update-ref", shelf, world.hub_git("commit-tree", "-m", "evil", root))
    ines = world.join("Ines")
    assert ines.read_bytes("tour.mp4") == pointer(VIDEO).data
    report = ines.sync()
    assert report.absent == {"tour.mp4": "content-damaged"} and not content_of(ines, VIDEO).exists()
