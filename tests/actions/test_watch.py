"""The folder keeps itself: real files, real events, real commits and syncs, with short waits."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from fieldvault.actions.looking.status import status
from fieldvault.actions.watching.telling import COMMITTED, POLLING, REFUSED, WAITING
from fieldvault.errors import FieldvaultError
from tests.actions.test_sync import CUSTOMER, FILES
from tests.actions.watching import wait_for, watched
from tests.world import Desk, World, now

OTHER = "customers/8q/garage~cus_garage0000.yaml"


@pytest.fixture
def marc(world: World) -> Desk:
    return world.first("Marc", files=FILES)


def test_a_save_is_committed_and_sent(world: World, marc: Desk) -> None:
    with watched(marc) as seen:
        marc.edit(CUSTOMER, "Boulangerie Lefèvre", "Boulangerie Lefèvre SARL")
        wait_for(lambda: world.hub_git("rev-parse", "main") == marc.head() and seen.commits())
    assert seen.commits() == [[CUSTOMER]]
    assert marc.git("log", "-1", "--format=%s") == "Boulangerie Lefèvre SARL: name"
    assert seen.failure is None
    marc.assert_clean()


def test_what_a_colleague_sent_comes_in_by_itself(world: World, marc: Desk) -> None:
    ines = world.join("Ines")
    ines.edit(CUSTOMER, "samples: 10", "samples: 12")
    ines.sync()
    with watched(marc):
        wait_for(lambda: "samples: 12" in marc.read(CUSTOMER))
    marc.assert_clean()


def test_what_was_saved_before_it_started_is_found(marc: Desk) -> None:
    marc.edit(CUSTOMER, "samples: 10", "samples: 12")
    with watched(marc) as seen:
        wait_for(lambda: seen.commits())
    assert seen.commits() == [[CUSTOMER]]


def test_fifty_files_copied_in_are_one_commit_or_two(marc: Desk) -> None:
    with watched(marc) as seen:
        for number in range(50):
            marc.write(f"customers/n/{number}.yaml", f"id: cus_copied{number:04}\nname: N{number}\n")
        wait_for(lambda: sum(map(len, seen.commits())) == 50)
    assert len(seen.commits()) <= 2


def test_delete_and_create_is_an_edit(marc: Desk) -> None:
    with watched(marc) as seen:
        text = marc.read(CUSTOMER)
        marc.remove(CUSTOMER)
        time.sleep(0.3)
        marc.write(CUSTOMER, text.replace("samples: 10", "samples: 12"))
        wait_for(lambda: seen.commits())
    assert marc.git("log", "--format=%s", "-2").splitlines()[0] == "Boulangerie Lefèvre: samples"
    assert len(seen.commits()) == 1


def test_a_move_is_a_rename(marc: Desk) -> None:
    moved = "customers/zz/lefevre~cus_4k7m2x9d8q.yaml"
    with watched(marc) as seen:
        (marc.root / moved).parent.mkdir()
        (marc.root / CUSTOMER).rename(marc.root / moved)
        wait_for(lambda: seen.commits())
    assert marc.git("log", "-1", "--format=%s") == f"Move Boulangerie Lefèvre to {moved}"


def test_a_folder_moved_in_and_out_again(marc: Desk, tmp_path: Path) -> None:
    (tmp_path / "outside" / "deep").mkdir(parents=True)
    (tmp_path / "outside" / "deep" / "a.yaml").write_text("id: cus_outside000\nname: A\n")
    with watched(marc) as seen:
        (tmp_path / "outside").rename(marc.root / "customers" / "inside")
        wait_for(lambda: seen.commits() == [["customers/inside/deep/a.yaml"]])
        marc.write("customers/inside/deep/a.yaml", "id: cus_outside000\nname: B\n")
        wait_for(lambda: len(seen.commits()) == 2)
        (marc.root / "customers" / "inside").rename(tmp_path / "outside")
        wait_for(lambda: len(seen.commits()) == 3)
        (tmp_path / "outside" / "deep" / "a.yaml").write_text("out of sight\n")
    assert "customers/inside" not in marc.git("ls-files")
    marc.assert_clean()


def test_leavings_ignored_files_and_other_repositories_stay_out(marc: Desk) -> None:
    marc.write(".gitignore", "*.log\ncache/\n")
    before = set(marc.git("ls-files").split())
    with watched(marc):
        for path in ("4913", ".a.yaml.swp", "a.yaml~", "#a.yaml#", ".#a.yaml", "~$a.docx", "a.log", "cache/a.yaml"):
            marc.write(path, "x: 1\n")
        marc.git("init", "-q", "nested")
        marc.write("nested/a.yaml", "x: 1\n")
        marc.write("last.yaml", "id: cus_last000000\n")
        wait_for(lambda: "last.yaml" in marc.git("ls-files"))
    assert set(marc.git("ls-files").split()) == {*before, ".gitignore", "last.yaml"}


def test_broken_yaml_is_told_and_holds_nothing_up(marc: Desk) -> None:
    with watched(marc) as seen:
        marc.write(OTHER, "id: cus_garage0000\nphones: [\n")
        marc.edit(CUSTOMER, "samples: 10", "samples: 12")
        wait_for(lambda: seen.drafts() == [OTHER] and seen.commits() == [[CUSTOMER]])
        draft = next(one for one in seen.happenings if one.kind == COMMITTED and one.committed.drafts)  # type: ignore[union-attr]
        assert draft.committed and draft.committed.drafts[0].problem.facts["line"] == 3
        marc.write(OTHER, "id: cus_garage0000\nphones: []\n")
        wait_for(lambda: [OTHER] in seen.commits())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc to see who writes")
def test_an_attachment_waits_until_no_program_writes_it(marc: Desk) -> None:
    with watched(marc) as seen:
        with (marc.root / "film.mp4").open("wb") as file:
            file.write(b"first half ")
            file.flush()
            time.sleep(1.0)
            assert seen.commits() == []
            marc.edit(CUSTOMER, "samples: 10", "samples: 12")
            wait_for(lambda: seen.commits() == [[CUSTOMER]])
            file.write(b"second half")
        wait_for(lambda: ["film.mp4"] in seen.commits())
    assert marc.git("show", "HEAD:film.mp4") == "first half second half"
    assert marc.git("log", "--format=%h", "--", "film.mp4").count("\n") == 0


def test_a_stale_buffer_is_merged_and_told(world: World, marc: Desk) -> None:
    ines = world.join("Ines")
    with watched(marc) as seen:
        buffer = marc.read(CUSTOMER)
        ines.edit(CUSTOMER, "+33261910100", "+33639981207")
        ines.sync()
        marc.write(OTHER, "id: cus_garage0000\n")  # his next commit brings hers in
        wait_for(lambda: "+33639981207" in marc.read(CUSTOMER))
        marc.write(CUSTOMER, buffer.replace("samples: 10", "samples: 12"))
        wait_for(lambda: any(one.committed and one.committed.stale for one in seen.happenings))
    assert "+33639981207" in marc.read(CUSTOMER) and "samples: 12" in marc.read(CUSTOMER)


def test_a_conflict_is_told_once_however_much_comes_in_beside_it(world: World, marc: Desk) -> None:
    ines = world.join("Ines")
    ines.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: Lefèvre et fils")
    ines.sync()
    marc.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: Lefèvre SARL")
    with watched(marc) as seen:
        wait_for(lambda: any(one.conflicts for one in seen.syncs()))
        for number in range(2):
            ines.write(f"ines/{number}.yaml", f"id: ine_{number}\n")
            ines.sync()
            marc.write(f"marc/{number}.yaml", f"id: mar_{number}\n")  # his commit brings hers in
            wait_for(lambda number=number: f"ines/{number}.yaml" in marc.files())  # type: ignore[misc]
        wait_for(lambda: len([one for one in seen.syncs() if one.synced and one.synced.received]) >= 3)
    assert [one.conflict.field for told in seen.syncs() for one in told.conflicts] == [("name",)]
    assert marc.status().conflicts == 1


def test_an_absent_hub_is_told_once_and_what_waits_goes_when_it_is_back(world: World, marc: Desk) -> None:
    world.hub.rename(world.hub.with_name("away"))
    with watched(marc) as seen:
        marc.edit(CUSTOMER, "samples: 10", "samples: 12")
        wait_for(lambda: seen.commits() and (seen.syncs() or REFUSED in seen.kinds()))
        world.hub.with_name("away").rename(world.hub)
        marc.edit(CUSTOMER, "samples: 12", "samples: 13")
        wait_for(lambda: world.hub_git("rev-parse", "main") == marc.head() and len(seen.commits()) == 2)
    assert seen.kinds().count(REFUSED) + len([one for one in seen.syncs() if one.synced.unreachable]) == 1  # type: ignore[union-attr]


def test_commands_and_git_work_beside_it(world: World, marc: Desk) -> None:
    with watched(marc) as seen:
        marc.set(CUSTOMER, "samples=12")
        wait_for(lambda: world.hub_git("rev-parse", "main") == marc.head())
        marc.edit(CUSTOMER, "samples: 12", "samples: 13")
        marc.git("commit", "-qam", "by git")
        wait_for(lambda: world.hub_git("log", "-1", "--format=%s", "main") == "by git")
    assert seen.failure is None
    marc.assert_clean()


def test_it_waits_while_git_is_in_the_middle_of_something(marc: Desk) -> None:
    (marc.root / ".git" / "MERGE_HEAD").write_text(marc.head() + "\n")
    with watched(marc) as seen:
        marc.edit(CUSTOMER, "samples: 10", "samples: 12")
        wait_for(lambda: WAITING in seen.kinds())
        time.sleep(0.6)
        (marc.root / ".git" / "MERGE_HEAD").unlink()
        wait_for(lambda: seen.commits())
    assert seen.kinds().count(WAITING) == 1


def test_half_the_vault_deleted_is_held_and_asked_for_good(world: World) -> None:
    paths = [f"customers/{number:02}.yaml" for number in range(40)]
    marc = world.first("Marc", files=FILES | {path: f"id: cus_{path}\n" for path in paths})
    with watched(marc) as seen:
        for path in paths[:20]:
            marc.remove(path)
        (marc.root / "customers").rename(marc.root.with_name("aside"))
        marc.write("note.yaml", "id: not_1\n")
        wait_for(
            lambda: (
                ["note.yaml"] in seen.commits() and any(one.committed and one.committed.held for one in seen.happenings)
            )
        )
        time.sleep(1.0)
    assert set(paths) < set(marc.git("ls-files").split()) and len(marc.commit().held) > 40
    with watched(marc) as seen:
        wait_for(lambda: any(one.committed and one.committed.held for one in seen.happenings))
    assert set(paths) < set(world.hub_git("ls-tree", "-r", "--name-only", "main").split())


def test_one_watcher_a_vault(marc: Desk) -> None:
    with marc.vault() as vault:
        assert not status(vault, now).watched
    with watched(marc):
        with watched(marc) as second:
            assert isinstance(second.failure, FieldvaultError) and second.failure.kind == "watch-running"
        with marc.vault() as vault:
            assert status(vault, now).watched
    with marc.vault() as vault:
        assert not status(vault, now).watched


def test_a_folder_that_vanishes_stops_it_and_deletes_nothing(marc: Desk) -> None:
    head = marc.head()
    away = marc.root.with_name("away")
    with watched(marc) as seen:
        marc.root.rename(away)
        marc.root.mkdir()
        (marc.root / "lost+found").mkdir()
        wait_for(lambda: seen.failure)
        assert isinstance(seen.failure, FieldvaultError) and seen.failure.kind == "vault-gone"
        marc.root.joinpath("lost+found").rmdir()
        marc.root.rmdir()
        away.rename(marc.root)
    assert marc.head() == head and marc.status().edits == []


def test_without_events_the_folder_is_looked_at(world: World, marc: Desk) -> None:
    with watched(marc, polling=True) as seen:
        assert POLLING in seen.kinds()
        marc.edit(CUSTOMER, "samples: 10", "samples: 12")
        wait_for(lambda: seen.commits() == [[CUSTOMER]])
        marc.remove("brochure.pdf")
        wait_for(lambda: ["brochure.pdf"] in seen.commits())
        wait_for(lambda: world.hub_git("rev-parse", "main") == marc.head())


def test_it_holds_no_lock_and_sleeps_while_nothing_happens(marc: Desk) -> None:
    with watched(marc) as seen:
        marc.edit(CUSTOMER, "samples: 10", "samples: 12")
        wait_for(lambda: seen.syncs())
        time.sleep(0.3)
        before = time.process_time()
        time.sleep(1.5)
        assert time.process_time() - before < 0.05
        with marc.vault() as vault:
            for lock in (vault.vault_lock("test", 0), vault.sync_lock(0)):
                assert lock.try_acquire()
                lock.release()
        assert _open_below(marc.root) <= {marc.root / ".git/fieldvault/watch.lock"}


def _open_below(root: Path) -> set[Path]:
    """The files below `root` that this process has open, as far as the system says."""
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        return set()
    found = (Path(os.path.realpath(one)) for one in descriptors.iterdir())
    return {path for path in found if path.is_relative_to(root)}


def test_saves_under_load_none_torn_and_every_version_that_stood_is_in_history(marc: Desk) -> None:
    """Two editors save at random, one by renaming, while a third makes junk; versions that stood are all there."""
    stood: list[bytes] = []
    stop = threading.Event()

    def junk() -> None:
        while not stop.is_set():
            marc.write("customers/8q/.x.swp", os.urandom(8))
            time.sleep(0.01)

    before = set(marc.git("ls-files").split())
    noise = threading.Thread(target=junk)
    with watched(marc) as seen:
        noise.start()
        for number in range(12):
            text = marc.read(CUSTOMER).replace(f"samples: {10 + number}", f"samples: {11 + number}").encode()
            if number % 2:
                beside = marc.root / "customers/8q/.goutputstream-X"
                beside.write_bytes(text)
                beside.replace(marc.root / CUSTOMER)
            else:
                marc.write(CUSTOMER, text)
            if number % 3 == 0:
                time.sleep(0.7)
                stood.append(text)
        wait_for(lambda: marc.git("show", f"HEAD:{CUSTOMER}").encode() + b"\n" == text)
        stop.set()
        noise.join()
    history = marc.git("log", "--format=%H", "--", CUSTOMER).split()
    versions = {marc.git.raw("show", f"{commit}:{CUSTOMER}") for commit in history}
    assert set(stood) <= versions and len(seen.commits()) < 12
    assert set(marc.git("ls-files").split()) == before
