"""The git service of a hub through the person's own ssh, with their keys, agent and configuration.

Law: a channel raises only our errors, and reading or writing on it ends. Opening one starts ssh and waits for nothing;
a log-in that fails shows at the first byte that is asked for. What stands on ssh's stderr becomes a reason.
The traps avoided: dulwich's ssh has no time-out, its pipe for stderr fills up and blocks, and with a kept master
connection reading that pipe to its end waits until the master goes.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import IO

from fieldvault.edge.git.hubs.address import Address
from fieldvault.edge.git.hubs.link import PIECE_BYTES, Limits, Progress, Underway, unreachable
from fieldvault.edge.git.hubs.sshcommand import remote_command, ssh_command, ssh_failure
from fieldvault.errors import FieldvaultError, HubUnreachable

_ENDING_SECONDS = 2.0  # a process that closed its end of a stream ends soon after
_STDERR_BYTES_MAX = 16 << 10


class SshChannel:
    """One run of `ssh host git-SERVICE path`; `program` is the ssh command, with what the person put into it."""

    def __init__(
        self, address: Address, service: str, version: int, limits: Limits, progress: Progress, program: str
    ) -> None:
        self._host = address.host
        self._progress = progress
        self._underway = Underway(limits)
        self._silenced = False
        self._broken = False  # the far end takes no more
        command = ssh_command(program, address, limits)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the channel
        environment = {**os.environ, "LC_ALL": "C"}  # Debian's ssh hands LC_* on: the far git's reasons stay English
        if version:
            environment["GIT_PROTOCOL"] = f"version={version}"
        try:
            self._process = _started([*command, remote_command(service, address.path)], environment, self._errors)
        except BaseException as error:
            self._errors.close()
            if isinstance(error, FileNotFoundError):
                raise FieldvaultError("ssh-missing", program=command[0]) from error
            if isinstance(error, OSError):
                raise unreachable(self._host, error) from error
            raise
        self._watchdog = Watchdog(self._silence)
        self._log_in_seconds = limits.connect_seconds * 2  # ssh's own limits come first; 0 once the far end has spoken

    def read(self, size: int) -> bytes:
        assert self._process.stdout is not None
        parts = []
        while size:
            try:
                with self._watched():
                    part = self._process.stdout.read(size)
            except OSError as error:
                raise self._failure() from error
            if not part:
                break
            self._underway.answered()
            self._log_in_seconds = 0.0
            self._progress(len(part), 0, "received")
            parts.append(part)
            size -= len(part)
        if size and (self._silenced or self._broken or self._ended_badly()):
            raise self._failure()
        return b"".join(parts)

    def write(self, data: bytes) -> int:
        """A server that refuses a pack stops reading and says why: so what it said is read before we give up."""
        assert self._process.stdin is not None
        view = memoryview(data)
        while view and not self._broken:
            try:
                with self._watched():
                    written = self._process.stdin.write(view[:PIECE_BYTES])
            except OSError:
                self._broken = True
                break
            self._underway.sent(written)
            self._progress(written, 0, "sent")
            view = view[written:]
        return len(data)

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """While we wait."""
        self._watchdog.allow(self._log_in_seconds + self._underway.seconds())
        try:
            yield
        finally:
            self._watchdog.rest()

    def close(self) -> None:
        """One that is still logging in has nothing to end in good order."""
        self._watchdog.cancel()
        if self._log_in_seconds:
            self._process.kill()
        _end(self._process)
        self._errors.close()

    def _silence(self) -> None:
        self._silenced = True
        self._process.kill()

    def _ended_badly(self) -> bool:
        try:
            return self._process.wait(_ENDING_SECONDS) != 0
        except subprocess.TimeoutExpired:
            return False

    def _failure(self) -> FieldvaultError:
        if self._silenced:
            return HubUnreachable("hub-unreachable", host=self._host, reason="timeout")
        self._ended_badly()
        self._errors.seek(0)
        said = self._errors.read(_STDERR_BYTES_MAX).decode("utf-8", "replace")
        return ssh_failure(self._host, said)


def _started(command: list[str], environment: Mapping[str, str], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    process = None
    try:
        with _interrupts_wait():
            process = subprocess.Popen(
                command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment
            )
    except BaseException:
        if process is not None:
            process.kill()
            _end(process)
        raise
    return process


@contextlib.contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Ctrl-C comes after this: while a process is being started nobody knows it who could end it."""
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda *interrupt: came.append(interrupt))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if came:
        handler(*came[0])


def _end(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    try:
        process.wait(_ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Watchdog:
    """Calls `stop` once the time last allowed has passed; a thread, since pipes have no time-out on every system. It
    starts when something is waited for.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._end = self._looks_at = math.inf
        self._changed = threading.Condition()
        self._cancelled = False
        self._thread: threading.Thread | None = None

    def allow(self, seconds: float) -> None:
        """Start the time anew."""
        with self._changed:
            self._end = time.monotonic() + seconds
            if self._end < self._looks_at:
                self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()

    def rest(self) -> None:
        """Nothing is waited for, until more time is allowed."""
        self._end = math.inf

    def cancel(self) -> None:
        with self._changed:
            self._cancelled = True
            self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while not self._cancelled and (left := self._end - time.monotonic()) > 0:
                self._looks_at = self._end
                self._changed.wait(min(left, threading.TIMEOUT_MAX))
            if self._cancelled:
                return
        self._stop()
