"""A watcher's word against the truth: what it vouches for is so, whatever is done, and whatever goes wrong with it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fieldvault.actions.committing.survey import Survey, survey
from fieldvault.actions.committing.word import PATHS_MAX, WAIT_SECONDS, may_differ
from fieldvault.actions.watching.telling import POLLING
from fieldvault.actions.watching.watch import Timing
from fieldvault.core.settle import Settler
from fieldvault.edge import fswatch
from fieldvault.edge.fswatch.inotify import InotifyWatch
from fieldvault.errors import FieldvaultError
from tests.actions.test_sync import CUSTOMER, FILES
from tests.actions.watching import wait_for, watched
from tests.world import Desk, World, fv

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only inotify's events allow a word")

ONLY_ITS_WORD = Timing(settler=lambda: Settler(600, 600, 600), sweep=600.0)
STEPS = int(os.environ.get("FV_WORD_STEPS") or 60)


@pytest.fixture
def marc(world: World) -> Desk:
    desk = world.first("Marc", files=FILES)
    desk.git("remote", "remove", "origin")
    return desk


def by_word(desk: Desk) -> set[str] | None:
    with desk.vault() as vault:
        return may_differ(vault, vault.head_tree())


def looked(desk: Desk, paths: tuple[str, ...]) -> tuple[object, ...]:
    """What a survey finds, as something to compare."""
    with desk.vault() as vault:
        seen: Survey = survey(vault, paths)
    edits = [(edit.change, edit.read and edit.read.data) for edit in seen.edits]
    return edits, seen.behind, seen.problems, seen.head


def assert_true(desk: Desk) -> None:
    assert looked(desk, ()) == looked(desk, ("",))


def test_only_what_something_happened_to_is_doubted(marc: Desk) -> None:
    marc.edit(CUSTOMER, "samples: 10", "samples: 11")
    with watched(marc, ONLY_ITS_WORD):
        wait_for(lambda: by_word(marc) == {CUSTOMER})
        marc.write("customers/new/a.yaml", "name: A\n")
        assert by_word(marc) == {CUSTOMER, "customers/new", "customers/new/a.yaml"}
        assert_true(marc)
        marc.git("commit", "-qam", "by git")
        assert by_word(marc) == {CUSTOMER, "customers/new", "customers/new/a.yaml"}
        marc.git("reset", "-q", "--hard", "HEAD~1")
        assert_true(marc)
    assert by_word(marc) is None and not (marc.root / ".git/fieldvault/questions").exists()


class Hand:
    """A person who does anything at all in the folder."""

    def __init__(self, desk: Desk, chance: random.Random) -> None:
        self.desk = desk
        self.chance = chance
        self.number = 0

    def act(self) -> None:
        acts = [self.write, self.write, self.edit, self.edit, self.rename, self.remove, self.move_folder, self.git]
        acts += [self.rules, self.repository, self.permissions, self.remove_folder, self.link]
        self.number += 1
        self.chance.choice(acts)()

    def files(self) -> list[Path]:
        found = sorted(path for path in self.desk.root.rglob("*") if ".git" not in path.parts)
        return [path for path in found if path.is_file() and path.name != "fieldvault.yaml"]

    def folders(self) -> list[Path]:
        found = sorted(path for path in self.desk.root.rglob("*") if ".git" not in path.parts)
        return [path for path in found if path.is_dir()]

    def file(self) -> Path:
        if not self.files():
            self.write()
        return self.chance.choice(self.files())

    def folder(self) -> Path:
        return self.chance.choice([self.desk.root, *self.folders()])

    def write(self) -> None:
        suffix = self.chance.choice(["yaml", "yaml", "txt", "log", "swp"])
        name = self.chance.choice([f"f{self.number}.{suffix}", f"deep{self.number}/x/f.{suffix}"])
        path = self.folder() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"name: N{self.number}\n")

    def edit(self) -> None:
        path = self.file()
        if self.chance.random() < 0.5:
            path.write_text(f"name: E{self.number}\n")
        else:
            path.with_name("4913").write_text(f"name: R{self.number}\n")
            path.with_name("4913").replace(path)

    def rename(self) -> None:
        self.file().rename(self.folder() / f"r{self.number}.yaml")

    def remove(self) -> None:
        self.file().unlink()

    def move_folder(self) -> None:
        if self.folders():
            source = self.chance.choice(self.folders())
            targets = [one for one in (self.desk.root, *self.folders()) if not one.is_relative_to(source)]
            source.rename(self.chance.choice(targets) / f"moved{self.number}{self.chance.choice(['', '.tmp'])}")

    def remove_folder(self) -> None:
        if self.chance.random() < 0.3 and self.folders():
            shutil.rmtree(self.chance.choice(self.folders()))
            self.desk.write("customers/8q/again.yaml", "name: again\n")

    def git(self) -> None:
        words = self.chance.choice(
            [
                ("add", "-A", *self.chance.choice([(), ("-f",)])),
                ("commit", "-q", "--allow-empty", "-am", f"c{self.number}"),
                ("reset", "-q", "--hard"),
                ("reset", "-q", "HEAD~1"),
                ("checkout", "-q", "HEAD", "--", "."),
                ("clean", "-qfd"),
            ]
        )
        self.desk.git.run(*words)

    def rules(self) -> None:
        rules = self.chance.choice(["*.log\n", "moved*/\n", "deep*\n", ""])
        place = self.chance.choice([self.desk.root / ".gitignore", self.folder() / ".gitignore"])
        place = self.chance.choice([place, self.desk.root / ".git/info/exclude"])
        place.write_text(rules)

    def repository(self) -> None:
        nested = sorted(path for path in self.desk.root.rglob(".git") if path.parent != self.desk.root)
        if nested:
            shutil.rmtree(self.chance.choice(nested))
        elif self.folders():
            (self.chance.choice(self.folders()) / ".git").mkdir()

    def permissions(self) -> None:
        self.file().chmod(self.chance.choice([0o644, 0o755]))

    def link(self) -> None:
        (self.folder() / f"l{self.number}").symlink_to("nowhere")


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_done_the_word_is_true(marc: Desk, seed: int) -> None:
    hand = Hand(marc, random.Random(seed))
    words = 0
    with watched(marc, ONLY_ITS_WORD) as seen:
        for _ in range(STEPS):
            for _ in range(hand.chance.randint(1, 4)):
                hand.act()
            words += by_word(marc) is not None
            assert_true(marc)
    assert seen.failure is None and words > STEPS / 20  # a busy machine loses the word more often


@pytest.mark.parametrize("seed", range(2))
def test_with_events_dropped_at_random_the_word_is_true(marc: Desk, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the kernel drops them: those of a moment, and it says so."""
    chance = random.Random(seed)
    read: Callable[[InotifyWatch], None] = InotifyWatch._read
    dropped = 0

    def drop(watch: InotifyWatch) -> None:
        nonlocal dropped
        if chance.random() < 0.3:
            dropped += 1
            os.read(watch._fd, 64 * 1024)
            watch._happened(-1, 0x4000, "")
        else:
            read(watch)

    monkeypatch.setattr(InotifyWatch, "_read", drop)
    hand = Hand(marc, chance)
    with watched(marc, ONLY_ITS_WORD) as seen:
        for _ in range(STEPS // 2):
            hand.act()
            assert_true(marc)
    assert seen.failure is None and dropped > STEPS / 20


def test_too_much_happened_and_everything_is_looked_at(marc: Desk) -> None:
    with watched(marc, ONLY_ITS_WORD):
        wait_for(lambda: by_word(marc) == set())
        for number in range(PATHS_MAX + 100):
            marc.write(f"customers/n/{number}.yaml", f"name: N{number}\n")
        assert_true(marc)
        marc.git("add", "-A")
        marc.git("commit", "-qm", "many")
        marc.write("customers/n/one more.yaml", "name: N\n")
        assert_true(marc)


def test_on_a_drive_that_others_write_to_it_gives_no_word(marc: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fswatch, "tells_all", lambda root: False)
    with watched(marc, ONLY_ITS_WORD):
        assert by_word(marc) is None
        marc.edit(CUSTOMER, "samples: 10", "samples: 11")
        assert_true(marc)


def test_where_the_system_watches_no_more_folders_it_is_not_asked(marc: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise FieldvaultError("watch-limit", path=str(marc.root))

    monkeypatch.setattr(InotifyWatch, "_add_watch", full)
    with watched(marc, ONLY_ITS_WORD) as seen:
        wait_for(lambda: POLLING in seen.kinds())
        assert not (marc.root / ".git/fieldvault/questions").exists()
        marc.edit(CUSTOMER, "samples: 10", "samples: 11")
        assert by_word(marc) is None
        assert_true(marc)


@pytest.fixture
def process(marc: Desk) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "fieldvault", "watch"], cwd=marc.root, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout and "Watching" in process.stdout.readline()
    wait_for(lambda: by_word(marc) == set())
    return process


@pytest.mark.slow
def test_a_watcher_that_is_frozen_keeps_nobody_waiting(marc: Desk, process: subprocess.Popen[str]) -> None:
    try:
        process.send_signal(signal.SIGSTOP)
        marc.edit(CUSTOMER, "samples: 10", "samples: 11")
        started = time.monotonic()
        assert by_word(marc) is None
        assert time.monotonic() - started < WAIT_SECONDS + 1
        assert "1 change" in fv("status", cwd=marc.root).stdout
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_a_watcher_that_was_killed_is_not_asked_and_the_next_one_is(marc: Desk, process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
    questions = marc.root / ".git/fieldvault/questions"
    (questions / "left").touch()
    marc.edit(CUSTOMER, "samples: 10", "samples: 11")
    assert by_word(marc) is None and "1 change" in fv("status", cwd=marc.root).stdout
    with watched(marc, ONLY_ITS_WORD):
        wait_for(lambda: by_word(marc) == {CUSTOMER})
        assert not list(questions.iterdir())
