"""What a walk finds, by one process or by two."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldvault.edge.worktree import walking
from fieldvault.edge.worktree.walking import Known, Listing, walk

FOLDERS = ("x", "y", "ignored", "x~", ".git")
FILES = ("a.yaml", "b.yaml", "ignored.txt", "c.yaml~", ".fv-1")
KINDS = ("known", "changed", "gone", "new", "folder", "link")

Tracked = dict[str, dict[str, object]]


def key(stat: os.stat_result) -> object:
    return stat.st_mtime_ns, stat.st_ino


def known_of(tracked: Tracked) -> Known:
    holding = {"/".join(folder.split("/")[:depth]) for folder in tracked for depth in range(1, 9)}
    return Known(
        tracked=lambda folder: tracked.get(folder, {}),
        key=key,
        holds_tracked=holding.__contains__,
        ignored=lambda path, _: any(name.startswith("ignored") for name in path.split("/")),
    )


def built(root: Path, files: dict[str, str]) -> Known:
    """These files, each as its kind says; all but the new ones are tracked."""
    tracked: Tracked = {}
    for path, kind in files.items():
        folder, _, name = path.rpartition("/")
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if kind == "folder":
            place.mkdir()
            (place / "below").touch()
        elif kind == "link":
            place.symlink_to("elsewhere")
        elif kind != "gone":
            place.touch()
        if kind != "new":
            tracked.setdefault(folder, {})[name] = key(place.lstat()) if kind == "known" else ()
    return known_of(tracked)


def found(root: Path, known: Known, start: str = "") -> list[Listing]:
    return sorted(
        Listing(folder, sorted(changed), sorted(gone), problem)
        for folder, changed, gone, problem in walk(root, start, known)
    )


def test_each_file_is_what_it_is(tmp_path: Path) -> None:
    files = dict(zip(("1", "2", "3", "4", "5", "6"), KINDS, strict=True))
    files |= {"ignored.txt": "new", "ignored.md": "changed", "a~": "new", "b~": "changed", ".fv-1": "new"}
    known = built(tmp_path, {f"in/{name}": kind for name, kind in files.items()})
    assert found(tmp_path, known) == [
        Listing("", [], []),
        Listing("in", ["2", "4", "6", "b~", "ignored.md"], ["3", "5"]),
        Listing("in/5", ["below"], []),
    ]
    assert found(tmp_path, known, "in/5") == [Listing("in/5", ["below"], [])]


def test_each_folder_is_what_it_is(tmp_path: Path) -> None:
    files = {
        "ignored/new": "new",
        "ignored but tracked/1": "known",
        "left~/new": "new",
        "left but tracked~/1": "changed",
    }
    files |= {"left but tracked~/2": "new", "nested/.git/HEAD": "new", "nested/below/1": "changed", ".git/HEAD": "new"}
    known = built(tmp_path, files)
    assert found(tmp_path, known) == [
        Listing("", [], []),
        Listing("ignored but tracked", [], []),
        Listing("left but tracked~", ["1"], []),
        Listing("nested", [], [], "nested-repository"),
    ]
    assert found(tmp_path, known_of({"away": {"1": ()}}), "away") == [Listing("away", [], ["1"])]


_folders = st.lists(st.sampled_from(FOLDERS), max_size=3).map(lambda names: "".join(f"{name}/" for name in names))
_paths = st.builds(str.__add__, _folders, st.sampled_from(FILES))


@pytest.mark.skipif(sys.platform != "linux", reason="walks are shared on Linux only")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@settings(deadline=None, max_examples=60)
@given(st.dictionaries(_paths, st.sampled_from(KINDS), max_size=30), st.integers(1, 6))
def test_two_processes_find_what_one_finds(files: dict[str, str], shared_from: int) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        known = built(Path(folder), files)
        alone = found(Path(folder), known)
        patch.setattr(walking, "pays", lambda waiting: waiting >= shared_from)
        assert found(Path(folder), known) == alone
