"""What stands between a person and the hub, as `fv sync` tells it: in its own words, soon, with the right exit code."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import peers
from tests.gitenv import Git
from tests.servers import Servers, settings_of_hubs
from tests.world import Desk, World, fv

FILES = {"fieldvault.yaml": "format: 1\n", "a.yaml": "name: A\n"}
AWAY, REFUSED = 4, 1

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("nobodys_settings")]


@pytest.fixture
def marc(tmp_path: Path) -> Desk:
    """A vault with something that waits for its hub."""
    desk = World(tmp_path).first("Marc", files=FILES)
    desk.write("brochure.pdf", random.Random(1).randbytes(20_000))
    desk.commit()
    return desk


def sync(desk: Desk, url: str) -> tuple[int, str]:
    """Exit code and what was said; the words of a wrong turn must come within half a minute."""
    desk.git("remote", "set-url", "origin", url)
    start = time.monotonic()
    done = fv("sync", cwd=desk.root, environment=desk.environment | settings_of_hubs())
    assert time.monotonic() - start < 30
    desk.assert_clean()
    return done.returncode, done.stdout + done.stderr


def test_a_captive_portal(marc: Desk, servers: Servers) -> None:
    code, said = sync(marc, servers.http().portal)
    assert code == AWAY and "The network asks you to log in before it lets you through to 127.0.0.1. 1 commit" in said
    assert "Hint: open a browser" in said


def test_a_redirect_to_another_host(marc: Desk, servers: Servers) -> None:
    code, said = sync(marc, servers.http().other_host)
    assert code == AWAY and "The hub 127.0.0.1 sends us on to localhost: not followed. 1 commit waits" in said
    assert "Hint: git remote set-url" in said


def test_an_expired_certificate(marc: Desk, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    servers.log_in(monkeypatch)
    code, said = sync(marc, servers.http().expired + "hub.git")
    assert code == AWAY and "The certificate of 127.0.0.1 does not hold (it expired). 1 commit waits" in said
    assert "Hint: check this computer's date" in said


def test_a_login_that_is_refused(marc: Desk, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    servers.log_in(monkeypatch, password="wrong")
    code, said = sync(marc, servers.http().secure_url("hub.git"))
    assert code == REFUSED and "Error: the hub 127.0.0.1 refused the login\nHint: check" in said


def test_a_server_that_takes_only_small_requests(marc: Desk, servers: Servers) -> None:
    hub = servers.repository()
    marc.git("push", "-q", str(hub.path), "main~1:refs/heads/main")
    code, said = sync(marc, servers.http().limited + hub.path.name.replace(" ", "%20"))
    assert code == REFUSED and "brochure.pdf (20 kB): larger than it takes" in said
    assert "fv doctor --repair outbox" in said


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["git", "https", "ssh"])
def test_a_server_that_never_answers(scheme: str, marc: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", f"{peers.program('ssh')} -F none")
    with peers.silent_server() as port:
        code, said = sync(marc, f"{scheme}://127.0.0.1:{port}/hub.git")
    assert code == AWAY and "The hub 127.0.0.1 cannot be reached (no answer in time). 1 commit waits" in said
    assert "Hint:" not in said


@pytest.mark.parametrize("kind", ["git", "http"])
def test_one_commit_that_the_hub_refuses_and_what_becomes_of_it(
    kind: str, marc: Desk, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = servers.repository()
    marc.git("push", "-q", str(hub.path), "main~1:refs/heads/main")
    marc.write("order.yaml", "name: Order\n")
    marc.commit()
    hook = hub.path / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\nwhile read old new ref; do git rev-list --objects $new | grep -q brochure.pdf"
        " && echo 'brochure.pdf: not in a vault' >&2 && exit 1; done; exit 0\n"
    )
    hook.chmod(0o755)
    url = servers.url(kind, hub.path.name, monkeypatch)
    code, said = sync(marc, url)
    assert code == REFUSED
    assert "Error: the hub refuses commit" in said and "with brochure.pdf (20 kB): pre-receive hook declined" in said
    repaired = fv("doctor", "--repair", "outbox", cwd=marc.root, environment=marc.environment)
    assert repaired.returncode == 0 and "brochure.pdf is kept as brochure~" in repaired.stdout
    assert sync(marc, url)[0] == 0
    assert hub("ls-tree", "--name-only", "main").split()[-1] == "order.yaml"


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("kind", ["path", "git", "http", "ssh"])
def test_a_disk_that_is_full_at_the_hub(
    kind: str, marc: Desk, full_disk: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Git(full_disk / "hub.git").init(bare=True)
    marc.git("push", "-q", str(hub.path), "main~1:refs/heads/main")
    for number in range(4):
        marc.write(f"{number}.jpg", random.Random(number).randbytes(220_000))
    marc.commit()
    name = f"full {time.time_ns()}.git"
    (servers.root / name).symlink_to(hub.path)
    code, said = sync(marc, servers.url(kind, name, monkeypatch))
    if code == AWAY and kind != "path":  # git went away before it had read all, and its word was lost on the way
        assert ".jpg is 220 kB, too much at once for this link" in said
    else:
        assert code == REFUSED and "the disk of the hub" in said and "is full" in said
    assert marc.status().waiting == 2
