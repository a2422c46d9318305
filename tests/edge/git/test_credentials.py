"""Passwords come from git's helpers, and where git is not installed from its store file."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldvault.edge.git.hubs import credentials
from fieldvault.edge.git.hubs.address import parse_address
from fieldvault.edge.git.hubs.credentials import Login, find_login
from tests.gitenv import Git

pytestmark = pytest.mark.usefixtures("nobodys_settings")

HUB = parse_address("https://hub.example:8443/territory.git", Path())


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Git:
    path = tmp_path / "gitconfig"
    path.touch()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(path))
    return Git(tmp_path, GIT_CONFIG_GLOBAL=str(path))


def test_nobody_knows() -> None:
    assert find_login(HUB) is None


def test_the_address_itself_knows() -> None:
    assert find_login(parse_address("https://marc:s3cret@hub.example/x.git", Path())) == Login("marc", "s3cret")


def test_a_helper_is_told_the_whole_address(settings: Git, tmp_path: Path) -> None:
    settings("config", "--global", "credential.useHttpPath", "true")
    settings("config", "--global", "credential.helper", f"!f() {{ cat > {tmp_path}/asked; echo password=x; }}; f")
    settings("config", "--global", "credential.https://hub.example:8443.username", "marc")
    assert find_login(HUB) == Login("marc", "x")
    asked = (tmp_path / "asked").read_text().splitlines()
    assert {"protocol=https", "host=hub.example:8443", "path=territory.git", "username=marc"} <= set(asked)


def test_a_helper_for_another_host_is_not_asked(settings: Git) -> None:
    settings("config", "--global", "credential.https://other.example.helper", "!f() { echo password=x; }; f")
    settings("config", "--global", "credential.username", "marc")
    assert find_login(HUB) is None


def test_a_helper_that_hangs_is_left(settings: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_HELPER_SECONDS", 0.3)
    settings("config", "--global", "credential.helper", "!exec sleep 20")
    assert find_login(HUB) is None


def test_without_git_its_store_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    store = tmp_path / ".git-credentials"
    store.write_text(
        "nonsense\n"
        "https://marc:other@hub.example\n"
        "http://marc:other@hub.example:8443\n"
        "https://marc:s%40cret%20v%C3%A9lo@hub.example:8443\n"
    )
    assert find_login(HUB) == Login("marc", "s@cret vélo")
    store.unlink()
    assert find_login(HUB) is None


def test_a_password_is_not_in_what_is_printed() -> None:
    assert "s3cret" not in repr(Login("marc", "s3cret"))
