"""A scene and its points, and what must hold after a command was disturbed at one of them.

Law: the invariants stand here once, for every kind of fault: git finds nothing wrong, each file is its old or its new
version, the next command exits 0 with the outcome of an undisturbed run, and leaves nothing lying about.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from fieldvault.core.snapshot import Oid
from tests.faults.scenes import SCENES, Command, environment, is_repository, tree_of, working_files
from tests.faults.strace import Point, Run, changing_calls, fv, run
from tests.gitenv import Git
from tests.stride import STRIDE

CELL = os.environ.get("CELL", "")  # one point: scene/mode/number


class Scene(NamedTuple):
    """One scene, made once: the command, its points, and what stands before it and after an undisturbed run."""

    folder: Path
    command: Command
    points: list[Point]
    before: dict[str, Oid]
    after: dict[str, Oid]
    hub: bytes | None
    objects: dict[str, set[Oid]]  # by repository
    otherwise: dict[str, dict[str, Oid]]  # and after one that came second, behind plain git: by what git did

    @property
    def words(self) -> list[str]:
        return fv(*self.command.words)

    @property
    def mending(self) -> list[str]:
        """The command that comes next, and puts right what was left."""
        return fv("commit") if self.command.again == "more" else self.words

    def run(self, words: list[str], place: Path) -> Run:
        return run(words, place / self.command.folder, environment())

    def numbers(self, name: str, mode: str, sample: int) -> list[int]:
        """The points to try: the one that CELL names, each FAULTS-th, or `sample`; others for each scene and mode."""
        if CELL:
            return [int(CELL.rpartition("/")[2])]
        count = len(self.points)
        offset = sum(f"{name}/{mode}".encode()) * 7
        if STRIDE:
            return list(range(offset % STRIDE, count, STRIDE))
        return sorted((offset + step * count // sample) % count for step in range(sample))

    def is_done(self, place: Path, by_git: str = "") -> bool:
        """Whether folder, HEAD and hub hold what an undisturbed run leaves, perhaps one after plain git's `by_git`."""
        outcomes = [self.after, self.otherwise.get(by_git, self.after)]
        return self._holds(place, outcomes) and settings_of_hub(place) == self.hub

    def is_as_before(self, place: Path) -> bool:
        return self._holds(place, [self.before])

    def _holds(self, place: Path, outcomes: list[dict[str, Oid]]) -> bool:
        marc = place / "marc"
        files = working_files(marc)
        return files == tree_of(Git(marc)) and files in outcomes


def chosen(name: str, mode: str) -> None:
    """Skip what CELL does not name."""
    if CELL and not CELL.startswith(f"{name}/{mode}/"):
        pytest.skip(f"not {CELL}")


def make_scene(name: str, folder: Path) -> Scene:
    folder.mkdir(parents=True)
    world = folder / "world"
    command = SCENES[name](world)
    undisturbed = folder / "undisturbed"
    copy(world, undisturbed)
    points = changing_calls(fv(*command.words), undisturbed / command.folder, environment())
    before, after = working_files(world / "marc"), working_files(undisturbed / "marc")
    scene = Scene(world, command, points, before, after, settings_of_hub(undisturbed), objects_of(world), {})
    assert scene.is_done(undisturbed)
    return scene


def settings_of_hub(place: Path) -> bytes | None:
    hub = place / "hub.git"
    return (hub / "config").read_bytes() if (hub / "HEAD").exists() else None


def objects_of(place: Path) -> dict[str, set[Oid]]:
    """Whatever each repository holds, named by anything or not."""
    gits = [Git(head.parent) for head in (*place.glob("*/.git/HEAD"), *place.glob("*/HEAD"))]
    every = ("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    return {str(git.path.relative_to(place)): set(git(*every).split()) for git in gits}


def copy(source: Path, target: Path) -> None:
    """With its hard links: by them a lock is known to be ours."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def look(scene: Scene, git: Git) -> None:
    """What must hold at once: git finds nothing wrong, each file is its old or its new version, no value is gone."""
    if is_repository(git.path):
        assert not (said := fsck(git)), said
        status = git.run("status", "--porcelain")
        assert status.returncode == 0, status.stderr
    held, committed = working_files(git.path), tree_of(git)
    for path in scene.before.keys() | scene.after.keys() | held.keys():
        assert held.get(path) in (scene.before.get(path), scene.after.get(path)), f"{path} holds neither version"
    for path, oid in scene.before.items():
        assert oid in (held.get(path), committed.get(path)) or held.get(path) == scene.after.get(path), path


def mended(scene: Scene, place: Path, by_git: str = "", tolerated: tuple[str, ...] = ()) -> None:
    """The next fv command: exit 0, the outcome of an undisturbed run, and nothing left lying about, but for files of a
    name that is `tolerated`. `by_git`: what plain git did before.
    """
    told = f"after git {by_git}" if by_git else ""
    marc = place / "marc"
    git = Git(marc)
    done = scene.run(scene.mending, place)
    if scene.command.again == "told" and done.code == 1:
        assert "already" in done.err or "not empty" in done.err, done
        done = run(fv("status"), marc, environment()) if is_repository(marc) else done._replace(code=0)
    assert done.code == 0, f"{told} {done}"
    if scene.command.again == "more" and scene.is_as_before(place):
        done = scene.run(scene.words, place)
        assert done.code == 0, f"{told} {done}"
    assert scene.is_done(place, by_git), f"{told}: another outcome"
    if is_repository(marc):
        assert not (said := git("status", "--porcelain")), f"{told}: git status says {said}"
        assert not (said := fsck(git)), f"{told}: git fsck says {said}"
    hub = place / "hub.git"
    if hub.exists():
        assert not (said := fsck(Git(hub))), f"{told}: git fsck says of the hub {said}"
        if scene.command.words[-1] in ("sync", "watch"):
            assert Git(hub)("rev-parse", "main") == git("rev-parse", "main"), told
    for name, oids in objects_of(place).items():
        assert oids >= scene.objects.get(name, set()), f"{told}: objects of {name} are gone"
    left = [name for name in leavings(place) if not any(part in name for part in tolerated)]
    assert not left, f"{told} left: {left}"


def fsck(git: Git) -> str:
    done = git.run("fsck", "--strict", "--no-dangling", "--no-progress")
    said = (done.stdout + done.stderr).decode(errors="replace")
    return "\n".join(line for line in said.splitlines() if not line.startswith("notice: "))


def leavings(place: Path) -> list[str]:
    """Locks, temporary files and notes; fv's locks between processes stay, the vault's nameless."""
    own = place / "marc" / ".git" / "fieldvault"
    named = [path for path in own.glob("*.lock") if path.stat().st_size]
    found = named + [path for path in place.rglob("*.lock") if path.parent.name != "fieldvault"]
    found += [*place.rglob("*tmp_*"), *place.rglob(".fv-*")]
    found += [*own.glob("journal"), *own.glob("staged/*"), *own.glob("*locks/*"), *place.glob("marc/.git/refs/fv/*")]
    return [path.relative_to(place).as_posix() for path in found]
