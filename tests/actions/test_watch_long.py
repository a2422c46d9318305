"""The watcher over hours, and beside a `git commit` whose editor stays open.

`FV_HOURS=2` for two hours of random edits, network flaps and restarts, in a clock that runs sixty times as fast;
`FV_EDITOR_SECONDS=60` for an editor that is open for a minute.
"""

from __future__ import annotations

import os
import queue
import random
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from fieldvault.actions.watching import watch
from fieldvault.actions.watching.watch import NORMAL
from tests.actions.test_sync import CUSTOMER, FILES
from tests.actions.watching import wait_for, watched
from tests.world import Desk, World

HOURS = float(os.environ.get("FV_HOURS") or 0.15)
EDITOR_SECONDS = float(os.environ.get("FV_EDITOR_SECONDS") or 3)
FASTER = 60

pytestmark = pytest.mark.slow


class FastQueue(queue.SimpleQueue):  # type: ignore[type-arg]
    def get(self, block: bool = True, timeout: float | None = None) -> object:
        return super().get(block, None if timeout is None else timeout / FASTER)


def test_hours_of_edits_network_flaps_and_restarts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "time", SimpleNamespace(monotonic=lambda: time.monotonic() * FASTER))
    monkeypatch.setattr(watch, "queue", SimpleNamespace(SimpleQueue=FastQueue, Empty=queue.Empty))
    chance = random.Random(HOURS)
    marc = world.first("Marc", files=FILES)
    ines = world.join("Ines")
    away = world.hub.with_name("away")
    saved: dict[str, list[str]] = {}
    end = time.monotonic() + HOURS * 3600 / FASTER
    number = 0
    while time.monotonic() < end:
        with watched(marc, NORMAL) as seen:
            for _ in range(chance.randint(3, 12)):
                number += 1
                path = f"customers/{chance.randrange(4)}/{chance.randrange(3)}.yaml"
                marc.write(path, text := f"id: cus_{path}\nversion: {number}\n")
                saved.setdefault(path, []).append(text)
                if chance.random() < 0.3:
                    _flap(world.hub, away)
                if world.hub.exists() and chance.random() < 0.3:
                    ines.write(f"ines/{number}.yaml", f"id: ine_{number}\n")
                    ines.sync()
                time.sleep(chance.uniform(0, 1))
        assert seen.failure is None
    if away.exists():
        away.rename(world.hub)
    with watched(marc, NORMAL) as seen:
        wait_for(lambda: not marc.git("status", "--porcelain"))
        wait_for(lambda: world.hub_git("rev-parse", "main") == marc.head())
    ines.sync()
    assert ines.files() == marc.files()
    for path, texts in saved.items():
        assert marc.read(path) == texts[-1]
    assert not marc.conflict_files()
    marc.assert_clean()


def _flap(hub: Path, away: Path) -> None:
    """The hub goes, or comes back."""
    if hub.exists():
        hub.rename(away)
    else:
        away.rename(hub)


@pytest.fixture
def marc(world: World) -> Desk:
    return world.first("Marc", files=FILES)


@pytest.mark.skipif(os.name == "nt", reason="runs a shell script")
def test_beside_a_git_commit_whose_editor_is_open(world: World, marc: Desk) -> None:
    marc.edit(CUSTOMER, "samples: 10", "samples: 11")
    head = marc.head()
    command = f"sleep {EDITOR_SECONDS}; echo by git >"
    git = subprocess.Popen(
        ["git", "commit", "-q", "-a"], cwd=marc.root, env=os.environ | marc.environment | {"GIT_EDITOR": command}
    )
    try:
        wait_for(lambda: (marc.root / ".git/COMMIT_EDITMSG").exists())  # git has read the files
        with watched(marc) as seen:
            marc.edit(CUSTOMER, "samples: 11", "samples: 12")
            marc.write("note.yaml", "id: not_1\n")
            while git.poll() is None:
                assert marc.head() == head or "by git" in marc.git("log", "--format=%s")
                time.sleep(0.2)
            assert git.returncode == 0
            wait_for(lambda: world.hub_git("rev-parse", "main") == marc.head() and not marc.status().edits, 20)
    finally:
        git.kill()
    assert seen.failure is None
    assert "samples: 12" in marc.git("show", f"HEAD:{CUSTOMER}") and "note.yaml" in marc.git("ls-files")
    by_git = marc.git("log", "--format=%H", "--grep=by git")
    assert "samples: 11" in marc.git("show", f"{by_git}:{CUSTOMER}")
    marc.assert_clean()
