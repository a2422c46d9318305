"""`fv watch` as a person runs it: its lines, its objects, its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gitenv import PINNED
from tests.world import fv

pytestmark = pytest.mark.slow


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    fv("init", "vault", cwd=tmp_path)
    return tmp_path / "vault"


def start(vault: Path, *words: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "FV_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "fieldvault", "watch", *words],
        cwd=vault,
        env=environment | {key: value for key, value in PINNED.items() if not key.endswith("_DATE")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(os.name == "nt", reason="sends signals")
def test_a_save_is_told_within_three_seconds_and_ctrl_c_ends_it(vault: Path) -> None:
    process = start(vault)
    assert process.stdout
    assert "Watching" in process.stdout.readline()
    assert "· watched" in fv("status", cwd=vault).stdout
    second = fv("watch", cwd=vault)
    assert second.returncode == 1 and "is watched already" in second.stderr
    (vault / "new.yaml").write_text("name: Garage Simon\n")
    assert "Committed 1 record: new file Garage Simon" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (130, "") and out.startswith("Stopped.")
    assert "watched" not in fv("status", cwd=vault).stdout
    assert (vault / ".git/fieldvault/watch.lock").read_text() == ""


@pytest.mark.skipif(os.name == "nt", reason="sends signals")
def test_with_json_one_object_a_line(vault: Path) -> None:
    (vault / "broken.yaml").write_text("a: [\n")
    process = start(vault, "--json", "--poll")
    assert process.stdout
    lines = [json.loads(process.stdout.readline()) for _ in range(3)]
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert [line["kind"] for line in lines] == ["started", "polling", "committed"] and out == ""
    assert all(line["format"] == 1 and line["command"] == "watch" for line in lines)
    assert lines[2]["committed"]["drafts"][0]["problem"]["path"] == "broken.yaml"


@pytest.mark.skipif(os.name == "nt", reason="kills")
def test_a_killed_watcher_leaves_nothing_behind(vault: Path) -> None:
    process = start(vault)
    assert process.stdout and process.stdout.readline()
    process.kill()
    process.communicate()
    assert "watched" not in fv("status", cwd=vault).stdout
    (vault / "new.yaml").write_text("name: Garage Simon\n")
    again = start(vault)
    assert again.stdout
    assert "Watching" in again.stdout.readline() and "Garage Simon" in again.stdout.readline()
    again.send_signal(signal.SIGTERM)
    again.communicate(timeout=20)


@pytest.mark.parametrize("kind", ["systemd", "launchd", "schtasks"])
def test_the_service_is_printed(vault: Path, kind: str) -> None:
    done = fv("watch", "--print-service", kind, cwd=vault)
    assert done.returncode == 0 and "fieldvault" in done.stdout and str(vault) in done.stdout
