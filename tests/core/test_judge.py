"""What is refused of what came, path by path."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest

from fieldvault.core.judge import BLOB_BYTES_MAX, refuse
from fieldvault.core.snapshot import EXECUTABLE, FILE, Entry, Oid, TreeChange


class Trees:
    """A vault that had some files, and what it has now."""

    def __init__(self, had: Iterable[str], now: Iterable[str], size: int = 1) -> None:
        self.had = {"/".join(path.split("/")[:depth]) for path in had for depth in range(1, path.count("/") + 2)}
        self.size = size
        self.folders: dict[str, dict[str, None]] = {}
        for path in (*had, *now):
            parts = path.split("/")
            for depth, name in enumerate(parts):
                self.folders.setdefault("/".join(parts[:depth]), {})[name] = None

    def stood(self, path: str) -> bool:
        return path in self.had

    def names_in(self, folder: str) -> Iterable[str]:
        return self.folders[folder]

    def size_of(self, oid: Oid) -> int:
        return self.size


def judged(new: dict[str, int], had: tuple[str, ...] = (), size: int = 1) -> dict[str, str]:
    """What is refused of these new files (path -> mode) in a vault that had some."""
    changes = [TreeChange(path, None, Entry(mode, "1" * 40)) for path, mode in new.items()]
    return refuse(changes, Trees(had, new, size))


def test_what_is_fine_is_taken() -> None:
    assert not judged({"a/b.yaml": FILE, "run.sh": EXECUTABLE}, had=("a/c.yaml",))


@pytest.mark.parametrize(
    ("path", "mode", "reason"),
    [
        ("con.yaml", FILE, "name-device"),
        ("a/.git/config", FILE, "name-git"),
        ("link", 0o120000, "mode-link"),
        ("module", 0o160000, "mode-submodule"),
        ("a/../b", FILE, "name-relative"),
        ("/".join("a" * 17), FILE, "path-too-deep"),
    ],
)
def test_what_no_vault_can_hold_is_refused_alone(path: str, mode: int, reason: str) -> None:
    assert judged({path: mode, "good.yaml": FILE}) == {path: reason}


def test_a_file_that_is_too_large() -> None:
    assert judged({"a": FILE}, size=BLOB_BYTES_MAX) == {}
    assert judged({"a": FILE}, size=BLOB_BYTES_MAX + 1) == {"a": "file-too-large"}


def test_of_two_new_spellings_one_stays() -> None:
    assert judged({"Photo.png": FILE, "photo.png": FILE}) == {"photo.png": "name-twin"}
    assert judged({"e\u0301": FILE, "\u00e9": FILE}) == {"\u00e9": "name-twin"}


def test_what_the_vault_had_stays() -> None:
    assert judged({"photo.png": FILE}, had=("Photo.png",)) == {"photo.png": "name-twin"}


def test_a_folder_under_another_spelling_is_refused_with_all_in_it() -> None:
    new = {"CUSTOMERS/a.yaml": FILE, "CUSTOMERS/b.yaml": FILE, "customers/c.yaml": FILE}
    assert judged(new, had=("customers/x.yaml",)) == dict.fromkeys(list(new)[:2], "name-twin")


def test_an_edit_or_removal_is_never_a_twin() -> None:
    """Two spellings that the vault has had all along: their edits are taken, or nobody could mend it."""
    change = TreeChange("A", Entry(FILE, "1" * 40), Entry(FILE, "2" * 40))
    assert not refuse([change, TreeChange("a", change.old, None)], Trees(("A", "a"), ()))


def test_many_files_in_one_folder_are_judged_in_linear_time() -> None:
    start = time.process_time()
    assert not judged({f"orders/{number}.yaml": FILE for number in range(20_000)})
    assert time.process_time() - start < 3
