"""What a command loads before its first line: every person waits for it, every time."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.actions.test_sync import CUSTOMER, FILES, RECORD
from tests.world import Desk, World

LOADED = """
import sys
from fieldvault.cli.app import run

assert run(sys.argv[1:]) == 0
print(*sys.modules)
"""
# What takes a millisecond or more, and what a vault in good order asks for in none of the commands below.
RARE = {"dulwich", "urllib3", "ssl", "socket", "jsonschema_rs", "watchdog", "random", "secrets", "shutil"}
RARE |= {"subprocess", "tempfile", "logging", "concurrent", "asyncio", "difflib", "traceback"}
# Of ours: what only a change of the vault, a merge, a talk with the hub or a report for a script needs.
RARE |= {"fieldvault.core.merge", "fieldvault.core.writing"}
RARE |= {"fieldvault.actions.merging.treemerge", "fieldvault.actions.merging.recordmerge"}
RARE |= {"fieldvault.actions.syncing.sync", "fieldvault.edge.git.hubs.hub", "fieldvault.output.machine"}
ONLY_READING = RARE | {"yaml", "decimal", "fieldvault.actions.ground.change", "fieldvault.edge.worktree.replacing"}
ONLY_READING |= {"fieldvault.core.schema", "fieldvault.core.settings", "fieldvault.core.values"}


@pytest.fixture
def marc(world: World) -> Desk:
    """A vault that was looked at before: what was committed a moment ago is read once more, and that loads more."""
    desk = world.first("Marc", files=FILES)
    time.sleep(0.05)
    desk.status()
    return desk


def loaded(desk: Desk, *words: str) -> set[str]:
    """The modules that stand in the process when a command has ended, of packages from elsewhere the package alone."""
    program = [sys.executable, "-c", LOADED, *words]
    done = subprocess.run(program, cwd=desk.root, env=desk.environment, capture_output=True, text=True, check=True)
    names = done.stdout.splitlines()[-1].split()
    return {*names, *(name.partition(".")[0] for name in names)}


def test_status_loads_what_looks_and_nothing_more(marc: Desk) -> None:
    assert loaded(marc, "status") & ONLY_READING == set()


def test_a_commit_loads_what_commits_and_nothing_more(marc: Desk) -> None:
    marc.write(CUSTOMER, f"{RECORD}fax: none\n")
    found = loaded(marc, "commit", CUSTOMER)
    assert found & RARE == set() and {"yaml", "fieldvault.actions.ground.change"} <= found


def test_the_version_is_told_before_anything_is_loaded() -> None:
    program = "import sys; from fieldvault.__main__ import main; main(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program, "--version"], capture_output=True, text=True, check=True)
    version, names = done.stdout.splitlines()
    assert version.startswith("fv ") and not {"click", "fieldvault.cli"} & set(names.split())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device is always full")
def test_what_cannot_be_printed_is_a_failure_and_the_end_adds_nothing_to_it(marc: Desk) -> None:
    command = [sys.executable, "-m", "fieldvault", "status"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, cwd=marc.root, env=marc.environment, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1 and done.stderr.count(b"\n") == 2 and b"no space left" in done.stderr


INTERRUPTED = """
import sys

class Interrupting:
    def find_spec(self, name, *_):
        if name == "fieldvault.cli.app":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
from fieldvault.__main__ import main
main()
"""


def test_whoever_interrupts_while_a_command_loads_sees_no_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, "status"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
