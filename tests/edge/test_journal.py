from pathlib import Path

import pytest

from fieldvault.core.snapshot import FILE, Entry, TreeChange
from fieldvault.edge.journal import Journal, JournalFile

ONE, OTHER = Entry(FILE, "1" * 40), Entry(0o100755, "2" * 40)
JOURNAL = Journal(
    branch="refs/heads/main",
    old_head=None,
    new_head="3" * 40,
    files=(TreeChange("été/a.yaml", ONE, OTHER), TreeChange("b\udcff", None, ONE)),
    tree_changes=(TreeChange("gone", ONE, None),),
    reason="fv sync: é",
)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    file = JournalFile(tmp_path / "own" / "journal")
    assert not file.exists() and file.read() is None
    file.write(JOURNAL)
    assert file.exists() and file.read() == JOURNAL
    file.remove()
    file.remove()
    assert not file.exists() and file.read() is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"format": 1}', b"\xff"])
def test_what_is_no_journal_of_ours_tells_of_no_change(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "journal").write_bytes(damage)
    assert JournalFile(tmp_path / "journal").read() is None
