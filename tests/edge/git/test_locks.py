"""git's locks, held by us and left behind by a killed process."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fieldvault.edge.git.gitdir.locks import GitLock, break_left_locks
from fieldvault.errors import Busy
from tests.gitenv import Git


@pytest.fixture
def git(tmp_path: Path) -> Git:
    git = Git(tmp_path).init()
    git.commit_files({"a": "1"})
    return git


@pytest.fixture
def workdir(git: Git) -> Path:
    return git.path / ".git" / "fieldvault" / "locks"


def test_while_the_lock_is_held_git_refuses(git: Git, workdir: Path) -> None:
    index = git.path / ".git" / "index"
    before = index.read_bytes()
    with GitLock(index, workdir) as lock:
        lock.acquire(0)
        (git.path / "b").touch()
        assert git.run("add", "b").returncode != 0
        with pytest.raises(Busy) as caught:
            GitLock(index).acquire(0.01)
        assert (caught.value.kind, caught.value.facts) == ("git-busy", {"path": str(index) + ".lock"})
    git("add", "b")
    assert index.read_bytes() != before and list(workdir.iterdir()) == []


def test_what_was_written_becomes_the_file(git: Git, workdir: Path) -> None:
    main = git.path / ".git" / "refs" / "heads" / "main"
    tip = git("commit-tree", "-m", "x", "HEAD^{tree}")
    with GitLock(main, workdir) as lock:
        lock.acquire(0)
        lock.write([f"{tip}\n".encode()])
        assert git("rev-parse", "main") != tip
        lock.commit()
    assert git("rev-parse", "main") == tip
    assert main.stat().st_mode & 0o777 == 0o644 and main.stat().st_nlink == 1
    assert not lock.path.exists()


def test_a_lock_given_up_leaves_the_file_and_nothing_else(git: Git, workdir: Path) -> None:
    head = git.path / ".git" / "HEAD"
    with pytest.raises(KeyboardInterrupt), GitLock(head, workdir) as lock:
        lock.acquire(0)
        lock.write([b"ref: refs/heads/other\n"])
        raise KeyboardInterrupt
    assert head.read_text() == "ref: refs/heads/main\n"
    assert not lock.path.exists() and list(workdir.iterdir()) == []


def test_we_wait_for_git_and_never_take_its_lock(git: Git, workdir: Path) -> None:
    lock_file = git.path / ".git" / "index.lock"
    lock_file.touch()
    with GitLock(git.path / ".git" / "index", workdir) as lock, pytest.raises(Busy):
        lock.acquire(0.05)
    assert lock_file.exists()
    assert break_left_locks(workdir) == [] and lock_file.exists()


def killed_while_holding(git: Git, workdir: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from fieldvault.edge.git.gitdir.locks import GitLock\n"
        "lock = GitLock(Path(sys.argv[1]), Path(sys.argv[2])); lock.acquire(0); lock.write([b'half'])\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(git.path / ".git/refs/heads/main"), str(workdir)])
    assert done.returncode == -9
    assert (git.path / ".git/refs/heads/main.lock").exists()


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_killed_processs_lock_is_taken_over_or_broken(git: Git, workdir: Path) -> None:
    main = git.path / ".git" / "refs" / "heads" / "main"
    killed_while_holding(git, workdir)
    assert git.run("update-ref", "refs/heads/main", "HEAD~0", "0" * 40).returncode != 0
    with GitLock(main, workdir) as lock:
        lock.acquire(0)
    assert not lock.path.exists()
    killed_while_holding(git, workdir)
    assert break_left_locks(workdir) == [lock.path]
    assert not lock.path.exists() and list(workdir.iterdir()) == []
    git.assert_sound()


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_lock_that_git_took_since_is_not_ours(git: Git, workdir: Path) -> None:
    killed_while_holding(git, workdir)
    lock_file = git.path / ".git/refs/heads/main.lock"
    lock_file.unlink()
    lock_file.touch()
    assert break_left_locks(workdir) == [] and lock_file.exists()
    assert list(workdir.iterdir()) == []


def test_without_hard_links_a_plain_lock_is_taken(git: Git, workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    target = git.path / ".git" / "x"
    with GitLock(target, workdir) as lock:
        lock.acquire(0)
        with pytest.raises(Busy):
            GitLock(target).acquire(0)
        lock.write([b"x"])
        lock.commit()
    assert target.read_bytes() == b"x" and list(workdir.iterdir()) == []
