"""A vault that may only be looked at: on a disk that is mounted so, or in a folder where writing is denied."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fieldvault.edge.git.store.batch import LOOSE_LIMIT
from tests.actions.test_sync import CUSTOMER, FILES
from tests.gitenv import pinned_environment
from tests.world import Desk, World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="folders know no rights to write there")

LOOKS = ("status", "status --json", "show Lefèvre", "diff", "log", f"log {CUSTOMER}", "conflicts", "check")
LOOK = """
import contextlib, io, json, sys
from fieldvault.cli.app import run

told = []
for line in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()) as output, contextlib.redirect_stderr(output):
        code = run(line.split())
    told.append([line, code, output.getvalue()])
print(json.dumps(told))
"""
UNDER_MOUNT = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


def told(root: Path, *lines: str, by: list[str] | None = None) -> list[tuple[str, int, str]]:
    """What these commands say, run one after the other in one process."""
    words = [*(by or []), sys.executable, "-c", LOOK, *lines]
    done = subprocess.run(words, cwd=root, env=pinned_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [(line, code, text) for line, code, text in json.loads(done.stdout)]


def standing(root: Path) -> dict[str, tuple[object, ...]]:
    return {str(path): (path.lstat().st_ctime_ns, path.is_file() and path.read_bytes()) for path in root.rglob("*")}


@contextmanager
def unwritable(root: Path) -> Iterator[list[str]]:
    """No right to write in any folder; yields how to run what is to have no more rights than the owner."""
    owner = [] if os.geteuid() else ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    if owner and (not shutil.which("setpriv") or subprocess.run([*owner, "true"], capture_output=True).returncode):
        pytest.skip("nothing is denied to root")
    folders = [path for path in (root, *root.rglob("*")) if path.is_dir()]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in folders}
    for path in folders:
        path.chmod(modes[path] & ~0o222)
    try:
        yield owner
    finally:
        for path in folders:
            path.chmod(modes[path])


@pytest.fixture
def desk(world: World) -> Desk:
    """With a conflict that waits, an edit, more new files than a change keeps in memory, and one that is gone."""
    marc, ines = world.first("Marc", files={**FILES, "gone.yaml": "a: 1\n"}), world.join("Ines")
    for desk, number in ((marc, "+33261910111"), (ines, "+33261910199")):
        desk.edit(CUSTOMER, "+33261910100", number)
    world.settle(marc, ines)
    marc.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: Boulangerie Lefèvre SARL")
    for number in range(LOOSE_LIMIT + 5):
        marc.write(f"customers/new{number}.yaml", f"name: New {number}\n")
    marc.remove("gone.yaml")
    return marc


def as_it_is(own: Path) -> None:
    """What a vault's own folder usually looks like."""


def unfinished(own: Path) -> None:
    """The last writer of the cache was killed."""
    with sqlite3.connect(own / "index.sqlite") as cache:
        cache.execute("INSERT OR REPLACE INTO meta VALUES ('some', 'thing')")
    left = {path: path.read_bytes() for path in own.glob("index.sqlite*")}
    cache.close()
    for path, data in left.items():
        path.write_bytes(data)
    assert (own / "index.sqlite-wal").stat().st_size


def killed(own: Path) -> None:
    (own / "vault.lock").write_text("1 commit\n")
    (own / "staged").mkdir(exist_ok=True)
    (own / "staged" / "0").write_text("a version on its way")


def damaged(own: Path) -> None:
    (own / "index.sqlite").write_bytes(b"no database" * 1000)


def of_another_version(own: Path) -> None:
    cache = sqlite3.connect(own / "index.sqlite")
    cache.execute("PRAGMA user_version=1")
    cache.close()


@pytest.mark.parametrize("left", [as_it_is, unfinished, killed, damaged, of_another_version, shutil.rmtree])
def test_it_is_shown_where_nothing_may_be_written(desk: Desk, left: Callable[[Path], None]) -> None:
    left(desk.root / ".git" / "fieldvault")
    with unwritable(desk.root) as by:
        before = standing(desk.root)
        looked = told(desk.root, *LOOKS, by=by)
        assert standing(desk.root) == before
    assert {code for _, code, _ in looked} == {0}
    assert looked == told(desk.root, *LOOKS)


@pytest.mark.parametrize("line", ["commit --json", "sync --json", "set Lefèvre name=X --json", "undo --json"])
def test_nothing_is_changed_there(desk: Desk, line: str) -> None:
    with unwritable(desk.root) as by:
        before = standing(desk.root)
        ((_, code, answer),) = told(desk.root, line, by=by)
        assert standing(desk.root) == before
    assert code == 1
    assert '"kind": "denied"' in answer


def test_it_is_shown_on_a_disk_that_is_mounted_so(desk: Desk) -> None:
    by = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else []), "sh", "-c", UNDER_MOUNT, str(desk.root)]
    if not shutil.which("unshare") or subprocess.run([*by, "true"], capture_output=True).returncode:
        pytest.skip("no mounts of one's own here")
    before = standing(desk.root)
    looked = told(desk.root, *LOOKS, by=by)
    assert standing(desk.root) == before
    assert looked == told(desk.root, *LOOKS)
