"""Many questions on one connection, and several people at one hub."""

from __future__ import annotations

import re
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

from fieldvault.edge.git.hubs.hub import STALE
from fieldvault.edge.git.hubs.link import Limits
from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.edge.git.store.objects import Objects
from tests import peers
from tests.edge.git.conftest import Servers
from tests.edge.git.failing import MAIN, tips
from tests.gitenv import Git
from tests.peers.ground import wait_for

INBOX = "refs/fv/1/inbox/4k7m2x9d8q"

pytestmark = pytest.mark.usefixtures("nobodys_settings")


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
@pytest.mark.parametrize("kind", ["http", "https"])
def test_a_connection_that_the_server_has_closed_meanwhile_is_made_anew(
    kind: str, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    direct = servers.url(kind, servers.repository().path.name, monkeypatch)
    port = direct.split(":")[2].split("/")[0]
    with peers.BadLink(int(port)) as link, open_hub(direct.replace(port, str(link.port)), tmp_path) as one:
        assert one.tips() == {}
        link.cut()
        assert one.tips() == {}
        assert link.connections == 2


@pytest.mark.peers
@pytest.mark.parametrize("kind", ["ssh", "ssh-v0"])
def test_what_is_asked_and_fetched_goes_over_one_channel(
    kind: str, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A login, or at least a start of git, for each costs more than what is asked."""
    hub, vault = servers.repository(), Git(tmp_path / "vault").init()
    tip = Git(tmp_path / "marc").init().commit_files({"a.yaml": "a: 1\n"})
    Git(tmp_path / "marc")("push", "-q", str(hub.path), "main")
    url = servers.url(kind, hub.path.name, monkeypatch)
    program, runs = tmp_path / "ssh", tmp_path / "runs"
    program.write_text(f'#!/bin/sh\necho >>"{runs}"\nexec {servers.ssh(kind).command} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(program))
    with open_hub(url, tmp_path) as one, Objects(vault.path / ".git") as objects:
        assert one.tips() == {MAIN: tip}
        one.fetch(objects, [tip], [])
        assert tip in objects
        assert len(runs.read_text()) == 1
        assert one.tips() == {MAIN: tip}
        assert len(runs.read_text()) == (2 if kind == "ssh-v0" else 1)


@pytest.mark.peers
def test_ssh_logs_in_while_we_are_busy(servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And is not taken for a link that fell silent, however long we are."""
    hub = servers.repository()
    url = servers.url("ssh", hub.path.name, monkeypatch)
    listener, threads = servers.ssh().listener, threading.active_count()
    assert listener is not None
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))  # no login of before is used
    before = listener.connections
    with open_hub(url, tmp_path, limits=Limits(silence_seconds=1.5)) as one:
        wait_for(lambda: listener.connections > before)
        assert threading.active_count() == threads
        assert one.tips() == {}
        time.sleep(2.0)
        assert one.tips() == {}


@pytest.mark.peers
def test_git_starts_on_its_server_while_we_are_busy(servers: Servers, tmp_path: Path) -> None:
    """And no thread is left, which would keep a look at the folder from being shared."""
    hub, listener, threads = servers.repository(), servers.git().listener, threading.active_count()
    assert listener is not None
    before = listener.connections
    with open_hub(servers.git().url(hub.path.name), tmp_path) as one:
        wait_for(lambda: listener.connections == before + 1)
        wait_for(lambda: threading.active_count() == threads)
        assert one.tips() == {}
        assert listener.connections == before + 1


@pytest.mark.peers
@pytest.mark.parametrize("kind", ["http", "https"])
def test_a_server_is_reached_while_we_are_busy_and_again_where_it_has_hung_up(
    kind: str, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    direct = servers.url(kind, servers.repository().path.name, monkeypatch)
    port = direct.split(":")[2].split("/")[0]
    with peers.BadLink(int(port)) as link, open_hub(direct.replace(port, str(link.port)), tmp_path) as one:
        wait_for(lambda: link.connections == 1)
        link.cut()
        assert one.tips() == {}
        assert link.connections == 2


@pytest.mark.peers
def test_http_is_asked_as_seldom_as_git_asks(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub, vault = servers.repository(), Git(tmp_path / "vault").init()
    theirs = Git(tmp_path / "marc").init().commit_files({"a.yaml": "a: 1\n"})
    Git(tmp_path / "marc")("push", "-q", str(hub.path), "main")
    mine = vault.commit_files({"b.yaml": "a: 1\n"})
    url = servers.url("http", hub.path.name, monkeypatch)
    monkeypatch.setattr(HTTPConnection, "debuglevel", 1)
    with open_hub(url, tmp_path) as one, Objects(vault.path / ".git") as objects:
        one.tips()
        one.fetch(objects, [theirs], [])
        assert one.publish(objects, {"refs/heads/other": (None, mine)}) == {"refs/heads/other": None}
    asked = re.findall(r"^send: b'([A-Z]+) ", capsys.readouterr().out, re.MULTILINE)
    assert asked == ["GET", "POST", "POST", "GET", "POST"]


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
@pytest.mark.parametrize("kind", ["path", "git", "ssh", "http"])
def test_what_was_expected_long_before_is_compared_with_what_stands_there_now(
    kind: str, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub, vault = servers.repository(), Git(tmp_path / "vault").init()
    first = vault.commit_files({"a.yaml": "a: 1\n"})
    vault("push", "-q", str(hub.path), "main")
    other = hub("commit-tree", f"{first}^{{tree}}", "-p", first, "-m", "quicker")
    mine = vault.commit_files({"b.yaml": "a: 1\n"})
    url = servers.url(kind, hub.path.name, monkeypatch)
    with open_hub(url, tmp_path) as one, Objects(vault.path / ".git") as objects:
        assert one.tips() == {MAIN: first}
        one.expect_publish()
        time.sleep(0.5)  # the server has told what stood there, to a push that comes late
        hub("update-ref", MAIN, other)
        assert one.publish(objects, {MAIN: (first, mine)}, [first]) == {MAIN: STALE}
        assert one.publish(objects, {INBOX: (None, mine)}, [first]) == {INBOX: None}
        assert one.tips() == {MAIN: other, INBOX: mine}


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
