"""Whatever a link or a server does, the answer is one of our errors, and it comes within the limits."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fieldvault.edge.git.hub import STALE
from fieldvault.edge.git.link import Limits
from fieldvault.edge.git.objects import Objects
from fieldvault.edge.git.wire import open_hub
from fieldvault.errors import Corrupt, FieldvaultError, HubRefused, HubUnreachable
from tests import peers
from tests.edge.git.conftest import KINDS, Servers
from tests.gitenv import Git

MAIN = "refs/heads/main"
HASTY = Limits(connect_seconds=0.5, silence_seconds=0.7)
BRISK = Limits(connect_seconds=3, silence_seconds=1.5)
SERVERS = [kind for kind in KINDS if kind not in ("path", "file")]

pytestmark = pytest.mark.usefixtures("nobodys_settings")


def failure(ask: Callable[[], object]) -> FieldvaultError:
    """The error that a question ends with, which must not take longer than anybody would wait."""
    start = time.monotonic()
    with pytest.raises(FieldvaultError) as raised:
        ask()
    assert time.monotonic() - start < 10
    assert peers.PASSWORD not in repr(raised.value)
    return raised.value


def tips(url: str, root: Path, limits: Limits = HASTY) -> Callable[[], object]:
    def ask() -> None:
        with open_hub(url, root, limits=limits) as hub:
            hub.tips()

    return ask


def trusting(monkeypatch: pytest.MonkeyPatch, servers: Servers) -> str:
    """GIT_SSH_COMMAND that logs in, whatever port the server is reached by."""
    command = servers.ssh().command + " -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    monkeypatch.setenv("GIT_SSH_COMMAND", command)
    return command


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

    def test_an_ssh_that_hangs_is_ended(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy command or a smart card can hang where none of ssh's own limits holds."""
        monkeypatch.setenv("GIT_SSH_COMMAND", "sh -c 'exec sleep 60'")
        assert failure(tips("marc@hub.example:hub.git", tmp_path)).facts["reason"] == "timeout"

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


