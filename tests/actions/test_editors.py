"""Real editors driven in tmux, and the recorded save patterns of graphical ones, under a watcher.

Every version that stood long enough is in history, whole, and nothing else is.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from fieldvault.actions.watching.watch import Timing
from fieldvault.core.snapshot import blob_id
from tests.actions.savepatterns import PATTERNS
from tests.actions.test_sync import CUSTOMER, FILES
from tests.actions.watching import wait_for, watched
from tests.gitenv import pinned_environment
from tests.world import Desk, World


@pytest.fixture
def marc(tmp_path: Path) -> Desk:
    desk = World(tmp_path).first("Marc", files=FILES | {"materials/a/brochure.pdf": b"%PDF-1\n"})
    desk.git("remote", "remove", "origin")
    return desk


class Screen:
    """One editor on a terminal of its own."""

    def __init__(self, server: str, command: str, folder: Path, home: Path) -> None:
        self._server = server
        self._home = str(home)
        self._tmux("new-session", "-d", "-s", "e", "-x", "120", "-y", "40", "-c", str(folder), command)

    def keys(self, *keys: str, pause: float = 0.05) -> None:
        for key in keys:
            self._tmux("send-keys", "-t", "e", *(["-l", key] if len(key) > 12 or " " in key else [key]))
            time.sleep(pause)

    def shows(self, text: str) -> bool:
        return text in self._tmux("capture-pane", "-p", "-t", "e")

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self._server, "kill-server"], capture_output=True, check=False)

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._server, "-f", os.devnull, *words],
            env=pinned_environment(HOME=self._home, TERM="xterm", LC_ALL="C.UTF-8"),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


# How each is started, goes to the end of the file, adds a line, saves, and ends.
EDITORS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "vim": (
        "vim -u NONE -N --cmd 'set backup writebackup'",
        ("G", "o"),
        ("Escape", ":w", "Enter", "o"),
        ("Escape", ":q!", "Enter"),
    ),
    "vim-copy": (
        "vim -u NONE -N --cmd 'set backupcopy=yes'",
        ("G", "o"),
        ("Escape", ":w", "Enter", "o"),
        ("Escape", ":q!", "Enter"),
    ),
    "nano": ("nano -I -B", ("M-/",), ("Enter", "C-s"), ("C-x",)),
    "emacs": ("emacs -nw -Q", ("M->",), ("Enter", "C-x", "C-s"), ("C-x", "C-c")),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EDITORS)
def test_a_real_editor(name: str, marc: Desk, tmp_path: Path) -> None:
    command, begin, save, end = EDITORS[name]
    for program in ("tmux", command.split()[0]):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    before = set(marc.git("ls-files").split())
    screen = Screen(f"fv-{os.getpid()}-{name}", f"{command} {CUSTOMER}", marc.root, tmp_path)
    try:
        wait_for(lambda: screen.shows("Lefèvre"))
        with watched(marc) as seen:
            screen.keys(*begin)
            for number in range(3):
                screen.keys(f"note{number}: written in {name}", *save)
                wait_for(lambda number=number: f"note{number}: " in marc.git("show", f"HEAD:{CUSTOMER}"))  # type: ignore[misc]
            screen.keys(*end)
            time.sleep(0.5)
        assert len(seen.commits()) == 3 and seen.failure is None
    finally:
        screen.close()
    assert set(marc.git("ls-files").split()) == before


@pytest.mark.parametrize(
    "name", ["in-pieces", "vim", "gedit", "libre-office", "office", "delete-and-create", "text-edit"]
)
@pytest.mark.parametrize("path", [CUSTOMER, "materials/a/brochure.pdf"])
def test_a_recorded_pattern(name: str, path: str, marc: Desk) -> None:
    before = set(marc.git("ls-files").split())
    stood = []
    with watched(marc) as seen:
        for number in range(2):
            data = marc.read(path).encode() + b"note%d: %s\n" % (number, name.encode())
            PATTERNS[name](marc.root / path, data)
            wait_for(lambda data=data: marc.git.raw("show", f"HEAD:{path}") == data)  # type: ignore[misc]
            stood.append(data)
    versions = [marc.git.raw("show", f"{one}:{path}") for one in marc.git("log", "--format=%H", "--", path).split()]
    assert versions[:-1] == stood[::-1], "one commit a save, none torn"
    assert [path] * 2 == [one for (one,) in seen.commits()]
    assert set(marc.git("ls-files").split()) == before


SAVES = int(os.environ.get("FV_SAVES") or 4)  # of each pattern; 50 for the full run
STOOD_SECONDS = 3.0 if SAVES >= 50 else 4.5  # beside other tests this machine is slower than a person's


class Saver(threading.Thread):
    """One program that saves one file again and again; sometimes a version stands for a while."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name=name)
        self.path = path
        self.written: set[str] = set()
        self.stood: set[str] = set()
        self.failure: Exception | None = None
        self._chance = random.Random(name)

    def run(self) -> None:
        try:
            for number in range(SAVES):
                self._save(number)
        except Exception as error:
            self.failure = error

    def _save(self, number: int) -> None:
        lines = "".join(f"  line {self._chance.random()}\n" for _ in range(self._chance.randint(1, 40)))
        data = f"id: cus_{self.name}\nversion: {number}\nnotes: |\n{lines}".encode()
        self.written.add(blob_id(data))
        PATTERNS[self.name](self.path, data)
        saved = time.monotonic()
        time.sleep(self._chance.choice((0.1, 0.7, STOOD_SECONDS + 0.05)))
        if time.monotonic() - saved >= STOOD_SECONDS:
            self.stood.add(blob_id(data))


def test_all_at_once_under_load_nothing_that_stood_is_missed_and_nothing_is_torn(tmp_path: Path) -> None:
    files = {f"customers/x/{number:02}-{name}.yaml": f"id: cus_{name}\n" for number, name in enumerate(PATTERNS)}
    marc = World(tmp_path).first("Marc", files=files | FILES)
    savers = [Saver(name, marc.root / path) for name, path in zip(PATTERNS, files, strict=True)]
    before = {blob_id(marc.read(path).encode()) for path in files}
    with watched(marc, Timing()) as seen:
        for saver in savers:
            saver.start()
        for saver in savers:
            saver.join()
        wait_for(lambda: not marc.git("status", "--porcelain"), 20)
    assert seen.failure is None and not any(saver.failure for saver in savers)
    log = marc.git("log", "--format=", "--raw", "--no-abbrev", "--no-renames", "--", "customers/x").splitlines()
    held = {line.split("\t")[1]: set[str]() for line in log}
    for line in log:
        _, _, _, oid, _, path = line.split(maxsplit=5)
        held[path].add(oid)
    assert held.keys() == files.keys(), "a junk file was committed"
    for saver, path in zip(savers, files, strict=True):
        assert held[path] <= saver.written | before, f"{path} is torn, or was removed"
        assert saver.stood <= held[path], f"{len(saver.stood - held[path])} of {len(saver.stood)} missed: {path}"
