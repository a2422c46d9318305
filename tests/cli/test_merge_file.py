"""`fv merge-file` and git with our merge driver: real git, real files."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.actions.test_sync import CUSTOMER, FILES, SCHEMA
from tests.world import Desk, World, fv

BASE = "id: cus_4k7m2x9d8q\nname: A   # theirs\ntags: [a]\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, text in {
        "base.yaml": BASE,
        "ours.yaml": BASE.replace("[a]", "[a, b]"),
        "theirs.yaml": BASE.replace("[a]", "[c]").replace("name: A", "name: B"),
        "schema.yaml": SCHEMA,
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_by_a_schema_it_merges_field_by_field(files: Path) -> None:
    done = fv("merge-file", "--schema", "schema.yaml", "ours.yaml", "base.yaml", "theirs.yaml", cwd=files)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (files / "ours.yaml").read_text() == "id: cus_4k7m2x9d8q\nname: B   # theirs\ntags: [b, c]\n"


def test_without_one_it_counts_the_conflicts_and_can_print(files: Path) -> None:
    words = ("merge-file", "-p", "--conflicts", "list.yaml", "ours.yaml", "base.yaml", "theirs.yaml")
    done = fv(*words, cwd=files)
    assert done.returncode == 1
    assert "name: B   # theirs\n" in done.stdout
    assert done.stderr == 'ours.yaml: tags: open, also ["a","b"]\n'
    assert (files / "ours.yaml").read_text() == BASE.replace("[a]", "[a, b]")
    assert "field: /tags" in (files / "list.yaml").read_text()
    (conflict,) = json.loads(fv("merge-file", "--json", *words[1:], cwd=files).stdout)["conflicts"]
    assert conflict["field"] == "tags"


def test_an_empty_base_is_one_that_is_not_there(files: Path) -> None:
    (files / "base.yaml").write_text("")
    done = fv("merge-file", "--schema", "schema.yaml", "-p", "ours.yaml", "base.yaml", "theirs.yaml", cwd=files)
    assert done.returncode == 1  # the names
    assert "tags: [a, b, c]" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="making a link needs a right there")
def test_a_link_stays_one(files: Path) -> None:
    (files / "link.yaml").symlink_to("ours.yaml")
    done = fv("merge-file", "--schema", "schema.yaml", "link.yaml", "base.yaml", "theirs.yaml", cwd=files)
    assert done.returncode == 0 and (files / "link.yaml").is_symlink()
    assert "tags: [b, c]" in (files / "ours.yaml").read_text()


def test_errors_are_255_and_wrong_usage_129(files: Path) -> None:
    (files / "theirs.yaml").write_text("a: [")
    done = fv("merge-file", "ours.yaml", "base.yaml", "theirs.yaml", cwd=files)
    assert done.returncode == 255 and "theirs.yaml:2" in done.stderr
    assert (files / "ours.yaml").read_text() == BASE.replace("[a]", "[a, b]")
    assert fv("merge-file", "ours.yaml", "base.yaml", cwd=files).returncode == 129
    assert fv("merge-file", "ours.yaml", "base.yaml", "no.yaml", cwd=files).returncode == 255


def test_what_the_system_refuses_is_no_count_of_conflicts(files: Path) -> None:
    (files / "folder").mkdir()
    (files / "ours").write_text(BASE)
    for words in (
        ("merge-file", "folder", "base.yaml", "theirs.yaml"),
        ("merge-file", "--conflicts", "folder", "ours.yaml", "base.yaml", "theirs.yaml"),
        ("merge-driver", "folder", "ours", "theirs.yaml", "a.yaml"),
        ("merge-driver", "base.yaml", "no.yaml", "theirs.yaml", "a.yaml"),
    ):
        done = fv(*words, cwd=files)
        assert done.returncode == 255 and done.stderr.startswith("Error: "), words
        assert json.loads(fv(*words, "--json", cwd=files).stdout)["error"]["kind"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_where_the_result_cannot_be_printed_it_says_so_or_there_was_no_one_to_read_it(files: Path) -> None:
    command = f"{sys.executable} -m fieldvault merge-file -p ours.yaml base.yaml theirs.yaml"
    shell = {"shell": True, "cwd": files, "check": False, "stderr": subprocess.DEVNULL}
    assert subprocess.run(f"{command} >/dev/full", **shell).returncode == 255
    assert subprocess.run(f"{command} >&-", **shell).returncode == 1


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A vault whose git finds this `fv`."""
    desk = World(tmp_path).first("Marc", files=FILES)
    launcher = tmp_path / "bin" / "fv"
    launcher.parent.mkdir()
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fieldvault "$@"\n')
    launcher.chmod(0o755)
    desk.git.environment |= {"PATH": f"{launcher.parent}:/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])}
    return desk


def test_git_merge_merges_records_by_the_same_rules(desk: Desk) -> None:
    desk.git("switch", "-qc", "side")
    desk.edit(CUSTOMER, "samples: 10", "samples: 7")
    desk.edit(CUSTOMER, "tags: [bio]", "tags: [bio, side]")
    desk.git("commit", "-qam", "side")
    desk.git("switch", "-q", "main")
    desk.edit(CUSTOMER, "samples: 10", "samples: 8")
    desk.edit(CUSTOMER, "tags: [bio]", "tags: [bio, main]")
    desk.git("commit", "-qam", "main")
    desk.git("merge", "-q", "--no-edit", "side")
    assert "samples: 5\n" in desk.read(CUSTOMER) and "tags: [bio, main, side]" in desk.read(CUSTOMER)
    desk.assert_clean()


def test_where_a_conflict_remains_git_stops_with_a_valid_record(desk: Desk) -> None:
    desk.git("switch", "-qc", "side")
    desk.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: S")
    desk.git("commit", "-qam", "side")
    desk.git("switch", "-q", "main")
    desk.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: M")
    desk.git("commit", "-qam", "main")
    assert desk.git.run("merge", "--no-edit", "side").returncode == 1
    assert "name: S\n" in desk.read(CUSTOMER) and "<<<" not in desk.read(CUSTOMER)
    assert desk.git("status", "--porcelain") == f"UU {CUSTOMER}"


def conflict_by_git(desk: Desk, choice: str | None = None) -> None:
    """Two branches that both renamed the customer, merged by git; `choice`: what the person made of it."""
    desk.commit()  # fv has looked at everything so far
    desk.git("switch", "-qc", "side")
    desk.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: S")
    desk.git("commit", "-qam", "side")
    desk.git("switch", "-q", "main")
    desk.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: M")
    desk.git("commit", "-qam", "main")
    desk.git.run("merge", "--no-edit", "side")
    if choice:
        desk.edit(CUSTOMER, "name: S", f"name: {choice}")
    desk.git("add", "-A")
    desk.git("commit", "-qm", "merged by git")


def test_what_git_s_merge_left_open_is_noted_by_the_next_command(desk: Desk) -> None:
    conflict_by_git(desk)
    desk.sync()
    (conflict,) = desk.conflicts()
    assert [one.value for one in conflict.standing] == ["S", "M"]
    desk.assert_clean()
    desk.resolve("customers/8q/lefevre~cus_4k7m2x9d8q.yaml", "name", take=1)
    desk.sync()
    assert not desk.conflicts()  # and it is not noted again


def test_what_git_s_merge_left_open_is_told_and_settled_at_once(desk: Desk) -> None:
    conflict_by_git(desk)
    before = desk.head()
    assert desk.status().conflicts == 1 and [one.value for one in desk.conflicts()[0].standing] == ["S", "M"]
    assert desk.head() == before  # looking commits nothing
    desk.resolve("customers/8q/lefevre~cus_4k7m2x9d8q.yaml", "name", take=2)
    assert "name: M\n" in desk.read(CUSTOMER) and not desk.conflicts()
    desk.undo()
    assert len(desk.conflicts()) == 1
    desk.assert_clean()


def test_undo_does_not_take_what_git_left_open_for_an_edit(desk: Desk) -> None:
    conflict_by_git(desk)
    assert desk.commit().opened == 1
    assert desk.undo().commit.message.strip() in ("main", "side")


def stash_by_git(desk: Desk, stashed: str, committed: str) -> None:
    """A name that was put into the stash, and popped over another one that was committed meanwhile."""
    desk.commit()
    desk.edit(CUSTOMER, "name: Boulangerie Lefèvre", f"name: {stashed}")
    desk.git("stash", "-q")
    desk.edit(CUSTOMER, "name: Boulangerie Lefèvre", f"name: {committed}")
    desk.git("commit", "-qam", "meanwhile")
    assert desk.git.run("stash", "pop").returncode == 1
    assert desk.git("status", "--porcelain") == f"UU {CUSTOMER}"


@pytest.mark.parametrize(("stashed", "committed"), [("S", "M"), ("M", "S")])
def test_what_git_s_stash_left_open_waits_for_a_choice(desk: Desk, stashed: str, committed: str) -> None:
    stash_by_git(desk, stashed, committed)
    assert desk.status().edits == [CUSTOMER]  # also where the file is as HEAD has it
    assert desk.commit().opened == 1
    assert not desk.status().edits
    (conflict,) = desk.conflicts()
    assert [one.value for one in conflict.standing] == ["S", "M"] and "name: S\n" in desk.read(CUSTOMER)
    desk.assert_clean()
    assert desk.commit().commit is None
    desk.resolve("customers/8q/lefevre~cus_4k7m2x9d8q.yaml", "name", take=1)
    assert not desk.conflicts() and desk.commit().opened == 0


def test_what_was_chosen_of_a_stash_is_a_choice(desk: Desk) -> None:
    stash_by_git(desk, "S", "M")
    desk.edit(CUSTOMER, "name: S", "name: M")
    assert desk.commit().commit is None and not desk.conflicts()
    desk.assert_clean()


def test_another_value_is_a_person_s_choice(desk: Desk) -> None:
    conflict_by_git(desk, choice="Chosen")
    desk.sync()
    assert not desk.conflicts()


def test_what_cannot_be_read_is_left_between_markers_and_is_a_draft(desk: Desk) -> None:
    desk.git("switch", "-qc", "side")
    desk.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: [")
    desk.git("commit", "-qam", "side")
    desk.git("switch", "-q", "main")
    desk.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: M")
    desk.git("commit", "-qam", "main")
    assert desk.git.run("merge", "--no-edit", "side").returncode == 1
    text = desk.read(CUSTOMER)
    assert text.startswith("<<<<<<< ours\n") and "name: M\n" in text and "name: [\n" in text
    desk.git("add", "-A")
    desk.git("commit", "-qm", "merged, badly")
    desk.write(CUSTOMER, text + "# still\n")
    assert [draft.path for draft in desk.commit().drafts] == [CUSTOMER]
