"""Locks between processes: held by a descriptor, named for a person, let go by the kernel."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fieldvault.edge.lock import FileLock
from fieldvault.errors import Busy

HOLDER = """
import sys, time
from pathlib import Path
from fieldvault.edge.lock import FileLock
with FileLock(Path(sys.argv[1]), 0, "commit"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "own" / "vault.lock"


def other_holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_who_waits_in_vain_is_told_who_holds_it(path: Path) -> None:
    with other_holder(path) as process:
        lock = FileLock(path, 0.05, "sync")
        assert lock.named() and not lock.try_acquire()
        with pytest.raises(Busy) as caught:
            lock.acquire()
        assert (caught.value.kind, caught.value.facts["holder"]) == ("vault-busy", f"{process.pid} commit")
        process.terminate()


def test_a_killed_holder_lets_go_and_leaves_its_name(path: Path) -> None:
    with other_holder(path) as process:
        os.kill(process.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        process.wait()
    with FileLock(path, 5) as lock:
        assert lock.inherited
    with FileLock(path, 0) as lock:
        assert not lock.inherited and lock.named()
    assert not lock.named()


def failing(code: int) -> Callable[[int, bytes], int]:
    def write(_: int, __: bytes) -> int:
        raise OSError(code, os.strerror(code))

    return write


def test_a_disk_that_takes_no_name_holds_nobody_up_when_it_is_only_full(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a name nobody would look after what its holder leaves."""
    with monkeypatch.context() as full:
        full.setattr(os, "write", failing(errno.ENOSPC))
        with FileLock(path, 0):
            assert not FileLock(path, 0).try_acquire()
    with monkeypatch.context() as broken:
        broken.setattr(os, "write", failing(errno.EIO))
        with pytest.raises(OSError):
            FileLock(path, 0).acquire()
    assert FileLock(path, 0).try_acquire()


def test_a_holder_that_failed_leaves_its_name_too(path: Path) -> None:
    with pytest.raises(OSError), FileLock(path, 0):
        raise OSError
    with FileLock(path, 0) as lock:
        assert lock.inherited


def test_within_one_process_too_a_lock_is_held_once(path: Path) -> None:
    with FileLock(path, 0):
        assert not FileLock(path, 0).try_acquire()
    assert FileLock(path, 0).try_acquire()
