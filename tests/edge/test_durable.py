"""Writes that are whole or not there, and the ground's other tools."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fieldvault.edge import durable


def test_a_file_is_put_whole_in_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    for data in (b"one", b"", b"two"):
        durable.write_whole(path, data)
        assert path.read_bytes() == data
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    durable.write_whole(path, b"old")

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable, "flush", full)
    with pytest.raises(OSError):
        durable.write_whole(path, b"new")
    assert path.read_bytes() == b"old" and [one.name for one in tmp_path.iterdir()] == ["file"]


def test_folders_that_are_gone_need_no_flush(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    durable.flush_folders([tmp_path, tmp_path / "gone", tmp_path / "file" / "below"])


def test_one_flush_for_a_whole_file_system_where_the_system_has_it(tmp_path: Path) -> None:
    assert durable.flush_file_system(tmp_path) == sys.platform.startswith("linux")


@pytest.mark.skipif(os.name == "nt", reason="not asked there")
def test_a_process_is_alive_or_not() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert durable.is_alive(process.pid) and durable.is_alive(os.getpid())
    assert not durable.is_alive(process.pid)
