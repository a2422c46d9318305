"""`fv watch` as a process, when the machine sleeps, its disk is full, or the system watches no more folders."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.actions.test_sync import CUSTOMER, FILES
from tests.actions.watching import wait_for
from tests.world import Desk, World

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="Linux's own ways to be short")]

Start = Callable[..., subprocess.Popen[str]]
_IN_A_SMALL_WORLD = 'echo "$2" > "/proc/sys/user/$1" && shift 2 && exec "$@"'


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a desk's watcher, below the program `through`; every one ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(desk: Desk, *through: str) -> subprocess.Popen[str]:
        words = [*through, sys.executable, "-m", "fieldvault", "watch"]
        environment = {key: value for key, value in desk.environment.items() if not key.endswith("_DATE")}
        process = subprocess.Popen(
            words,
            cwd=desk.root,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        assert process.stdout and any("Watching" in line for line in process.stdout)  # it may first finish a change
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def is_at_hub(world: World, path: str, text: str) -> bool:
    done = world.hub_git.run("show", f"main:{path}")
    return done.returncode == 0 and text in done.stdout.decode()


def test_after_a_sleep_it_goes_on(world: World, start: Start) -> None:
    """Stopped as a laptop's processes are: what was saved as it fell asleep, and what others did meanwhile."""
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    process = start(marc)
    marc.edit(CUSTOMER, "samples: 10", "samples: 7")
    process.send_signal(signal.SIGSTOP)
    ines.write("hers.txt", "hers")
    ines.sync()
    time.sleep(3)
    marc.write("his.txt", "saved before it is quite awake")
    process.send_signal(signal.SIGCONT)
    wait_for(lambda: is_at_hub(world, CUSTOMER, "samples: 7") and is_at_hub(world, "his.txt", "saved"), 20)
    wait_for(lambda: "hers.txt" in marc.files(), 20)
    assert process.poll() is None


def test_killed_with_a_hub_away_the_next_one_sends_what_was_left(world: World, start: Start) -> None:
    marc = world.first("Marc", files=FILES)
    world.hub.rename(world.folder / "away")
    process = start(marc)
    marc.edit(CUSTOMER, "samples: 10", "samples: 7")
    wait_for(lambda: "samples: 7" in marc.git("show", f"HEAD:{CUSTOMER}"))
    process.kill()
    process.wait()
    (world.folder / "away").rename(world.hub)
    start(marc)
    wait_for(lambda: is_at_hub(world, CUSTOMER, "samples: 7"), 20)
    marc.assert_clean()


@pytest.mark.parametrize("limit", [("max_inotify_watches", "2"), ("max_inotify_instances", "0")])
def test_short_of_watches_it_looks_and_says_so(world: World, start: Start, limit: tuple[str, str]) -> None:
    """In a user namespace of its own, whose limits nobody else feels."""
    small = ("unshare", "-Ur", "sh", "-c", _IN_A_SMALL_WORLD, "sh", *limit)
    if not shutil.which("unshare") or subprocess.run([*small, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespaces here")
    marc = world.first("Marc", files=FILES)
    process = start(marc, *small)
    assert process.stdout and "Looking at the folder every few seconds instead" in process.stdout.readline()
    marc.edit(CUSTOMER, "samples: 10", "samples: 7")
    wait_for(lambda: is_at_hub(world, CUSTOMER, "samples: 7"), 20)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_on_a_full_disk_it_waits_says_so_once_and_goes_on(small_disk: Path, start: Start) -> None:
    world = World(small_disk)
    marc = world.first("Marc", files=FILES)
    head = marc.head()
    process = start(marc)
    ballast = small_disk / "ballast"
    with ballast.open("wb") as file:
        while True:
            try:
                file.write(bytes(65536))
                file.flush()
            except OSError:
                break
    with (marc.root / CUSTOMER).open("r+b") as file:  # in its place, as long as before: nobody else can take the room
        content = file.read().replace(b"samples: 10", b"samples: 07")
        file.seek(0)
        file.write(content)
    assert process.stdout
    assert "no space left on the disk" in process.stdout.readline() and "make room" in process.stdout.readline()
    time.sleep(6)  # it has tried again by now
    assert marc.head() == head and process.poll() is None
    ballast.unlink()
    wait_for(lambda: is_at_hub(world, CUSTOMER, "samples: 07"), 30)
    assert "Committed 1 record" in process.stdout.readline()  # and not once more that there was no space
    marc.assert_clean()
