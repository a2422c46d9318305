"""Many processes at once in one vault: fv commits, fv syncs, plain git commits, and an editor that saves in a loop.

Law: whatever said that it committed is in history; nobody hangs; who must wait in vain is told who is at work.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest

from tests.faults.scenes import CUSTOMER, FILES, environment
from tests.faults.sweep import CELL
from tests.gitenv import Git
from tests.stride import STRIDE
from tests.world import Desk, World

ROUNDS = {0: 3, 1: 200}.get(STRIDE, 40)  # 200: two thousand commits in all
GIT_TRIES = 200

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(CELL), reason="CELL names a point of another test")]


def fv(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fieldvault", *words],
        cwd=root,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    world = World(tmp_path)
    return world.first("Marc", files=FILES), world.join("Ines")


def commit_by_fv(desk: Desk, path: str, name: str) -> str:
    """Returns the commit's id; "" where a sync has committed the file already."""
    done = fv(desk.root, "commit", "--json", "-m", name, path)
    assert done.returncode == 0, done
    return json.loads(done.stdout).get("commit", "")


def commit_by_git(desk: Desk, path: str, name: str) -> str:
    """As a person would: again, while git says that the index or HEAD is locked or has moved."""
    for _ in range(GIT_TRIES):
        added = desk.git.run("add", path)
        done = desk.git.run("commit", "-m", name, "--", path) if added.returncode == 0 else added
        said = (done.stdout + done.stderr).decode()
        if done.returncode == 0:
            return said[said.index(" ") : said.index("]")].strip()
        if "nothing to commit" in said or "nothing added" in said:
            return ""
        assert "lock" in said, said
        time.sleep(0.02)
    raise AssertionError("git never got its turn")


def sync_by_fv(desk: Desk, path: str, name: str) -> str:
    made = commit_by_fv(desk, path, name)
    done = fv(desk.root, "sync")
    assert done.returncode == 0 or "another fv is at work" in done.stderr, done
    return made


WAYS: list[Callable[[Desk, str, str], str]] = [commit_by_fv, commit_by_git, sync_by_fv, commit_by_fv]


@pytest.mark.parametrize("crowd", [2, 4, 8])
def test_a_crowd_loses_no_commit(desks: tuple[Desk, Desk], crowd: int) -> None:
    marc, _ = desks
    rounds = ROUNDS if crowd < 8 else max(2, ROUNDS // 2)

    def work(number: int) -> list[str]:
        made = []
        for turn in range(rounds):
            name = f"{number}-{turn}"
            path = f"customers/{number}/{name}.yaml"
            marc.write(path, f"id: cus_{name}\nname: {name}\n")
            made.append(WAYS[number % len(WAYS)](marc, path, name))
        return made

    with ThreadPoolExecutor(crowd) as pool:
        made = [oid for commits in pool.map(work, range(crowd)) for oid in commits]
    assert fv(marc.root, "sync").returncode == 0
    history = marc.git("rev-list", "main").split("\n")
    assert [oid for oid in made if not any(one.startswith(oid) for one in history)] == []
    held = marc.git("ls-tree", "-r", "--name-only", "main").split("\n")
    for number, turn in product(range(crowd), range(rounds)):
        assert f"customers/{number}/{number}-{turn}.yaml" in held
    marc.assert_clean()


def test_an_editor_that_saves_in_a_loop_loses_no_version_that_stood(desks: tuple[Desk, Desk]) -> None:
    """One adds tags here, each save on top of what stands in the file; the office adds others, and syncs bring them."""
    marc, ines = desks
    saved: list[str] = []
    stop = threading.Event()

    def edit() -> None:
        """As vim: read, write beside, rename, and do not look what the name holds by then."""
        turn = 0
        while not stop.is_set():
            text = marc.read(CUSTOMER)
            tag = f"marc-{turn}"
            beside = marc.root / CUSTOMER.replace(".yaml", ".swp")
            beside.write_text(text.replace("tags: [", f"tags: [{tag}, "), encoding="utf-8")
            if marc.read(CUSTOMER) == text:  # what an editor can know; the rest is ours to keep
                beside.replace(marc.root / CUSTOMER)
                saved.append(tag)
                turn += 1
            time.sleep(0.02)  # slow enough for the record to stay within its limit of size

    editor = threading.Thread(target=edit)
    editor.start()
    try:
        for turn in range(ROUNDS):
            ines.edit(CUSTOMER, "tags: [", f"tags: [office-{turn}, ")
            assert fv(ines.root, "sync").returncode == 0
            assert fv(marc.root, "sync").returncode == 0
    finally:
        stop.set()
        editor.join()
    assert saved
    assert fv(marc.root, "sync").returncode == 0
    missing = [tag for tag in saved if f"{tag}," not in marc.read(CUSTOMER)]
    assert not missing, (missing, _histories(marc.git, missing))
    assert all(f"office-{turn}," in marc.read(CUSTOMER) for turn in range(ROUNDS))


def _histories(git: Git, tags: list[str]) -> dict[str, str]:
    return {tag: git("log", "--oneline", f"-S{tag},", "--", CUSTOMER) for tag in tags}
