"""Hubs that take no contents, and contents that need not be kept."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actions.test_attachments import OTHER, VIDEO, content_of, pointer
from tests.actions.test_sync import CUSTOMER, FILES
from tests.peers import git_daemon
from tests.world import Desk, World, fv


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Behind a server, which runs the hub's hooks."""
    world = World(tmp_path)
    with git_daemon(tmp_path) as server:
        world.url = server.url("hub.git")
        yield world


@pytest.fixture
def marc(world: World) -> Desk:
    return world.first("Marc", files=FILES)


def refuse(world: World, pattern: str) -> Path:
    hook = world.hub / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\ncase $1 in {pattern}) echo "not here" >&2; exit 1;; esac\n')
    hook.chmod(0o755)
    return hook


def shelves(world: World) -> list[str]:
    return world.hub_git("for-each-ref", "--format=%(refname)").split()


def test_a_hub_that_keeps_its_other_refs_to_itself_gets_a_branch(world: World, marc: Desk) -> None:
    refuse(world, "refs/fv/*")
    marc.write("tour.mp4", VIDEO)
    assert marc.sync().refusal is None
    assert any(ref.startswith("refs/heads/fv/att/") for ref in shelves(world))
    ines = world.join("Ines")
    assert ines.read_bytes("tour.mp4") == VIDEO
    ines.write("other.mp4", OTHER)
    ines.sync()
    assert marc.sync().attachments == ["other.mp4"]


def test_a_hub_that_takes_no_contents_gets_the_records_and_asks_for_the_contents_when_it_does(
    world: World, marc: Desk
) -> None:
    hook = refuse(world, "refs/fv/*|refs/heads/fv/*")
    marc.write("tour.mp4", VIDEO)
    marc.edit(CUSTOMER, "tags: [", "tags: [new, ")
    report = marc.sync()
    assert report.confirmed == marc.head() and report.refusal is not None
    assert "not here" in str(report.refusal.facts["reason"])
    said = fv("sync", cwd=marc.root, environment=marc.environment)
    assert said.returncode == 4 and "Large attachments wait here: the hub refused" in said.stdout, said
    said = fv("status", cwd=marc.root, environment=marc.environment)
    assert "1 large attachment waits (786 kB)" in said.stdout and "nothing to do" not in said.stdout
    ines = world.join("Ines")
    assert "new" in ines.read(CUSTOMER) and ines.read_bytes("tour.mp4") == pointer(VIDEO).data
    assert ines.status().attachments_absent == 1
    hook.unlink()
    assert marc.sync().refusal is None and marc.status().attachments_waiting == 0
    assert ines.sync().attachments == ["tour.mp4"] and ines.status().attachments_absent == 0


def test_what_plain_git_has_pushed_the_pointer_of_follows(world: World, marc: Desk) -> None:
    marc.write("tour.mp4", VIDEO)
    marc.git("add", "tour.mp4")
    marc.git("commit", "-qm", "by git")
    marc.git("push", "-q", "origin", "main")
    marc.sync()
    ines = world.join("Ines")
    assert ines.read_bytes("tour.mp4") == VIDEO


def test_what_is_only_staged_stays_here(world: World, marc: Desk) -> None:
    marc.write("tour.mp4", VIDEO)
    marc.git("add", "tour.mp4")
    marc.git("reset", "-q")
    marc.remove("tour.mp4")
    marc.sync()
    assert not any("/att/" in ref for ref in shelves(world)) and content_of(marc, VIDEO).exists()
    assert marc.status().attachments_waiting == 0


def test_an_old_version_that_the_hub_has_goes_after_two_weeks(marc: Desk) -> None:
    for video in (VIDEO, OTHER):
        marc.write("tour.mp4", video)
        marc.sync()
    marc.write("left.mp4", VIDEO + b"unsent")
    marc.git("add", "left.mp4")
    marc.git("reset", "-q")
    marc.remove("left.mp4")
    marc.sync()
    assert content_of(marc, VIDEO).exists()
    for video in (VIDEO, OTHER, VIDEO + b"unsent"):
        os.utime(content_of(marc, video), (0, 0))
    marc.sync()
    assert not content_of(marc, VIDEO).exists()
    assert content_of(marc, OTHER).exists() and content_of(marc, VIDEO + b"unsent").exists()
    marc.undo()
    assert marc.read_bytes("tour.mp4") == pointer(VIDEO).data
    marc.sync()
    assert marc.read_bytes("tour.mp4") == VIDEO


def test_a_download_that_was_given_up_goes_as_well(marc: Desk) -> None:
    marc.write("tour.mp4", VIDEO)
    marc.sync()
    for name, age in (("0" * 64, 0), ("1" * 64, 2**40)):
        part = content_of(marc, VIDEO).with_name(f"{name}.part")
        part.write_bytes(b"some")
        os.utime(part, (age, age))
    marc.sync()
    assert [path.stem[0] for path in content_of(marc, VIDEO).parent.glob("*.part")] == ["1"]
