"""What a watched folder tells: the same facts from each way of watching."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fieldvault.edge.fswatch import GONE, LOST, NEW, TOUCHED, FileEvent
from fieldvault.edge.fswatch.inotify import InotifyWatch
from fieldvault.edge.fswatch.portable import PortableWatch
from fieldvault.errors import FieldvaultError

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify is Linux's")


class Told:
    """The events of one watched folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.events: list[FileEvent] = []

    def wait(self, path: str, kind: str = TOUCHED) -> None:
        end = time.monotonic() + 5
        while FileEvent(path, kind) not in self.events:  # type: ignore[arg-type]
            assert time.monotonic() < end, f"{path} {kind} is not among {self.events}"
            time.sleep(0.01)

    def paths(self) -> set[str]:
        return {event.path for event in self.events}


def skip(path: str, is_folder: bool) -> bool:
    return path.rpartition("/")[2] in (".git", "skipped")


@pytest.fixture(params=[pytest.param(InotifyWatch, marks=linux), PortableWatch], ids=["inotify", "portable"])
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Told]:
    root = tmp_path.resolve() / "vault"
    for folder in (".git/objects", "customers/8q", "skipped"):
        (root / folder).mkdir(parents=True)
    (root / "customers/8q/a.yaml").write_text("a: 1\n")
    seen = Told(root)
    make: Callable[..., InotifyWatch | PortableWatch] = request.param
    watch = make(root, seen.events.append, skip)
    try:
        yield seen
    finally:
        watch.close()


def test_a_save_in_place_and_one_by_renaming(told: Told) -> None:
    (told.root / "customers/8q/a.yaml").write_text("a: 2\n")
    told.wait("customers/8q/a.yaml")
    told.events.clear()
    (told.root / "customers/8q/b").write_text("a: 3\n")
    (told.root / "customers/8q/b").replace(told.root / "customers/8q/a.yaml")
    told.wait("customers/8q/a.yaml")


def test_a_removal(told: Told) -> None:
    (told.root / "customers/8q/a.yaml").unlink()
    told.wait("customers/8q/a.yaml", GONE)


def test_a_new_folder_is_told_file_by_file_and_watched(told: Told) -> None:
    (told.root / "new/deep").mkdir(parents=True)
    (told.root / "new/deep/b.yaml").write_text("b: 1\n")
    told.wait("new/deep/b.yaml", NEW)
    told.events.clear()
    (told.root / "new/deep/c.yaml").write_text("c: 1\n")
    told.wait("new/deep/c.yaml", NEW)


def test_a_folder_that_is_moved_tells_both_places_and_right_ones_afterwards(told: Told) -> None:
    (told.root / "customers").rename(told.root / "clients")
    told.wait("clients/8q/a.yaml", NEW)
    told.wait("customers", GONE)
    (told.root / "last").write_text("x")
    told.wait("last")  # and with it all that the move had to tell
    told.events.clear()
    (told.root / "clients/8q/a.yaml").write_text("a: 2\n")
    told.wait("clients/8q/a.yaml")
    assert not any(path.startswith("customers") for path in told.paths())


def test_what_is_skipped_is_not_told(told: Told) -> None:
    (told.root / ".git/objects/x").write_text("x")
    (told.root / "skipped/x").write_text("x")
    (told.root / "last").write_text("x")
    told.wait("last")
    assert told.paths() <= {"last"}


def test_nothing_is_told_after_it_was_closed(tmp_path: Path) -> None:
    for make in (PortableWatch, *((InotifyWatch,) if sys.platform.startswith("linux") else ())):
        events: list[FileEvent] = []
        make(tmp_path, events.append, skip).close()
        (tmp_path / make.__name__).write_text("x")
        time.sleep(0.1)
        assert events == []


@linux
def test_an_overflow_is_told_and_new_folders_are_watched_after_it(tmp_path: Path) -> None:
    events: list[FileEvent] = []
    watch = InotifyWatch(tmp_path, events.append, skip)
    try:
        watch._happened(-1, 0x4000, "")  # IN_Q_OVERFLOW, as the kernel reports it
        assert events == [FileEvent("", LOST)]
    finally:
        watch.close()


@linux
def test_the_limit_of_watches_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's limit is the machine's: here the call fails as it does there."""
    import ctypes
    import errno

    class Full:
        inotify_init1 = staticmethod(ctypes.CDLL(None).inotify_init1)

        @staticmethod
        def inotify_add_watch(*_: object) -> int:
            ctypes.set_errno(errno.ENOSPC)
            return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Full)
    with pytest.raises(FieldvaultError) as caught:
        InotifyWatch(tmp_path, lambda event: None, skip)
    assert caught.value.kind == "watch-limit"
