"""Where no hub is: the answer is one of our errors, and it comes within the limits."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.edge.git.store.objects import Objects
from fieldvault.errors import HubUnreachable
from tests import peers
from tests.edge.git.failing import MAIN, failure, tips
from tests.gitenv import Git

pytestmark = pytest.mark.usefixtures("nobodys_settings")


class TestNoServer:
    @pytest.mark.parametrize("scheme", ["git", "http", "https", "ssh"])
    def test_a_closed_port(self, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_SSH_COMMAND", f"{peers.program('ssh')} -F none")
        error = failure(tips(f"{scheme}://127.0.0.1:{peers.free_port()}/hub.git", tmp_path))
        assert isinstance(error, HubUnreachable)
        assert error.facts == {"host": "127.0.0.1", "reason": "refused"}

    @pytest.mark.parametrize("scheme", ["git", "http", "https", "ssh"])
    def test_a_server_that_never_answers(self, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_SSH_COMMAND", f"{peers.program('ssh')} -F none")
        with peers.silent_server() as port:
            start = time.monotonic()
            error = failure(tips(f"{scheme}://127.0.0.1:{port}/hub.git", tmp_path))
            assert time.monotonic() - start < 3
        assert isinstance(error, HubUnreachable)
        assert error.facts == {"host": "127.0.0.1", "reason": "timeout"}

    @pytest.mark.parametrize("scheme", ["git", "http", "ssh"])
    def test_a_name_that_nobody_has(self, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_SSH_COMMAND", f"{peers.program('ssh')} -F none")
        error = failure(tips(f"{scheme}://no-such-host.invalid/hub.git", tmp_path))
        assert isinstance(error, HubUnreachable)
        assert error.facts["reason"] in ("name", "timeout")  # by the machine's name server

    def test_no_ssh_program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_SSH_COMMAND", "/no/such/ssh -x")
        error = failure(tips("marc@hub.example:hub.git", tmp_path))
        assert (error.kind, error.facts) == ("ssh-missing", {"program": "/no/such/ssh"})

    def test_authorities_of_nobody(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_SSL_CAINFO", "~no-such-person/ca.pem")
        error = failure(tips(f"https://127.0.0.1:{peers.free_port()}/hub.git", tmp_path))
        assert (error.kind, error.facts) == ("hub-authorities", {"path": "~no-such-person/ca.pem"})

    @pytest.mark.parametrize("program", ["ssh -i 'my key", " "])
    def test_an_ssh_command_that_nobody_can_read(
        self, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GIT_SSH_COMMAND", program)
        error = failure(tips("marc@hub.example:hub.git", tmp_path))
        assert (error.kind, error.facts) == ("ssh-command", {"program": program})

    def test_an_ssh_that_hangs_is_ended(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy command or a smart card can hang where none of ssh's own limits holds."""
        monkeypatch.setenv("GIT_SSH_COMMAND", "sh -c 'exec sleep 60'")
        assert failure(tips("marc@hub.example:hub.git", tmp_path)).facts["reason"] == "timeout"

    @pytest.mark.parametrize("moment", ["it is started", "git is loaded", "it is asked"])
    def test_an_interrupt_while_ssh_logs_in_leaves_no_ssh(self, moment: str, tmp_path: Path) -> None:
        """Nor does it wait for one that hangs."""
        ssh, begun = tmp_path / "ssh.sh", tmp_path / "begun"
        ssh.write_text(f"echo $$ > '{begun}'; exec sleep 60\n")
        program = "\n".join(
            [
                "import os, pathlib, signal, subprocess, sys, threading, time",
                "from fieldvault.edge.git.hubs.wire import open_hub",
                f"begun = pathlib.Path({str(begun)!r})",
                "def interrupt():",
                "    while not begun.exists() or not begun.read_text(): time.sleep(0.01)",
                "    os.write(1, b'%f' % time.time())",
                "    os.kill(os.getpid(), signal.SIGINT)",
                "def fork_exec(*words, start=subprocess._fork_exec):",
                "    pid = start(*words)",
                "    interrupt()",
                "    return pid",
                "class Loading:",
                "    def find_spec(self, name, *_):",
                "        if name == 'fieldvault.edge.git.hubs.streamclient': interrupt()",
                f"moment = {moment!r}",
                "if moment == 'it is started': subprocess._fork_exec = fork_exec",
                "if moment == 'git is loaded': sys.meta_path.insert(0, Loading())",
                "with open_hub('marc@hub.example:hub.git', pathlib.Path()) as hub:",
                "    threading.Thread(target=interrupt, daemon=True).start()",
                "    hub.tips()",
            ]
        )
        environment = os.environ | {"GIT_SSH_COMMAND": f"sh '{ssh}'"}
        told = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, timeout=20)
        assert time.time() - float(told.stdout) < 1
        assert b"KeyboardInterrupt" in told.stderr
        with pytest.raises(ProcessLookupError):
            os.kill(int(begun.read_text()), 0)

    def test_a_hub_of_another_format(self, tmp_path: Path) -> None:
        Git(tmp_path)("init", "-q", "--bare", "--object-format=sha256", "hub.git")
        error = failure(tips("hub.git", tmp_path))
        assert (error.kind, error.facts["word"]) == ("hub-unsupported", "sha256")

    def test_a_stick_that_is_pulled_is_not_an_empty_hub(self, tmp_path: Path) -> None:
        hub, vault = Git(tmp_path / "stick").init(bare=True), Git(tmp_path / "vault").init()
        tip = vault.commit_files({"a.yaml": "a: 1\n"})
        with open_hub("stick", tmp_path) as one, Objects(vault.path / ".git") as objects:
            hub.path.rename(tmp_path / "pocket")
            hub.path.mkdir()  # the mount point
            for ask in (
                one.tips,
                lambda: one.fetch(objects, [tip], []),
                lambda: one.publish(objects, {MAIN: (None, tip)}),
            ):
                error = failure(ask)
                assert (error.kind, error.facts) == ("hub-missing", {"path": str(hub.path)})
            assert list(hub.path.iterdir()) == []

    def test_a_hub_in_a_folder_that_lost_an_object(self, tmp_path: Path) -> None:
        hub, vault = Git(tmp_path / "hub").init(), Git(tmp_path / "vault").init()
        tip = hub.commit_files({"a.yaml": "a: 1\n", "b/c.yaml": "a: 2\n"})
        hub("config", "core.bare", "true")
        for name in (f"{tip}:b/c.yaml", f"{tip}:b", f"{tip}^{{tree}}"):
            lost = hub("rev-parse", name)
            path = hub.path / ".git/objects" / lost[:2] / lost[2:]
            path.chmod(0o644)
            path.write_bytes(b"torn")
            with open_hub("hub/.git", tmp_path) as one, Objects(vault.path / ".git") as objects:
                error = failure(lambda: one.fetch(objects, [tip], []))
            assert (error.kind, error.facts) == ("hub-incomplete", {"oid": lost, "count": 1})

    @pytest.mark.parametrize("what", ["nothing", "an empty folder", "a file", "a folder", "a vault"])
    def test_a_path_that_is_no_hub(self, what: str, tmp_path: Path) -> None:
        place = tmp_path / "place"
        if what == "a file":
            place.write_text("no hub")
        elif what.endswith("folder"):
            place.mkdir()
            if what == "a folder":
                (place / "notes.txt").touch()
        elif what == "a vault":
            Git(place).init()
        error = failure(tips("place", tmp_path))
        assert error.facts == {"path": str(place)}
        not_there = what in ("nothing", "an empty folder")  # a stick that is not plugged in comes back
        kind = "hub-missing" if not_there else "hub-not-bare" if what == "a vault" else "hub-not-a-repository"
        assert (error.kind, isinstance(error, HubUnreachable)) == (kind, not_there)
