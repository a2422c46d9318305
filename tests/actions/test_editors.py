"""Real editors driven in tmux, and the recorded save patterns of graphical ones, under a watcher.

Every version that stood long enough is in history, whole, and nothing else is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.actions.test_sync import CUSTOMER, FILES
from tests.actions.watching import wait_for, watched
from tests.gitenv import pinned_environment
from tests.world import Desk, World

Save = Callable[[Path, bytes], None]


@pytest.fixture
def marc(tmp_path: Path) -> Desk:
    desk = World(tmp_path).first("Marc", files=FILES)
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


def _in_place(path: Path, data: bytes) -> None:
    """VS Code, Notepad++: truncate and write."""
    path.write_bytes(data)


def _in_pieces(path: Path, data: bytes) -> None:
    """A slow disk: truncated, and written in pieces."""
    with path.open("wb") as file:
        for start in range(0, len(data), 64):
            file.write(data[start : start + 64])
            file.flush()
            time.sleep(0.02)


def _gedit(path: Path, data: bytes) -> None:
    """GNOME: a new file beside, a backup, a rename."""
    beside = path.with_name(".goutputstream-ABC123")
    beside.write_bytes(data)
    path.replace(path.with_name(path.name + "~"))
    beside.replace(path)


def _libre_office(path: Path, data: bytes) -> None:
    """A lock file, a temporary one, and a rename over the document."""
    lock, beside = path.with_name(f".~lock.{path.name}#"), path.with_name("lu1234abcd.tmp")
    lock.write_bytes(b",marc,laptop;")
    beside.write_bytes(data)
    beside.replace(path)
    lock.unlink()


def _office(path: Path, data: bytes) -> None:
    """Word: an owner file, a temporary one, the old one renamed away, the new one in its place, the old one removed."""
    owner, beside, old = (
        path.with_name("~$" + path.name[2:]),
        path.with_name("~WRD0000.tmp"),
        path.with_name("~WRL0001.tmp"),
    )
    owner.write_bytes(b"Marc")
    beside.write_bytes(data)
    path.replace(old)
    time.sleep(0.1)
    beside.replace(path)
    old.unlink()
    owner.unlink()


def _delete_and_create(path: Path, data: bytes) -> None:
    path.unlink()
    time.sleep(0.25)
    path.write_bytes(data)


PATTERNS: dict[str, Save] = {
    "in-place": _in_place,
    "in-pieces": _in_pieces,
    "gedit": _gedit,
    "libre-office": _libre_office,
    "office": _office,
    "delete-and-create": _delete_and_create,
}


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("path", [CUSTOMER, "brochure.pdf"])
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
