"""The power goes: whatever was not flushed is gone, on a real ext4 that is shut down under the command.

Law: no object, ref, index or record is torn or empty, the next command puts all right, and what said that it was done
is there. `make faults` cuts at every point. Needs root and loop devices.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults import strace
from tests.faults.scenes import SCENES, environment
from tests.faults.strace import run_disturbed
from tests.faults.sweep import Scene, chosen, copy, look, make_scene, mended
from tests.gitenv import Git

EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2
IMAGE_BYTES = 48 * 1024 * 1024
SAMPLE = 1
TOLERATED = ("/tmp_", "refs/fv/pending")  # git's own clean-up, and the next change, remove them


def _mount(image: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(folder)], check=True, capture_output=True)


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", str(folder)], check=True)


def _usable() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and Path("/dev/loop-control").exists() and strace.available


pytestmark = [pytest.mark.slow, pytest.mark.skipif(not _usable(), reason="needs root, loop devices and strace")]


class Disk:
    """A file system in a file, made once with the scene on it, and copied for each point."""

    def __init__(self, folder: Path, scene: Scene) -> None:
        self.image = folder / "image"
        self.place = folder / "mounted"
        with self.image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        subprocess.run(["mkfs.ext4", "-q", str(self.image)], check=True)
        _mount(self.image, self.place)
        copy(scene.folder, self.place / "world")
        _unmount(self.place)

    @contextmanager
    def fresh(self) -> Iterator[Path]:
        """The scene on a disk of its own; leaving the block, the power goes, and comes back."""
        used = self.image.with_name("used")
        shutil.copy(self.image, used)
        _mount(used, self.place)
        yield self.place / "world"
        descriptor = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(descriptor)
        _unmount(self.place)
        _mount(used, self.place)

    def take(self, target: Path) -> None:
        """What the disk holds after the cut."""
        copy(self.place / "world", target)
        _unmount(self.place)


@pytest.mark.parametrize("name", SCENES)
def test_the_power_goes(name: str, tmp_path: Path) -> None:
    chosen(name, "POWER")
    scene = make_scene(name, tmp_path / "made")
    try:
        disk = Disk(tmp_path, scene)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no loop device can be mounted here: {error.stderr!r}")
    wrong = []
    for number in (*scene.numbers(name, "POWER", SAMPLE), len(scene.points)):
        left = tmp_path / str(number)
        with disk.fresh() as world:
            if number < len(scene.points):
                folder = world / scene.command.folder
                code = run_disturbed(scene.words, folder, environment(), scene.points[number], "KILL").code
            else:
                code = scene.run(scene.words, world).code
        assert code == (0 if number == len(scene.points) else -9)
        disk.take(left)
        try:
            look(scene, Git(left / "marc"))
            if number == len(scene.points):
                assert scene.is_done(left), "what was done is not there"
            mended(scene, left, tolerated=TOLERATED)
        except AssertionError as error:
            wrong.append(f"CELL={name}/POWER/{number}\n    {str(error)[:1500]}")
        else:
            shutil.rmtree(left)
    assert not wrong, f"{len(wrong)} wrong\n" + "\n".join(wrong)
