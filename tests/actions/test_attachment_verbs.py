"""attach, get, drop and pin, as a person uses them."""

from pathlib import Path

import pytest

from fieldvault.actions.attaching.attach import attach
from fieldvault.actions.attaching.keeping import drop, get, pin, unpin
from fieldvault.errors import FieldvaultError
from tests.actions.test_attachments import OTHER, VIDEO, committed, content_of, pointer
from tests.actions.test_sync import CUSTOMER, FILES
from tests.world import Desk, World, fv, now

FILM = VIDEO[::-1]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def marc(world: World) -> Desk:
    desk = world.first("Marc", files=FILES)
    desk.write("materials/tour.mp4", VIDEO)
    desk.write("materials/other.mp4", OTHER)
    return desk


def test_files_are_attached_to_a_record(marc: Desk, tmp_path: Path) -> None:
    (tmp_path / "offer.mp4").write_bytes(VIDEO)
    with marc.vault() as vault:
        report = attach(vault, now, CUSTOMER, [tmp_path / "offer.mp4"])
    (change,) = report.changes
    assert change.path.startswith("attachments/cus_") and change.path.endswith("/offer.mp4")
    assert committed(marc, change.path) == pointer(VIDEO).data
    with marc.vault() as vault, pytest.raises(FieldvaultError) as failure:
        attach(vault, now, CUSTOMER, [tmp_path / "offer.mp4"])
    assert failure.value.kind == "attach-exists"


def test_what_only_this_machine_has_is_not_dropped(marc: Desk) -> None:
    marc.commit()
    with marc.vault() as vault:
        assert drop(vault, ["materials/tour.mp4"]).left == {"materials/tour.mp4": "only-here"}
    assert marc.read_bytes("materials/tour.mp4") == VIDEO and content_of(marc, VIDEO).exists()


def test_what_the_hub_has_lost_goes_there_again_with_the_next_sync(world: World, marc: Desk) -> None:
    marc.sync()
    ines = world.join("Ines")
    shelf = world.hub_git("for-each-ref", "--format=%(refname)", "refs/fv/1/att")
    empty = world.hub_git("commit-tree", "-m", "empty", world.hub_git("mktree", stdin=""))
    ines.sync()
    world.hub_git("update-ref", shelf, empty)
    with ines.vault() as vault:
        assert drop(vault, ["materials/tour.mp4"]).left == {"materials/tour.mp4": "only-here"}
    ines.sync()
    with ines.vault() as vault:
        assert drop(vault, ["materials/tour.mp4"]).dropped == ["materials/tour.mp4"]


def test_dropped_and_got_again(world: World, marc: Desk) -> None:
    marc.sync()
    with marc.vault() as vault:
        assert drop(vault, ["materials"]).dropped == ["materials/other.mp4", "materials/tour.mp4"]
    assert marc.read_bytes("materials/tour.mp4") == pointer(VIDEO).data and not content_of(marc, VIDEO).exists()
    marc.assert_clean()
    assert not marc.status().edits
    ines = world.join("Ines")
    ines.write("materials/tour.mp4", VIDEO + b"2")
    ines.sync()
    marc.sync()
    assert marc.read_bytes("materials/tour.mp4") == pointer(VIDEO + b"2").data
    with marc.vault() as vault:
        assert get(vault, ["materials/tour.mp4"]).shown == ["materials/tour.mp4"]
    assert marc.read_bytes("materials/tour.mp4") == VIDEO + b"2"
    assert marc.read_bytes("materials/other.mp4") == pointer(OTHER).data
    marc.assert_clean()
    with marc.vault() as vault:
        assert get(vault, []).shown == ["materials/other.mp4", "materials/tour.mp4"]
    assert marc.read_bytes("materials/other.mp4") == OTHER


def test_a_content_that_rotted_on_the_disk_is_no_edit_and_comes_again(world: World, marc: Desk) -> None:
    marc.sync()
    content_of(marc, VIDEO).write_bytes(VIDEO[:100] + b"?" + VIDEO[101:])
    (marc.root / "materials/tour.mp4").unlink()
    marc.git("checkout", "-q", "materials/tour.mp4")
    assert marc.read_bytes("materials/tour.mp4") == pointer(VIDEO).data
    assert marc.commit().commit is None
    with marc.vault() as vault:
        assert get(vault, ["materials/tour.mp4"]).shown == ["materials/tour.mp4"]
    assert marc.read_bytes("materials/tour.mp4") == VIDEO
    marc.assert_clean()


def test_a_content_that_another_file_shows_stays(marc: Desk) -> None:
    marc.write("film.mp4", FILM)
    marc.write("copy.mp4", FILM)
    marc.sync()
    for path, kept in (("copy.mp4", True), ("film.mp4", False)):
        with marc.vault() as vault:
            assert drop(vault, [path]).dropped == [path]
        assert content_of(marc, FILM).exists() == kept
        assert marc.git("status", "--porcelain") == ""
    with marc.vault() as vault:
        assert get(vault, ["film.mp4"]).shown == ["film.mp4"]
    with marc.vault() as vault:
        drop(vault, ["copy.mp4"])  # it was already
    assert content_of(marc, FILM).exists()


def test_an_edit_is_not_dropped(marc: Desk) -> None:
    marc.sync()
    marc.write("materials/tour.mp4", b"edited")
    with marc.vault() as vault:
        assert drop(vault, ["materials/tour.mp4"]).left == {"materials/tour.mp4": "file-edited"}
    assert marc.read_bytes("materials/tour.mp4") == b"edited"


def test_a_pinned_one_stays(marc: Desk) -> None:
    marc.sync()
    with marc.vault() as vault:
        pin(vault, ["materials/tour.mp4"])
        assert drop(vault, ["materials"]).left == {"materials/tour.mp4": "pinned"}
        unpin(vault, ["materials/tour.mp4"])
        assert drop(vault, ["materials/tour.mp4"]).dropped == ["materials/tour.mp4"]


def test_get_of_what_is_here_needs_no_network(world: World, marc: Desk) -> None:
    marc.sync()
    marc.write("materials/tour.mp4", pointer(VIDEO).data)
    world.hub.rename(world.folder / "away.git")
    with marc.vault() as vault:
        assert get(vault, ["materials/tour.mp4"]).shown == ["materials/tour.mp4"]
    assert marc.read_bytes("materials/tour.mp4") == VIDEO


def test_the_commands(marc: Desk, tmp_path: Path) -> None:
    (tmp_path / "offer.mp4").write_bytes(VIDEO)
    said = fv("attach", CUSTOMER, str(tmp_path / "offer.mp4"), cwd=marc.root)
    assert said.returncode == 0 and "offer.mp4" in said.stdout, said.stderr
    assert fv("drop", "materials/tour.mp4", cwd=marc.root).returncode == 0
    marc.sync()
    said = fv("drop", "materials/tour.mp4", cwd=marc.root)
    assert said.returncode == 0 and said.stdout == "Taken off this computer: materials/tour.mp4\n", said
    said = fv("pin", "materials/tour.mp4", cwd=marc.root)
    assert said.returncode == 0 and said.stdout == "Attachments here now: materials/tour.mp4\n", said
    said = fv("drop", "materials/tour.mp4", cwd=marc.root)
    assert said.returncode == 3 and "pinned" in said.stdout
