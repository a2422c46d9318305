"""Each write of ours cut off at each of its system calls: whole before, whole after, nothing left over.

An audit hook fails the n-th call that changes a file, for every n, with a full disk and with Ctrl-C.
"""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fieldvault.edge.durable import TEMPORARY
from fieldvault.edge.git.gitdir.config import GitConfig, break_left_settings_lock
from fieldvault.edge.git.gitdir.locks import GitLock, break_left_locks
from fieldvault.edge.git.gitdir.refs import Refs
from fieldvault.edge.git.gitdir.repository import create_repository
from fieldvault.edge.git.store.batch import LOOSE_LIMIT, Batch
from fieldvault.edge.git.store.objects import Objects
from tests.gitenv import Git

CHANGING = {"os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate"}


class _Saboteur:
    """Hooks cannot be removed: this one stands by until it is told which call to fail."""

    def __init__(self) -> None:
        self.left = 0
        self.failure: BaseException | None = None
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple) -> None:
        if self.failure is None:
            return
        opens_for_writing = event == "open" and isinstance(arguments[2], int) and arguments[2] & 3
        if event in CHANGING or opens_for_writing:
            self.left -= 1
            if self.left < 0:
                failure, self.failure = self.failure, None
                raise failure


@pytest.fixture(scope="module")
def saboteur() -> Iterator[_Saboteur]:
    yield _Saboteur()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    git = Git(tmp_path_factory.mktemp("template")).init()
    git.commit_files({"a": "1"})
    git.commit_files({"a": "2"})
    git("branch", "north/east")
    git("pack-refs", "--all")
    return git.path


def few(vault: Path) -> None:
    with Objects(vault / ".git") as objects:
        objects.write_loose([("blob", b"one"), ("blob", b"two")])


def many(vault: Path) -> None:
    with Objects(vault / ".git") as objects, Batch(objects) as batch:
        for number in range(LOOSE_LIMIT + 1):
            batch.add("blob", f"{number}".encode())
        batch.flush()


def received(vault: Path) -> None:
    git = Git(vault)
    pack = git.raw("pack-objects", "--revs", "--stdout", "-q", stdin=b"HEAD\n")
    with Objects(vault / ".git") as objects, objects.receive_pack() as intake:
        intake.write(pack)
        intake.adopt()


def moved(vault: Path) -> None:
    refs = Refs(vault / ".git", vault / ".git/fieldvault/locks")
    first = Git(vault)("rev-list", "--max-parents=0", "main")
    refs.compare_and_set("refs/heads/main", refs.read("refs/heads/main"), first, who="A <a@b> 1 +0000")
    refs.compare_and_set("refs/fv/1/inbox/x", None, first)


def removed(vault: Path) -> None:
    refs = Refs(vault / ".git", vault / ".git/fieldvault/locks")
    refs.compare_and_set("refs/heads/north/east", refs.read("refs/heads/north/east"), None)


def locked(vault: Path) -> None:
    git_dir = vault / ".git"
    with GitLock(git_dir / "HEAD", git_dir / "fieldvault/locks") as lock:
        lock.acquire(0)
        lock.write([b"ref: refs/heads/north/east\n"])
        lock.commit()


def configured(vault: Path) -> None:
    GitConfig(vault / ".git", {}).set_local("fieldvault", "device", value="abcdefghij")


def created(vault: Path) -> None:
    create_repository(vault / "new")


ACTIONS = [few, many, received, moved, removed, locked, configured, created]
FAILURES = {"full": lambda: OSError(errno.ENOSPC, "No space left on device"), "interrupted": KeyboardInterrupt}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)
def test_a_write_that_is_cut_off(
    tmp_path: Path, template: Path, saboteur: _Saboteur, action: Callable[[Path], None], failure: str
) -> None:
    for point in range(100):
        vault = tmp_path / str(point)
        shutil.copytree(template, vault)
        planned = FAILURES[failure]()
        saboteur.left, saboteur.failure = point, planned
        try:
            action(vault)
        except BaseException as error:
            if error is not planned:
                raise
        through = saboteur.failure is not None
        saboteur.failure = None
        left = [path for path in (vault / ".git").rglob("*") if path.name.startswith(("tmp_", TEMPORARY))]
        assert len(left) <= 1, "at most the file whose removal was what failed"
        break_left_locks(vault / ".git/fieldvault/locks")
        break_left_settings_lock(vault / ".git")
        assert [path for path in (vault / ".git").rglob("*.lock") if path.parent.name != "fieldvault"] == []
        Git(vault).assert_sound()
        action(vault)
        Git(vault).assert_sound()
        if through:
            break
    assert 2 <= point < 99


FULL_DISK = """
import random, resource, sys
from pathlib import Path
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.objects import Objects

action, vault = sys.argv[1], Path(sys.argv[2])
noise = [random.Random(number).randbytes(3_000) for number in range(30)]
resource.setrlimit(resource.RLIMIT_FSIZE, (15_000, 15_000))
with Objects(vault / ".git") as objects:
    if action == "loose":
        objects.write("blob", b"".join(noise))
    elif action == "batch":
        with Batch(objects) as batch:
            for content in noise:
                batch.add("blob", content)
            batch.flush()
    else:
        with objects.receive_pack() as intake:
            for content in noise:
                intake.write(content)
            intake.adopt()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
@pytest.mark.parametrize("action", ["loose", "batch", "received"])
def test_a_disk_that_is_full_in_the_middle_of_a_file(tmp_path: Path, template: Path, action: str) -> None:
    vault = tmp_path / "vault"
    shutil.copytree(template, vault)
    before = sorted(path for path in vault.rglob("*") if path.is_file())
    done = subprocess.run([sys.executable, "-c", FULL_DISK, action, str(vault)], capture_output=True, text=True)
    assert "OSError: [Errno 27]" in done.stderr.splitlines()[-1]
    assert sorted(path for path in vault.rglob("*") if path.is_file()) == before
    Git(vault).assert_sound()
