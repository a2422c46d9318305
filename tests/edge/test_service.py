"""Service definitions: for paths with spaces, quotes and signs that mean something to systemd or XML."""

from __future__ import annotations

import plistlib
import shlex
import sys
from pathlib import Path

import pytest

from fieldvault.edge import service
from fieldvault.errors import FieldvaultError

ROOT = Path('/home/cl aire/50% "Kunden" & $HOME')


def test_a_vault_has_a_name_of_its_own() -> None:
    assert service.service_name(Path("/a/Vault One")).startswith("fieldvault-vault-one-")
    assert service.service_name(Path("/a/v")) != service.service_name(Path("/b/v"))
    assert service.service_name(ROOT).replace("-", "").isalnum()


def test_systemd_reads_the_command_as_it_is_meant() -> None:
    line = next(line for line in service.systemd(ROOT).splitlines() if line.startswith("ExecStart="))
    words = shlex.split(line.removeprefix("ExecStart=").replace("$$", "$").replace("%%", "%"))
    assert words == [sys.executable, "-m", "fieldvault", "-C", str(ROOT), "watch"]


def test_launchd_reads_the_command_as_it_is_meant() -> None:
    agent = plistlib.loads(service.launchd(ROOT).encode())
    assert agent["ProgramArguments"] == service.command(ROOT)
    assert agent["RunAtLoad"] is True and agent["Label"] == service.service_name(ROOT)


def test_schtasks_starts_at_log_on() -> None:
    text = service.schtasks(Path("C:/v"))
    assert text.startswith("schtasks /Create") and "ONLOGON" in text and "fieldvault -C" in text


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A systemctl that notes what it was asked."""
    log = tmp_path / "log"
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> "{log}"\n[ ! -e "{tmp_path}/refuse" ]\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return log


@pytest.mark.skipif(sys.platform == "win32", reason="systemd is Linux's")
def test_install_and_uninstall(systemctl: Path, tmp_path: Path) -> None:
    unit = service.install(ROOT)
    assert unit.read_text() == service.systemd(ROOT) and unit.parent == tmp_path / "config/systemd/user"
    service.uninstall(ROOT)
    assert not unit.exists()
    asked = systemctl.read_text().splitlines()
    reload = "--user daemon-reload"
    assert asked == [reload, f"--user enable --now {unit.name}", f"--user disable --now {unit.name}", reload]


@pytest.mark.skipif(sys.platform == "win32", reason="systemd is Linux's")
def test_what_systemd_refuses_and_what_is_not_there(systemctl: Path, tmp_path: Path) -> None:
    with pytest.raises(FieldvaultError) as caught:
        service.uninstall(ROOT)
    assert caught.value.kind == "service-missing"
    (tmp_path / "refuse").touch()
    with pytest.raises(FieldvaultError) as caught:
        service.install(ROOT)
    assert caught.value.kind == "service-refused"
    assert not list(tmp_path.rglob("*.service"))
