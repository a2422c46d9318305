"""Commands cut off, and systems that fail, before each call that changes a file.

Law: after any of it the next fv command puts all right by itself, plain git in between refuses or loses nothing, and
the outcome is that of an undisturbed run. `make faults` tries every point; `CELL=commit/KILL/17` one of them; the test
command a few of each, other ones in each slice.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from fieldvault.core.snapshot import Oid
from tests.faults import strace
from tests.faults.scenes import SCENES, environment, tree_of, working_files
from tests.faults.strace import Point, changing_calls, fv, run_disturbed
from tests.gitenv import Git

MODES = ("KILL", "KILL-TWICE", "INT", "ENOSPC-once", "ENOSPC-always", "EIO-once", "EIO-always", "EACCES-once")
SAMPLE = 2  # points of each cell in the test command
ALL = bool(os.environ.get("FAULTS"))
CELL = os.environ.get("CELL", "")

pytestmark = pytest.mark.skipif(not strace.available, reason="strace is not installed")


class Scene(NamedTuple):
    """One scene, made once: the command, its points, and what an undisturbed run comes to."""

    folder: Path
    words: list[str]
    points: list[Point]
    before: dict[str, Oid]
    after: dict[str, Oid]


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scene]:
    return {}


def scene_of(name: str, scenes: dict[str, Scene], tmp_path_factory: pytest.TempPathFactory) -> Scene:
    if name not in scenes:
        folder = tmp_path_factory.mktemp(name) / "world"
        words = fv(*SCENES[name](folder))
        undisturbed = folder.with_name("undisturbed")
        _copy(folder, undisturbed)
        points = changing_calls(words, undisturbed / "marc", environment())
        after = working_files(undisturbed / "marc")
        assert after == tree_of(Git(undisturbed / "marc"))
        scenes[name] = Scene(folder, words, points, working_files(folder / "marc"), after)
    return scenes[name]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SCENES)
def test_a_command_that_is_disturbed(
    name: str, mode: str, scenes: dict[str, Scene], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if CELL and not CELL.startswith(f"{name}/{mode}/"):
        pytest.skip(f"not {CELL}")
    scene = scene_of(name, scenes, tmp_path_factory)
    count = len(scene.points)
    offset = (list(SCENES).index(name) * len(MODES) + MODES.index(mode)) * 7
    numbers = sorted((offset + taken) % count for taken in range(0, count, 1 if ALL else max(1, count // SAMPLE)))
    if CELL:
        numbers = [int(CELL.rpartition("/")[2])]
    wrong = []
    for one in numbers:
        place = tmp_path / str(one)
        _copy(scene.folder, place)
        try:
            _disturb(scene, place, scene.points[one], mode)
        except AssertionError as error:
            wrong.append(f"CELL={name}/{mode}/{one}  {scene.points[one].text[:150]}\n    {str(error)[:1500]}")
        else:
            shutil.rmtree(place)
    assert not wrong, f"{len(wrong)} of {len(numbers)}\n" + "\n".join(wrong)


def _disturb(scene: Scene, place: Path, point: Point, mode: str) -> None:
    marc = place / "marc"
    git = Git(marc)
    done = run_disturbed(scene.words, marc, environment() | {"TMPDIR": str(place)}, point, mode.removesuffix("-TWICE"))
    assert "Traceback" not in done.err and done.code != 70, f"{done}"
    _look(scene, git)
    if mode == "KILL-TWICE":  # the recovery is cut off as well
        recovery = changing_calls_of_recovery(scene, place)
        if recovery:
            run_disturbed(scene.words, marc, environment(), recovery[point.number % len(recovery)], "KILL")
            _look(scene, git)
    _plain_git_next(scene, place)
    _mended(scene, place, [])


def changing_calls_of_recovery(scene: Scene, place: Path) -> list[Point]:
    copy = place.with_name(f"{place.name}-recovery")
    _copy(place, copy)
    try:
        return changing_calls(scene.words, copy / "marc", environment())
    finally:
        shutil.rmtree(copy)


def _look(scene: Scene, git: Git) -> None:
    """What must hold at once: git finds nothing wrong, and each file is its old or its new version."""
    assert _fsck(git) == ""
    status = git.run("status", "--porcelain")
    assert status.returncode == 0, status.stderr
    held, committed = working_files(git.path), tree_of(git)
    for path in scene.before.keys() | scene.after.keys() | held.keys():
        assert held.get(path) in (scene.before.get(path), scene.after.get(path)), f"{path} holds neither version"
    for path, oid in scene.before.items():  # whatever stood in the folder stands there, in HEAD, or was superseded
        assert oid in (held.get(path), committed.get(path)) or scene.after.get(path) in (held.get(path), None), path


def _plain_git_next(scene: Scene, place: Path) -> None:
    """On a copy: git is the next to write. It refuses, or what it does loses nothing."""
    copy = place.with_name(f"{place.name}-git")
    _copy(place, copy)
    git = Git(copy / "marc")
    git.run("add", "-A")
    git.run("commit", "-q", "-m", "plain")
    _mended(scene, copy, ["after plain git"])
    shutil.rmtree(copy)


def _mended(scene: Scene, place: Path, told: list[str]) -> None:
    """The same command once more: exit 0, the outcome of an undisturbed run, and nothing left lying about."""
    marc = place / "marc"
    done = strace._run(scene.words, marc, environment())
    assert done.code == 0, f"{told} {done}"
    git = Git(marc)
    assert working_files(marc) == scene.after, told
    assert tree_of(git) == scene.after, told
    assert git("status", "--porcelain") == "", told
    assert _fsck(git) == "", told
    hub = place / "hub.git"
    if hub.exists():
        assert _fsck(Git(hub)) == "", told
        if scene.words[-1] == "sync":
            assert Git(hub)("rev-parse", "main") == git("rev-parse", "main"), told
    assert _leavings(place) == [], told


def _copy(source: Path, target: Path) -> None:
    """With its hard links: by them a lock is known to be ours."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def _fsck(git: Git) -> str:
    done = git.run("fsck", "--strict", "--no-dangling", "--no-progress")
    said = (done.stdout + done.stderr).decode(errors="replace")
    return "\n".join(line for line in said.splitlines() if not line.startswith("notice: "))


def _leavings(place: Path) -> list[str]:
    own = place / "marc" / ".git" / "fieldvault"
    found = [path for path in place.rglob("*.lock") if path.parent.name != "fieldvault" or path.stat().st_size]
    found += [*place.rglob("*tmp_*"), *place.rglob(".fv-*")]
    found += [*own.glob("journal"), *own.glob("staged/*"), *own.glob("locks/*"), *place.glob("marc/.git/refs/fv/*")]
    return [path.relative_to(place).as_posix() for path in found]
