"""git's merge driver, killed: git takes what stands in OURS whatever became of us."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from fieldvault.actions.merging.mergefile import drive
from tests.actions.killing import killed, possible

BASE, OURS, THEIRS = b"name: A\nphone: 1\n", b"name: B\nphone: 1\n", b"name: A\nphone: 2\n"
MERGED = b"name: B\nphone: 2\n"


@pytest.mark.skipif(not possible, reason="no fork here")
def test_a_driver_that_is_killed_leaves_ours_whole(tmp_path: Path) -> None:
    base, ours, theirs = (tmp_path / name for name in ("base", "ours", "theirs"))
    for at in count():
        for path, data in ((base, BASE), (ours, OURS), (theirs, THEIRS)):
            path.write_bytes(data)
        if not killed(lambda: drive(None, base, ours, theirs, "a.yaml"), at):
            break
        assert ours.read_bytes() in (OURS, MERGED)
    assert at and ours.read_bytes() == MERGED
