"""Plain git in a vault with large attachments where fv is gone: nothing fails, and nothing is lost."""

import os
import sys
from pathlib import Path

import pytest

from fieldvault.actions.ground.forgit import filter_command
from fieldvault.actions.tending.vaulthealth import vault_findings
from tests.actions.test_attachments import OTHER, SMALL, VIDEO, committed, content_of, pointer
from tests.actions.test_sync import FILES
from tests.world import Desk, World, fv


@pytest.fixture
def marc(world: World) -> Desk:
    desk = world.first("Marc", files=FILES)
    desk.write("tour.mp4", VIDEO)
    desk.write("photo.jpg", SMALL)
    desk.commit()
    desk.write("tour.mp4", OTHER)
    os.utime(desk.root / "tour.mp4", (1, 1))  # older than git's index, or git would read it once more
    desk.commit()
    return desk


@pytest.fixture(params=["program", "module", "interpreter"])
def without(request: pytest.FixtureRequest, marc: Desk, tmp_path: Path) -> Desk:
    """Marc's vault after the virtual environment was moved, fv uninstalled, or its Python broken."""
    python = tmp_path / "it's gone" / "python"
    if request.param != "program":
        python.parent.mkdir()
        says = "#!/bin/sh\nexit 1\n" if request.param == "module" else "#!/no/such/interpreter\n"
        python.write_text(says)
        python.chmod(0o755)
    marc.git("config", "filter.fieldvault.process", filter_command(python))
    return marc


def test_status_add_and_commit_go_on(without: Desk) -> None:
    marc = without
    for name in ("tour.mp4", "photo.jpg"):
        os.utime(marc.root / name, (2, 2))
    done = marc.git.run("status", "--porcelain")
    assert done.returncode == 0 and done.stdout == b" M tour.mp4\n"  # git cannot tell that it is what it was
    marc.write("notes.txt", "said by git")
    marc.write("tour.mp4", VIDEO)
    assert marc.git.run("add", "--all").returncode == 0
    assert marc.git.run("commit", "-qm", "without fv").returncode == 0
    assert committed(marc, "tour.mp4") == VIDEO
    assert marc.git("status", "--porcelain") == ""


def test_what_git_committed_whole_is_read_for_ever(without: Desk, world: World) -> None:
    without.write("tour.mp4", VIDEO)
    without.git("commit", "-qam", "without fv")
    without.write("photo.jpg", b"an edit, by which fv sees that it has moved")
    without.sync()
    assert not without.status().edits
    without.assert_clean()
    assert sys.executable in without.git("config", "filter.fieldvault.process")
    assert world.join("Ines").read_bytes("tour.mp4") == VIDEO
    with without.vault() as vault:
        found = {one.kind: one.facts for one in vault_findings(vault)}
    assert found["committed-whole"] == {"path": "tour.mp4", "octets": len(VIDEO), "count": 1}


def test_checkout_and_merge_show_pointers_and_lose_nothing(without: Desk) -> None:
    marc = without
    done = marc.git.run("checkout", "-q", "HEAD~1")
    assert done.returncode == 0
    assert marc.read_bytes("tour.mp4") == pointer(VIDEO).data and marc.read_bytes("photo.jpg") == SMALL
    assert marc.git.run("status", "--porcelain").stdout == b""
    marc.git("checkout", "-qb", "side")
    marc.write("notes.txt", "beside")
    marc.git("add", "notes.txt")
    marc.git("commit", "-qm", "beside")
    assert marc.git.run("merge", "-q", "-m", "both", "main").returncode == 0
    assert marc.read_bytes("tour.mp4") == pointer(OTHER).data
    marc.git("checkout", "-q", "main")
    marc.git("merge", "-q", "side")
    assert content_of(marc, VIDEO).read_bytes() == VIDEO and content_of(marc, OTHER).read_bytes() == OTHER
    assert fv("get", cwd=marc.root).returncode == 0
    assert marc.read_bytes("tour.mp4") == OTHER
    marc.commit()
    marc.assert_clean()


@pytest.mark.parametrize("command", ["merge", "rebase", "stash"])
def test_pointers_that_git_merged_as_text_become_both_versions(world: World, marc: Desk, command: str) -> None:
    marc.sync()
    ines = world.join("Ines")
    ines.write("tour.mp4", VIDEO + b"hers")
    ines.sync()
    marc.write("tour.mp4", VIDEO + b"his")
    if command == "stash":
        marc.git("stash", "-q")
    else:
        marc.commit()
    marc.git("fetch", "-q", "origin")
    done = marc.git.run(*{"stash": ("pull", "-q", "origin", "main")}.get(command, (command, "origin/main")))
    done = marc.git.run("stash", "pop") if command == "stash" else done
    assert done.returncode == 1 and b"<<<<<<<" in marc.read_bytes("tour.mp4")
    if command != "stash":
        marc.git("add", "-A")
        marc.git("-c", "core.editor=true", *(("commit", "-q") if command == "merge" else ("rebase", "--continue")))
    marc.sync()
    ines.sync()
    found = {data for path, data in marc.files().items() if path.startswith("tour")}
    assert found == {VIDEO + b"hers", VIDEO + b"his"} and marc.files() == ines.files()
    assert [one.conflict.kind for one in marc.conflicts()] == ["attachment"]
    marc.assert_clean()


def test_a_changed_content_is_never_overwritten(without: Desk) -> None:
    without.write("tour.mp4", b"not committed")
    assert without.git.run("checkout", "-q", "HEAD~1").returncode != 0
    assert without.read_bytes("tour.mp4") == b"not committed"


@pytest.mark.parametrize("filters", ["", "0015capability=clean\\n"])
def test_fv_that_ends_at_once_is_not_waited_for(marc: Desk, filters: str) -> None:
    hello = "0016git-filter-server\\n000eversion=2\\n0000"
    marc.git("config", "filter.fieldvault.process", f"printf '{hello}{filters}0000'; exit 255")
    os.utime(marc.root / "tour.mp4", (1, 1))
    assert marc.git.run("status", "--porcelain").returncode == 0


def test_what_lies_in_the_vault_is_not_imported(marc: Desk) -> None:
    marc.write("yaml.py", "raise SystemExit('imported')")
    marc.write("fieldvault/__init__.py", "raise SystemExit('imported')")
    os.utime(marc.root / "tour.mp4", (1, 1))
    assert marc.git("status", "--porcelain", "tour.mp4") == ""


def test_a_linked_worktree_shows_pointers(marc: Desk) -> None:
    """fv does not work in one, and is called there all the same."""
    assert marc.git.run("worktree", "add", "-q", "../beside").returncode == 0
    beside = Desk(marc.root.parent / "beside", "Marc")
    assert beside.read_bytes("tour.mp4") == pointer(OTHER).data and beside.read_bytes("photo.jpg") == SMALL
    assert beside.git("status", "--porcelain") == ""
    assert content_of(marc, OTHER).read_bytes() == OTHER
