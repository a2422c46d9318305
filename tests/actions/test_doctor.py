"""The doctor finds what is wrong, says nothing where all is well, and a repair puts right what it names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fieldvault.actions.ground.device import device
from fieldvault.actions.syncing.hubnotes import INBOXES, notes_of
from fieldvault.actions.tending.doctor import DoctorReport, doctor, drop_caches, renew_settings
from fieldvault.edge.boot import started_at
from tests.servers import Servers, settings_of_hubs
from tests.world import Desk, World, fv

FILES = {"fieldvault.yaml": "format: 1\n", "a.yaml": "name: A\n", ".gitattributes": "*.yaml merge=fieldvault -text\n"}


def examine(desk: Desk) -> DoctorReport:
    with desk.vault() as vault:
        return doctor(vault)


def found(desk: Desk) -> list[tuple[str, str]]:
    return [(one.level, one.kind) for one in examine(desk).findings]


@pytest.fixture
def marc(world: World) -> Desk:
    return world.first("Marc", files=FILES)


def test_all_is_well(world: World, marc: Desk) -> None:
    before = marc.files(), world.hub_git("rev-parse", "main"), marc.git("for-each-ref")
    report = examine(marc)
    assert report.findings == [] and not report.wrong
    assert report.hub is not None and report.hub.reached and report.hub.abilities is None
    assert (marc.files(), world.hub_git("rev-parse", "main"), marc.git("for-each-ref")) == before


def test_a_plain_clone_lacks_our_settings(world: World, marc: Desk) -> None:
    marc.git("clone", "-q", world.url, str(world.folder / "plain"))
    plain = Desk(world.folder / "plain", "Ines")
    assert found(plain) == [("wrong", "not-equipped")]
    with plain.vault() as vault:
        renew_settings(vault)
        renew_settings(vault)
    assert found(plain) == []
    assert plain.git("config", "merge.fieldvault.driver").startswith("fv merge-driver")
    assert (plain.root / ".git/info/exclude").read_text().count(".fv-*") == 1


def test_off_main_it_says_what_sync_will_say(marc: Desk) -> None:
    marc.git("switch", "-qc", "side")
    assert found(marc) == [("hint", "sync-other-branch")]
    marc.git("switch", "-q", "--detach")
    assert found(marc) == [("hint", "detached-head")]
    assert "git switch main" in fv("doctor", cwd=marc.root, environment=marc.environment).stdout


def test_an_object_that_is_gone(marc: Desk) -> None:
    for pack in (marc.root / ".git/objects/pack").glob("*.pack"):
        pack.rename(marc.root / "pack")
        marc.git("unpack-objects", "-q", stdin=(marc.root / "pack").read_bytes().decode("latin-1"))
    oid = marc.git("rev-parse", "HEAD:a.yaml")
    lost = marc.root / ".git/objects" / oid[:2] / oid[2:]
    lost.chmod(0o644)
    lost.write_bytes(b"torn")
    (finding,) = [one for one in examine(marc).findings if one.kind == "objects-damaged"]
    assert (finding.level, finding.facts) == ("wrong", {"oid": oid, "count": 1})


def test_a_lock_that_git_left(marc: Desk) -> None:
    lock = marc.root / ".git/index.lock"
    lock.touch()
    assert found(marc) == []  # git may be at work
    started = started_at()
    assert started is not None
    os.utime(lock, (started - 30, started - 30))  # as well as clocks agree, no older than this computer's start
    assert found(marc) == [("wrong", "lock-left")]
    told = fv("doctor", "--repair", "locks", cwd=marc.root, environment=marc.environment)
    assert told.returncode == 0 and lock.exists()


@pytest.mark.parametrize(
    "name", ["index.lock", "HEAD.lock", "refs/heads/main.lock", "refs/remotes/origin/main.lock", "config.lock"]
)
def test_a_lock_from_before_this_computer_was_started(marc: Desk, name: str) -> None:
    lock, started = marc.root / ".git" / name, started_at()
    assert started is not None
    lock.touch()
    os.utime(lock, (started - 120, started - 120))
    told = fv("doctor", cwd=marc.root, environment=marc.environment)
    assert told.returncode == 3 and "fv doctor --repair locks" in told.stdout
    told = fv("doctor", "--repair", "locks", cwd=marc.root, environment=marc.environment)
    assert told.returncode == 0 and not lock.exists()
    marc.write("a.yaml", "name: B\n")
    assert marc.commit().commit
    marc.assert_clean()


def test_what_git_has_under_way_and_who_commits(marc: Desk) -> None:
    (marc.root / ".git/MERGE_HEAD").write_text(marc.head() + "\n")
    for name in [name for name in marc.environment if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))]:
        del marc.environment[name]
    assert found(marc) == [("wrong", "no-identity"), ("wrong", "git-under-way")]


def test_a_hub_that_is_away_is_nobody_s_fault(world: World, marc: Desk) -> None:
    world.hub.rename(world.folder / "pocket")
    assert marc.sync().unreachable
    report = examine(marc)
    assert [(one.level, one.kind) for one in report.findings] == [("away", "hub-missing")]
    assert not report.wrong and report.hub is not None and not report.hub.reached


def test_another_vault_s_hub_and_none(world: World, marc: Desk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other")
    other.first("Nora", files=FILES | {"n.txt": "n"})
    marc.git("remote", "set-url", "origin", other.url)
    marc.git("fetch", "-q", "origin")
    assert ("wrong", "hub-unrelated") in found(marc)
    marc.git("remote", "remove", "origin")
    assert found(marc) == [("hint", "no-hub")]


def test_a_copy_that_delivers_under_our_name(world: World, marc: Desk) -> None:
    with marc.vault() as vault:
        name = device(vault)
    tip = marc.head()
    other = world.hub_git("commit-tree", f"{tip}^{{tree}}", "-p", tip, "-m", "the copy's")
    world.hub_git("update-ref", INBOXES[0] + name, other)
    assert found(marc) == [("hint", "device-twin")]


def test_caches_are_made_anew(marc: Desk) -> None:
    marc.status()
    with marc.vault() as vault:
        drop_caches(vault)
    assert not (marc.root / ".git/fieldvault/index.sqlite").exists()
    assert marc.status().edits == []
    assert (marc.root / ".git/fieldvault/index.sqlite").exists()


def test_the_command(world: World, marc: Desk) -> None:
    def run(*words: str) -> tuple[int, str]:
        done = fv("doctor", *words, cwd=marc.root, environment=marc.environment)
        return done.returncode, done.stdout

    code, said = run()
    assert code == 0 and "All is well." in said
    marc.git("config", "--remove-section", "merge.fieldvault")
    code, said = run()
    assert code == 3 and "fv doctor --repair settings" in said
    assert run("--json")[1].startswith('{"format": 1, "command": "doctor", "findings": [{"level": "wrong"')
    assert run("--repair", "settings")[0] == run("--repair", "cache")[0] == 0
    world.hub.rename(world.folder / "pocket")
    assert run()[0] == 4


@pytest.mark.peers
@pytest.mark.usefixtures("nobodys_settings")
class TestHubs:
    def desk(self, kind: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Desk, Path]:
        hub = servers.repository()
        url = servers.url(kind, hub.path.name, monkeypatch)
        world = World(tmp_path, url, settings_of_hubs())
        hub("config", "uploadpack.allowFilter", "true")
        return world.first("Marc", files=FILES), hub.path

    @pytest.mark.parametrize("kind", ["git", "ssh", "http", "https"])
    def test_what_a_hub_has_and_lacks(
        self, kind: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        marc, hub = self.desk(kind, servers, tmp_path, monkeypatch)
        report = examine(marc)
        assert report.findings == []
        assert report.hub is not None and report.hub.abilities == (2, True)
        assert report.hub.inbox is not None and report.hub.inbox.startswith(INBOXES[0])
        marc.git("--git-dir", str(hub), "config", "uploadpack.allowFilter", "false")
        assert found(marc) == [("hint", "hub-no-filter")]
        marc.sync()

    def test_debian_s_sshd_lacks_a_line(
        self, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        marc, _ = self.desk("ssh-v0", servers, tmp_path, monkeypatch)
        report = examine(marc)
        assert [one.kind for one in report.findings] == ["hub-ssh-protocol"]
        assert report.hub is not None and report.hub.abilities == (0, True)
        said = fv("doctor", cwd=marc.root, environment=marc.environment)
        assert said.returncode == 0 and "AcceptEnv GIT_PROTOCOL" in said.stdout

    @pytest.mark.parametrize("hidden", ["refs/fv", "refs/fv refs/heads/fv"])
    def test_deliveries_that_a_hub_does_not_take(
        self, hidden: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        marc, hub = self.desk("git", servers, tmp_path, monkeypatch)
        for prefix in hidden.split():
            marc.git("--git-dir", str(hub), "config", "--add", "receive.hideRefs", prefix)
        kind = "hub-other-inbox" if hidden == "refs/fv" else "hub-no-inbox"
        assert found(marc) == [("hint", kind)]
        assert found(marc) == [("hint", kind)]
        marc.git("--git-dir", str(hub), "config", "--unset-all", "receive.hideRefs")
        assert found(marc) == [("hint", "hub-inbox-again")]
        with marc.vault() as vault:
            assert notes_of(vault, str(vault.config.origin_url())).inboxes == INBOXES
        assert found(marc) == []
