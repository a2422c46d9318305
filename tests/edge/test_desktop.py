"""The desktop is told where there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fieldvault.edge.desktop import notify

pytestmark = pytest.mark.skipif(os.name == "nt", reason="runs a shell script")


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a desktop's program writes what it is told, a line a word."""
    program, told = tmp_path / "notify-send", tmp_path / "told"
    program.write_text(f"""#!/bin/sh\nprintf '%s\\n' "$@" > {told}\nexit 3\n""")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("DISPLAY", ":0")
    return told


def test_what_is_told(told: Path) -> None:
    notify("vault", "--a.yaml:3: expected ':'")
    assert told.read_text() == "--app-name=fv\n--\nvault\n--a.yaml:3: expected ':'\n"


def test_without_a_desktop_nothing_is_told(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    notify("vault", "x")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PATH", "")
    notify("vault", "x")
    assert not told.exists()
