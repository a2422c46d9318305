"""A hub that says no says why, in one of our errors; what a prepared vault wants to run is not run."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fieldvault.edge.git.hubs.link import Limits
from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.edge.git.store.objects import Objects
from fieldvault.errors import HubRefused
from tests import peers
from tests.edge.git.conftest import KINDS, Servers
from tests.edge.git.failing import MAIN, failure, tips
from tests.gitenv import Git

SERVERS = [kind for kind in KINDS if kind not in ("path", "file")]

pytestmark = pytest.mark.usefixtures("nobodys_settings")


@pytest.mark.peers
class TestRefusals:
    @pytest.mark.parametrize("kind", SERVERS)
    def test_a_repository_that_the_server_does_not_have(
        self, kind: str, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        error = failure(tips(servers.url(kind, "none.git", monkeypatch), tmp_path, Limits()))
        assert (error.kind, error.facts, error.exit_code) == ("hub-not-found", {"host": "127.0.0.1"}, 1)

    def test_an_ssh_key_that_the_server_does_not_know(
        self, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        url = servers.url("ssh", "hub.git", monkeypatch)
        folder = Path(servers.ssh().command.split()[-1]).parent
        strange = (folder / "ssh_config").read_text().replace(f"{folder}/client", f"{folder}/stranger")
        (tmp_path / "ssh_config").write_text(strange)
        monkeypatch.setenv("GIT_SSH_COMMAND", f"ssh -F {tmp_path}/ssh_config -o ControlPath=none")
        error = failure(tips(url, tmp_path, Limits()))
        assert isinstance(error, HubRefused)
        assert (error.kind, error.facts) == ("hub-login", {"host": "127.0.0.1"})

    @pytest.mark.parametrize("reason", ["unknown", "changed"])
    def test_an_ssh_host_key_that_is_not_trusted(
        self, reason: str, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        url = servers.url("ssh", "hub.git", monkeypatch)
        folder = Path(servers.ssh().command.split()[-1]).parent
        known = (folder / "known_hosts").read_text().split()
        other_key = (folder / "stranger.pub").read_text().split()[1]
        lines = f"{known[0]} {known[1]} {other_key}\n" if reason == "changed" else ""
        (tmp_path / "known_hosts").write_text(lines)
        options = f"-o UserKnownHostsFile={tmp_path}/known_hosts -o ControlPath=none"
        monkeypatch.setenv("GIT_SSH_COMMAND", f"{servers.ssh().command} {options}")
        error = failure(tips(url, tmp_path, Limits()))
        assert isinstance(error, HubRefused)
        assert (error.kind, error.facts) == ("hub-host-key", {"host": "127.0.0.1", "reason": reason})

    def test_http_without_anybody_who_knows_a_password(
        self, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("GIT_SSL_CAINFO", str(servers.http().authority))
        error = failure(tips(servers.http().secure_url("hub.git"), tmp_path, Limits()))
        assert isinstance(error, HubRefused)
        assert (error.kind, error.facts) == ("hub-login", {"host": "127.0.0.1"})

    def test_a_wrong_password_is_refused_once(
        self, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        servers.log_in(monkeypatch, password="wrong")
        error = failure(tips(servers.http().secure_url("hub.git"), tmp_path, Limits()))
        assert (error.kind, error.facts) == ("hub-login", {"host": "127.0.0.1"})

    def test_a_pack_that_the_server_finds_too_large(
        self, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """It stops reading in the middle of the pack, and what it said meanwhile is still heard."""
        hub, vault = servers.repository(), Git(tmp_path / "vault").init()
        hub("config", "receive.maxInputSize", "1000")
        tip = vault.commit_files({"brochure.pdf": random.Random(1).randbytes(3_000_000)})
        url = servers.url("ssh", hub.path.name, monkeypatch)
        with open_hub(url, tmp_path) as one, Objects(vault.path / ".git") as objects:
            error = failure(lambda: one.publish(objects, {MAIN: (None, tip)}))
        assert isinstance(error, HubRefused)
        assert "pack exceeds maximum allowed size" in str(error.facts["reason"])

    def test_a_hub_that_may_only_be_read(
        self, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        hub, vault = servers.repository(), Git(tmp_path / "vault").init()
        hub("config", "daemon.receivepack", "false")
        tip = vault.commit_files({"a.yaml": "a: 1\n"})
        with open_hub(servers.git().url(hub.path.name), tmp_path) as open_one, Objects(vault.path / ".git") as objects:
            assert open_one.tips() == {}
            error = failure(lambda: open_one.publish(objects, {MAIN: (None, tip)}))
        assert (error.kind, error.facts) == ("hub-forbidden", {"host": "127.0.0.1"})


class TestPreparedVault:
    def test_its_ssh_command_is_not_run(self, tmp_path: Path) -> None:
        vault = Git(tmp_path / "vault").init()
        vault("config", "core.sshCommand", f"touch {tmp_path}/ran;")
        vault("config", "http.sslVerify", "false")
        failure(tips(f"ssh://127.0.0.1:{peers.free_port()}/hub.git", vault.path))
        assert not (tmp_path / "ran").exists()

    @pytest.mark.peers
    def test_its_credential_helper_is_not_run(
        self, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("GIT_SSL_CAINFO", str(servers.http().authority))
        vault = Git(tmp_path / "vault").init()
        vault("config", "credential.helper", f"!touch {tmp_path}/ran;")
        monkeypatch.chdir(vault.path)
        assert failure(tips(servers.http().secure_url("hub.git"), vault.path, Limits())).kind == "hub-login"
        assert not (tmp_path / "ran").exists()
