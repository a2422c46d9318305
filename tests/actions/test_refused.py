"""A hub that takes all but one commit: that one is named, everything before it is delivered."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fieldvault.actions.ground.device import device
from fieldvault.errors import FieldvaultError, HubRefused
from tests.gitenv import Git
from tests.servers import Servers, settings_of_hubs
from tests.world import Desk, World

FILES = {"fieldvault.yaml": "format: 1\n", "a.yaml": "name: A\n"}
SCANNER = """#!/bin/sh
while read old new ref; do
  if git rev-list --objects $new --not --all | grep -q ' {name}$'; then echo "remote: {words}" >&2; exit 1; fi
done
"""

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("nobodys_settings")]


@pytest.fixture(params=["git", "ssh", "http"])
def world(
    request: pytest.FixtureRequest, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[World, Git]:
    hub = servers.repository()
    url = servers.url(request.param, hub.path.name, monkeypatch)
    return World(tmp_path, url, settings_of_hubs()), hub


def scan(hub: Git, name: str, words: str) -> None:
    """A hook that finds a file of this name."""
    hook = hub.path / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(SCANNER.format(name=name, words=words))
    hook.chmod(0o755)


def commits(desk: Desk, *names: str, octets: int = 2000) -> list[str]:
    made = []
    for name in names:
        desk.write(name, random.Random(name).randbytes(octets))
        desk.commit()
        made.append(desk.head())
    return made


def failed(desk: Desk) -> FieldvaultError:
    with pytest.raises(FieldvaultError) as failure:
        desk.sync()
    return failure.value


def failed_or_cut(desk: Desk) -> FieldvaultError:
    try:
        error = desk.sync().unreachable
    except HubRefused as refused:
        error = refused
    assert error is not None
    return error


def inbox(desk: Desk) -> str:
    with desk.vault() as vault:
        return f"refs/fv/1/inbox/{device(vault)}"


def test_the_commit_that_a_scanner_refuses_is_named(world: tuple[World, Git]) -> None:
    hubs, hub = world
    marc = hubs.first("Marc", files=FILES)
    made = commits(marc, "one.bin", "two.bin", "virus.exe", "four.bin")
    scan(hub, "virus.exe", "no programs here")
    error = failed(marc)
    assert (error.kind, error.facts["oid"], error.facts["paths"]) == ("commit-refused", made[2], ["virus.exe"])
    assert "no programs here" in str(error.facts["reason"]) and error.facts["octets"] == 2000
    assert hub("rev-parse", inbox(marc)) == made[1]  # all before it is off this machine
    assert marc.status().failure is not None and marc.status().delivered == 2
    (hub.path / "hooks/pre-receive").unlink()
    marc.sync()
    assert hub("rev-parse", "main") == made[3]


def test_a_commit_that_is_too_large_for_the_hub(world: tuple[World, Git]) -> None:
    hubs, hub = world
    marc = hubs.first("Marc", files=FILES)
    (small,) = commits(marc, "small.bin")
    marc.write("video.mp4", random.Random(1).randbytes(200_000))
    marc.write("note.txt", "n")
    marc.commit()
    hub("config", "receive.maxInputSize", "50000")
    error = failed_or_cut(marc)
    if error.kind == "commit-refused":
        assert "maximum allowed size" in str(error.facts["reason"])
    else:  # nginx loses what git said, and so does TCP where git goes away before it has read all
        assert error.kind == "commit-too-large" and error.facts["reason"] in ("broken-off", "cut")
    assert (error.facts["oid"], error.facts["file"], error.facts["octets"]) == (marc.head(), "video.mp4", 200_000)
    assert hub("rev-parse", inbox(marc)) == small


def test_a_main_that_nobody_may_move_is_no_commit_s_fault(world: tuple[World, Git]) -> None:
    hubs, hub = world
    marc = hubs.first("Marc", files=FILES)
    commits(marc, "one.bin", "two.bin")
    hook = hub.path / "hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ntest $1 != refs/heads/main || { echo "main is protected" >&2; exit 1; }\n')
    hook.chmod(0o755)
    error = failed(marc)
    assert (error.kind, error.facts["ref"]) == ("hub-refused", "refs/heads/main")
    assert "main is protected" in str(error.facts["reason"])
    assert hub("rev-parse", inbox(marc)) == marc.head()


def test_a_refused_commit_does_not_cost_the_inbox(world: tuple[World, Git]) -> None:
    hubs, hub = world
    marc = hubs.first("Marc", files=FILES)
    commits(marc, *(f"{number}.bin" for number in range(8)), "virus.exe", octets=60_000)  # more than goes at once
    scan(hub, "virus.exe", "no programs here")
    assert failed(marc).kind == "commit-refused"
    assert hub("rev-parse", inbox(marc)) == marc.git("rev-parse", "HEAD~1")
