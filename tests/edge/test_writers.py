"""Who still writes a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fieldvault.edge.writers import being_written

pytestmark = pytest.mark.skipif(not Path("/proc/self/fdinfo").is_dir(), reason="needs /proc")


def test_a_writer_is_seen_a_reader_is_not(tmp_path: Path) -> None:
    written, read = tmp_path / "written", tmp_path / "read"
    for path in (written, read):
        path.write_bytes(b"x")
    with written.open("ab"), read.open("rb"):
        assert being_written([written, read, tmp_path / "none"]) == {written}
    assert being_written([written, read]) == set()


def test_another_process_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a"
    script = "import sys; f = open(sys.argv[1], 'wb'); print('open', flush=True); sys.stdin.read()"
    words = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "open\n"
        assert being_written([path]) == {path}
        process.communicate()
    assert being_written([path]) == set()