@pytest.mark.peers
class TestBadLinks:
    """The link dies, or goes silent, after so many bytes of a fetch or of a push."""

    @pytest.mark.parametrize("silent", [False, True])
    @pytest.mark.parametrize("kind", ["git", "http", "ssh"])
    def test_a_fetch(
        self, kind: str, silent: bool, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        hub, vault = servers.repository(), Git(tmp_path / "vault").init()
        marc = Git(tmp_path / "marc").init()
        tip = marc.commit_files({"brochure.pdf": random.Random(1).randbytes(300_000), "a.yaml": "a: 1\n"})
        marc("push", "-q", str(hub.path), "main")
        url, port = self.way(kind, servers, hub.path.name, monkeypatch)
        with Objects(vault.path / ".git") as objects:
            for octets in (150_000,) if silent else (0, 10, 1000, 150_000):
                with peers.BadLink(port, down=octets or None, up=None if octets else 1, silent=silent) as link:
                    error = failure(lambda: fetch(url(link.port), tmp_path, objects, tip))
                assert isinstance(error, HubUnreachable), error
                if silent:
                    assert error.facts["reason"] == "timeout"
            vault.assert_sound()
            assert [path for path in (vault.path / ".git/objects").rglob("*") if path.is_file()] == []
            with peers.BadLink(port) as link:
                fetch(url(link.port), tmp_path, objects, tip)
        vault("update-ref", MAIN, tip)
        vault.assert_sound()

    @pytest.mark.parametrize("kind", ["git", "http", "ssh"])
    def test_a_push(self, kind: str, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        hub, vault = servers.repository(), Git(tmp_path / "vault").init()
        tip = vault.commit_files({"brochure.pdf": random.Random(1).randbytes(300_000), "a.yaml": "a: 1\n"})
        url, port = self.way(kind, servers, hub.path.name, monkeypatch)
        with Objects(vault.path / ".git") as objects:
            for octets in (0, 10, 1000, 150_000, 300_000):
                with peers.BadLink(port, up=octets or None, down=None if octets else 1) as link:
                    error = failure(lambda: publish(url(link.port), tmp_path, objects, tip))
                assert isinstance(error, HubUnreachable), error
                assert hub("for-each-ref") == ""
            hub.assert_sound()
            with peers.BadLink(port) as link:
                assert publish(url(link.port), tmp_path, objects, tip) == {MAIN: None}
        hub.assert_sound()

    @pytest.mark.parametrize("kind", ["git", "http"])
    def test_a_fetch_in_which_one_bit_changes(
        self, kind: str, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        hub, marc = servers.repository(), Git(tmp_path / "marc").init()
        tip = marc.commit_files({"customers/8q/a.yaml": "name: Lefèvre\n" * 20, "a.yaml": "a: 1\n"})
        marc("push", "-q", str(hub.path), "main")
        url, port = self.way(kind, servers, hub.path.name, monkeypatch)
        with peers.BadLink(port) as whole:
            tips(url(whole.port), tmp_path)()
        draw = random.Random(1)
        for number in range(10):
            vault = Git(tmp_path / f"vault{number}").init()
            place = draw.randrange(whole.carried["down"] + 600)
            with peers.BadLink(port, flip=place) as link, Objects(vault.path / ".git") as objects:
                try:
                    fetch(url(link.port), tmp_path, objects, tip)
                except FieldvaultError:
                    assert vault("count-objects") == "0 objects, 0 kilobytes"
                else:
                    vault("update-ref", MAIN, tip)
                    vault.assert_sound()

    def way(
        self, kind: str, servers: Servers, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> tuple[Callable[[int], str], int]:
        """The hub's address by the port of a link, and the port that the link leads to."""
        direct = servers.url(kind, name, monkeypatch)
        if kind == "ssh":
            trusting(monkeypatch, servers)
        port = int(direct.split("127.0.0.1:")[1].split("/")[0])
        return lambda other: direct.replace(f"127.0.0.1:{port}", f"127.0.0.1:{other}"), port


def fetch(url: str, root: Path, objects: Objects, tip: str) -> None:
    with open_hub(url, root, limits=BRISK) as hub:
        hub.fetch(objects, [tip], [])


def publish(url: str, root: Path, objects: Objects, tip: str) -> dict[str, str | None]:
    with open_hub(url, root, limits=BRISK) as hub:
        return hub.publish(objects, {MAIN: (None, tip)})


@pytest.mark.peers
def test_one_login_serves_many_questions(servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hub = servers.repository()
    url = servers.url("ssh", hub.path.name, monkeypatch)
    listener = servers.ssh().listener
    assert listener is not None
    tips(url, tmp_path, Limits())()
    before = listener.connections
    for _ in range(3):
        tips(url, tmp_path, Limits())()
    assert listener.connections == before


@pytest.mark.peers
def test_one_connection_serves_the_whole_sync(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each handshake of TLS costs two ways to a hub that is far."""
    hub, vault = servers.repository(), Git(tmp_path / "vault").init()
    tip = vault.commit_files({"a.yaml": "a: 1\n"})
    direct = servers.url("https", hub.path.name, monkeypatch)
    port = direct.split(":")[2].split("/")[0]
    with (
        peers.BadLink(int(port)) as link,
        open_hub(direct.replace(port, str(link.port)), tmp_path) as one,
        Objects(vault.path / ".git") as objects,
        Objects(Git(tmp_path / "other").init().path / ".git") as others,
    ):
        assert one.tips() == {}
        assert one.publish(objects, {MAIN: (None, tip)}) == {MAIN: None}
        one.fetch(others, [tip], [])
        assert link.connections == 1


@pytest.mark.peers
def test_a_race_that_is_lost_inside_the_server_is_told_from_a_refusal(servers: Servers, tmp_path: Path) -> None:
    """The ref moves after the server told its value and before it takes ours."""
    hub, vault = servers.repository(), Git(tmp_path / "vault").init()
    first = vault.commit_files({"a.yaml": "a: 1\n"})
    vault("push", "-q", str(hub.path), "main")
    other = hub("commit-tree", f"{first}^{{tree}}", "-p", first, "-m", "quicker")
    mine = vault.commit_files({"b.yaml": "a: 1\n"})
    quicker = hub.path / "hooks/update"
    quicker.parent.mkdir(exist_ok=True)
    quicker.write_text(f"#!/bin/sh\ngit update-ref {MAIN} {other}\n")
    quicker.chmod(0o755)
    with open_hub(servers.git().url(hub.path.name), tmp_path) as one, Objects(vault.path / ".git") as objects:
        assert one.publish(objects, {MAIN: (first, mine)}) == {MAIN: STALE}
        assert one.tips() == {MAIN: other}


@pytest.mark.peers
@pytest.mark.parametrize("kind", ["path", "git"])
def test_of_two_at_once_nobody_is_lost(
    kind: str, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub = servers.repository()
    url = servers.url(kind, hub.path.name, monkeypatch)
    made: list[str] = []

    def work(name: str) -> None:
        vault = Git(tmp_path / name).init()
        with Objects(vault.path / ".git") as objects, open_hub(url, tmp_path) as one:
            for number in range(5):
                while True:
                    base = one.tips().get(MAIN)
                    one.fetch(objects, [base] if base else [], [])
                    parent = ["-p", base] if base else []
                    tree = vault("mktree")
                    tip = vault("commit-tree", tree, *parent, "-m", f"{name} {number}")
                    if one.publish(objects, {MAIN: (base, tip)}, [base] if base else [])[MAIN] is None:
                        made.append(tip)
                        break

    threads = [threading.Thread(target=work, args=(name,)) for name in ("marc", "ines")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made) == 10
    assert set(hub("rev-list", MAIN).split()) == set(made)
    hub.assert_sound()


@pytest.mark.peers
def test_a_pack_that_would_inflate_beyond_measure_is_refused(servers: Servers, tmp_path: Path) -> None:
    hub, vault = servers.repository(), Git(tmp_path / "vault").init()
    zeros = tmp_path / "zeros"
    with zeros.open("wb") as file:
        file.truncate(129 << 20)
    blob = hub("hash-object", "-w", str(zeros))
    tree = hub("mktree", stdin=f"100644 blob {blob}\tzeros\n")
    tip = hub("commit-tree", tree, "-m", "zeros")
    hub("update-ref", MAIN, tip)
    with open_hub(servers.git().url(hub.path.name), tmp_path) as one, Objects(vault.path / ".git") as objects:
        error = failure(lambda: one.fetch(objects, [tip], []))
    assert isinstance(error, Corrupt)
    assert error.kind == "pack-too-large"
    assert [path for path in (vault.path / ".git/objects").rglob("*") if path.is_file()] == []
