"""What stands before a hub behind http: portals, redirects, crowds, certificates, logins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fieldvault.edge.git.hubs.link import Limits
from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.edge.git.store.objects import Objects
from fieldvault.errors import HubUnreachable
from tests import peers
from tests.edge.git.conftest import Servers
from tests.edge.git.failing import MAIN, failure, tips
from tests.gitenv import Git

pytestmark = pytest.mark.usefixtures("nobodys_settings")


@pytest.mark.peers
class TestHttp:
    def test_a_page_that_asks_to_log_in(self, servers: Servers, tmp_path: Path) -> None:
        error = failure(tips(servers.http().portal, tmp_path, Limits()))
        assert (error.kind, error.exit_code) == ("hub-portal", 4)

    def test_a_redirect_to_another_host_is_not_followed(self, servers: Servers, tmp_path: Path) -> None:
        error = failure(tips(servers.http().other_host, tmp_path, Limits()))
        assert (error.kind, error.facts) == ("hub-elsewhere", {"host": "127.0.0.1", "to": "localhost"})

    def test_a_redirect_on_the_same_host_is_followed(self, servers: Servers, tmp_path: Path) -> None:
        hub, vault = servers.repository(), Git(tmp_path / "vault").init()
        tip = vault.commit_files({"a.yaml": "a: 1\n"})
        url = servers.http().moved + hub.path.name.replace(" ", "%20")
        with open_hub(url, tmp_path) as one, Objects(vault.path / ".git") as objects:
            assert one.publish(objects, {MAIN: (None, tip)}) == {MAIN: None}
            assert one.tips() == {MAIN: tip}

    def test_a_crowded_server_does_not_put_us_to_sleep(self, servers: Servers, tmp_path: Path) -> None:
        error = failure(tips(servers.http().crowded, tmp_path, Limits()))
        assert error.facts == {"host": "127.0.0.1", "reason": "overloaded", "status": 503}
        assert isinstance(error, HubUnreachable)

    @pytest.mark.parametrize("careless", ["", "GIT_SSL_NO_VERIFY"])
    def test_a_certificate_of_nobody(
        self, careless: str, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        if careless:
            monkeypatch.setenv(careless, "1")
        error = failure(tips(servers.http().secure_url("hub.git"), tmp_path, Limits()))
        assert (error.kind, error.facts) == ("hub-certificate", {"host": "127.0.0.1", "reason": "authority"})

    def test_a_certificate_for_another_name(
        self, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        servers.log_in(monkeypatch)
        url = servers.http().secure_url("hub.git").replace("127.0.0.1", "localhost")
        error = failure(tips(url, tmp_path, Limits()))
        assert (error.kind, error.facts) == ("hub-certificate", {"host": "localhost", "reason": "name"})

    def test_no_authorities(self, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("GIT_SSL_CAINFO", str(tmp_path / "none.pem"))
        error = failure(tips(servers.http().secure_url("hub.git"), tmp_path, Limits()))
        assert (error.kind, error.facts) == ("hub-authorities", {"path": str(tmp_path / "none.pem")})

    def test_the_helper_learns_whether_it_was_right(
        self, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        hub = servers.repository()
        url = servers.http().secure_url(hub.path.name)
        for password, verbs in ((peers.PASSWORD, "get store"), ("wrong", "get erase")):
            servers.log_in(monkeypatch, password)
            told = tmp_path / "told"
            told.write_text("")
            git = Git(tmp_path)
            git("config", "--file", os.environ["GIT_CONFIG_GLOBAL"], "--add", "credential.helper",
                f"!f() {{ cat > /dev/null; echo $1 >> {told}; }}; f")  # fmt: skip
            with open_hub(url, tmp_path) as one:
                if password == "wrong":
                    failure(one.tips)
                else:
                    assert (one.tips(), one.tips()) == ({}, {})
            # The helper that knows answers first, so the second is only told the outcome.
            assert told.read_text().split() == verbs.split()[1:]
