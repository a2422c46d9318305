"""However many commits: few files in the object folders of the vault and of its hub."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fieldvault.edge.git.store.upkeep import LOOSE_MAX, PACKS_MAX
from tests.gitenv import Git
from tests.world import Desk, World

RECORD = "customers/8q/lefevre~cus_4k7m2x9d8q.yaml"
FILES: dict[str, str | bytes] = {
    "fieldvault.yaml": "format: 1\nrecords:\n  customer: {folder: customers, schema: schemas/customer.yaml}\n",
    "schemas/customer.yaml": "type: object\n",
    RECORD: "id: cus_4k7m2x9d8q\nvisits: 0\n",
}


def counts(git_dir: Path) -> tuple[int, int]:
    """Loose objects and packs."""
    return len(list(git_dir.glob("objects/??/*"))), len(list(git_dir.glob("objects/pack/*.pack")))


def work(desk: Desk, turns: range, synced: int) -> None:
    for turn in turns:
        desk.write(RECORD, f"id: cus_4k7m2x9d8q\nvisits: {turn}\n")
        desk.commit()
        if turn % synced == synced - 1:
            desk.sync()


@pytest.mark.slow
def test_many_commits_leave_few_files(world: World) -> None:
    marc = world.first("Marc", files=FILES)
    work(marc, range(1, 480), 24)
    hub = world.hub
    for git_dir in (marc.root / ".git", hub):
        loose, packs = counts(git_dir)
        assert loose < LOOSE_MAX * 5 // 4 and 0 < packs <= PACKS_MAX
    assert Git(hub).run("fsck", "--strict", "--no-dangling").stderr == b""
    marc.assert_clean()
    assert world.join("Ines").files() == marc.files()


def upkeep_is_killed(git: Git, git_dir: Path) -> None:
    """With everything written and nothing in place."""
    stream = "".join(f"blob\ndata 4\n{number:04}\n" for number in range(LOOSE_MAX * 3 // 2))
    git("-c", "fastimport.unpackLimit=1000000", "fast-import", "--quiet", stdin=stream)
    killed = """
import os, signal, sys
from pathlib import Path
from fieldvault.edge.git.store import upkeep
from fieldvault.edge.git.store.objects import Objects
upkeep.PackWriter.finish = lambda self: os.kill(os.getpid(), signal.SIGKILL)
upkeep.keep_tidy(Objects(Path(sys.argv[1])))
"""
    if not hasattr(signal, "SIGKILL"):
        pytest.skip("no SIGKILL here")
    done = subprocess.run(
        [sys.executable, "-c", killed, str(git_dir)], env=os.environ | {"PYTHONPATH": str(Path.cwd())}
    )
    assert done.returncode == -signal.SIGKILL
    assert list(git_dir.glob("objects/pack/tmp_*"))


def test_one_that_was_killed_is_mended_by_the_next_command(world: World) -> None:
    marc = world.first("Marc", files=FILES)
    git_dir = marc.root / ".git"
    upkeep_is_killed(marc.git, git_dir)
    marc.status()
    assert not list(git_dir.glob("objects/pack/tmp_*"))
    marc.write(RECORD, "id: cus_4k7m2x9d8q\nvisits: 1\n")
    marc.commit()
    assert counts(git_dir)[0] == 0
    marc.assert_clean()


def test_one_that_was_killed_in_the_hub_is_mended_by_whoever_comes_next(world: World) -> None:
    """Also where there is nothing to publish."""
    marc = world.first("Marc", files=FILES)
    upkeep_is_killed(world.hub_git, world.hub)
    marc.sync()
    assert not list(world.hub.glob("objects/pack/tmp_*"))
