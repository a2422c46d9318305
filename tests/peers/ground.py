"""What every peer needs: programs, free ports, short folders, and an environment that is nobody's."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest


def program(name: str) -> str:
    """The program's path, looked for where servers are installed as well; skips the test when it is missing."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def git_program(name: str) -> str:
    """A program of git's own folder, such as git-http-backend."""
    folder = subprocess.run([program("git"), "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    if not Path(folder, name).exists():
        pytest.skip(f"{name} is not installed")
    return str(Path(folder, name))


def server_environment(**extra: str) -> dict[str, str]:
    """What a server's git sees: no configuration of the machine or of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull} | extra


def stop_group(child: subprocess.Popen[bytes]) -> None:
    """End a process and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait(5)


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the server did not start"
        time.sleep(0.01)


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for the name of a socket (108 bytes), which pytest's tmp_path does not."""
    folder = Path(tempfile.mkdtemp(prefix="fvp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def shut(sockets: Iterable[socket.socket]) -> None:
    """End these connections, also under threads that read from them."""
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
