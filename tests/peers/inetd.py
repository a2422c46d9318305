"""Servers in their inetd mode behind a listener of ours, so that no port is guessed and connections are counted."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.peers.ground import git_program, server_environment, stop_group


class Listener:
    """A loopback port; every connection goes to one new process as its stdin and stdout, as inetd would do it."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.command, self.environment = command, environment
        self.connections = 0
        self._children: list[subprocess.Popen[bytes]] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return  # closed by stop()
            with connection:
                self.connections += 1
                self._children.append(
                    subprocess.Popen(
                        self.command,
                        stdin=connection,
                        stdout=connection,
                        stderr=subprocess.DEVNULL,
                        env=self.environment,
                        start_new_session=True,
                    )
                )

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)
        for child in self._children:
            stop_group(child)


@dataclass
class Peer:
    """A running server: `root` is the folder of the bare repositories it serves."""

    root: Path
    prefix: str  # what stands before the repository's path in a URL
    listener: Listener | None = None

    def url(self, name: str) -> str:
        return f"{self.prefix}{name}"


@contextlib.contextmanager
def git_daemon(root: Path) -> Iterator[Peer]:
    """git:// with pushes allowed."""
    command = [git_program("git-daemon"), "--inetd", f"--base-path={root}", "--export-all", "--enable=receive-pack"]
    listener = Listener(command, server_environment())
    try:
        yield Peer(root, f"git://127.0.0.1:{listener.port}/", listener)
    finally:
        listener.stop()
