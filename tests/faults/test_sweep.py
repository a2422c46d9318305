"""Commands cut off, and systems that fail, before each call that changes a file.

Law: after any of it the next fv command puts all right by itself, plain git in between refuses or loses nothing, and
the outcome is that of an undisturbed run. `make faults` tries every point, `make faults CELL=commit/KILL/17` one of
them, the test command a few.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fieldvault.core.snapshot import Oid
from tests.faults import strace
from tests.faults.scenes import SCENES, environment, is_repository, working_files
from tests.faults.strace import Point, changing_calls, run_disturbed
from tests.faults.sweep import Scene, chosen, copy, look, make_scene, mended
from tests.gitenv import Git

MODES = ("KILL", "KILL-TWICE", "INT", "TERM", "ENOSPC-once", "ENOSPC-always", "EIO-once", "EIO-always", "EACCES-once")
SAMPLE = {"KILL": 3}  # points of each cell in the test command; 1 where nothing else is said, and of those in SELDOM
SELDOM = ("set", "resolve", "undo", "init", "clone", "hub-init", "watch", "tidy")  # there by OFTEN only
OFTEN = ("KILL", "TERM", "ENOSPC-always")
CODES = {"KILL": (-9,), "KILL-TWICE": (-9,), "INT": (0, 130), "TERM": (-15,)}
PLAIN_GIT = {
    "commit": (("add", "-A"), ("commit", "-q", "-m", "plain")),
    "checkout": (("checkout", "-q", "--", "."),),
    "reset": (("reset", "-q", "--hard"),),
    "stash": (("stash", "-q"),),
}

Scenes = Callable[[str], Scene]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not strace.available, reason="strace is not installed")]


@pytest.fixture(scope="session")
def scene_of(tmp_path_factory: pytest.TempPathFactory) -> Scenes:
    """Each scene is made when a test first needs it."""
    return functools.cache(lambda name: make_scene(name, tmp_path_factory.mktemp(name) / "made"))


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        pytest.param(name, mode, marks=[pytest.mark.at_length] if name in SELDOM and mode not in OFTEN else [])
        for name in SCENES
        for mode in MODES
    ],
)
def test_a_command_that_is_disturbed(name: str, mode: str, scene_of: Scenes, tmp_path: Path) -> None:
    chosen(name, mode)
    scene = scene_of(name)
    numbers = scene.numbers(name, mode, 1 if name in SELDOM else SAMPLE.get(mode, 1))
    wrong = []
    for number in numbers:
        place = tmp_path / str(number)
        copy(scene.folder, place)
        point = scene.points[number]
        try:
            _disturb(scene, place, point, mode)
        except AssertionError as error:
            wrong.append(f"CELL={name}/{mode}/{number}  {point.text[:150]}\n    {str(error)[:1500]}")
        else:
            shutil.rmtree(place)
    assert not wrong, f"{len(wrong)} of {len(numbers)}\n" + "\n".join(wrong)


def test_the_vault_and_its_hub_are_tidied_up_where_that_is_to_be_disturbed(scene_of: Scenes) -> None:
    chosen("tidy", "")
    removed = [point.text for point in scene_of("tidy").points if point.syscall == "unlink"]
    for git_dir in ("marc/.git", "hub.git"):
        assert any(f"{git_dir}/objects/pack/pack-" in call for call in removed)


def _disturb(scene: Scene, place: Path, point: Point, mode: str) -> None:
    reports = {"TMPDIR": str(place)}
    folder = place / scene.command.folder
    done = run_disturbed(scene.words, folder, environment() | reports, point, mode.removesuffix("-TWICE"))
    assert "Traceback" not in done.err, f"{done}"
    # How often a watcher looks depends on the clock, and with the ids of commits how many folders objects need: the
    # command may be through before the last of such points.
    through = (0,) if scene.command.words == ["watch"] or point.syscall == "mkdir" else ()
    assert done.code in CODES.get(mode, (0, 1, 4)) + through, f"{done}"
    look(scene, Git(place / "marc"))
    if mode == "KILL-TWICE":
        points = _points_of_recovery(scene, place)
        if points:
            run_disturbed(scene.mending, folder, environment(), points[point.number % len(points)], "KILL")
            look(scene, Git(place / "marc"))
    _plain_git_next(scene, place, list(PLAIN_GIT)[point.number % len(PLAIN_GIT)])
    mended(scene, place)


def _points_of_recovery(scene: Scene, place: Path) -> list[Point]:
    aside = place.with_name(f"{place.name}-recovery")
    copy(place, aside)
    points = changing_calls(scene.mending, aside / scene.command.folder, environment(), codes=(0, 1))
    shutil.rmtree(aside)
    return points


def _plain_git_next(scene: Scene, place: Path, way: str) -> None:
    """On a copy: git is the next to write. It refuses, or what it does loses nothing but what it was told to."""
    if not is_repository(place / "marc"):
        return
    if way not in scene.otherwise and way != "commit":
        scene.otherwise[way] = _after_git(scene, place.with_name(f"{place.name}-reference"), way)
    aside = place.with_name(f"{place.name}-git")
    copy(place, aside)
    _by_git(aside, way)
    mended(scene, aside, way)
    shutil.rmtree(aside)


def _after_git(scene: Scene, place: Path, way: str) -> dict[str, Oid]:
    """The files where git comes first and nothing is disturbed: what was not committed is gone, as it was meant to."""
    copy(scene.folder, place)
    if is_repository(place / "marc"):
        _by_git(place, way)
    scene.run(scene.words, place)
    files = working_files(place / "marc")
    shutil.rmtree(place)
    return files


def _by_git(place: Path, way: str) -> None:
    for words in PLAIN_GIT[way]:
        Git(place / "marc").run(*words)
