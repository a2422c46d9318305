"""Working files that change places: nothing unseen is lost, and a change that was cut off is told how far it got."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from fieldvault.core.snapshot import EXECUTABLE, FILE, Entry, TreeChange, blob_id
from fieldvault.edge.worktree import replacing, swap
from fieldvault.edge.worktree.files import Read, Worktree
from fieldvault.edge.worktree.replacing import Outcome, Replacing

OLD, NEW, SAVE, LATER = b"old\n", b"new\n", b"a save\n", b"a later save\n"
VERSIONS = {blob_id(data): data for data in (OLD, NEW, SAVE, LATER)}
content = VERSIONS.__getitem__


def entry(data: bytes | None, mode: int = FILE) -> Entry | None:
    return Entry(mode, blob_id(data)) if data is not None else None


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "vault").mkdir()
    return tmp_path / "vault"


@pytest.fixture(params=["exchange", "rename"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's exchange where it has one, and without."""
    if request.param == "rename":
        monkeypatch.setattr(swap, "_renames", lambda: None)


def replacing_of(root: Path, *changes: TreeChange, worktree: Worktree | None = None) -> Replacing:
    return Replacing(worktree or Worktree(root), root.parent / "staged", changes)


def carried_out(root: Path, *changes: TreeChange, worktree: Worktree | None = None) -> dict[str, Outcome]:
    one = replacing_of(root, *changes, worktree=worktree)
    one.stage(content)
    outcomes = {outcome.change.path: outcome for outcome in one.place(content)}
    one.discard()
    assert list((root.parent / "staged").iterdir()) == []
    return outcomes


def held(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def test_files_are_made_replaced_and_removed(root: Path, system: None) -> None:
    for name in ("changed", "gone"):
        (root / name).write_bytes(OLD)
    outcomes = carried_out(
        root,
        TreeChange("changed", entry(OLD), entry(NEW)),
        TreeChange("a/b/made", None, entry(NEW)),
        TreeChange("gone", entry(OLD), None),
    )
    assert {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()} == {
        "changed": NEW,
        "a/b/made": NEW,
    }
    for name in ("changed", "a/b/made"):
        assert outcomes[name] == Outcome(outcomes[name].change, (root / name).lstat())
    assert outcomes["gone"].problem is None


def test_many_files_come_in_one_go(root: Path) -> None:
    changes = [TreeChange(f"f{number % 3}/{number}", None, entry(NEW)) for number in range(replacing.BULK + 5)]
    assert all(outcome.problem is None for outcome in carried_out(root, *changes).values())
    assert all((root / change.path).read_bytes() == NEW for change in changes)


@pytest.mark.parametrize("new", [NEW, None])
def test_a_file_that_was_edited_stays(root: Path, system: None, new: bytes | None) -> None:
    (root / "a").write_bytes(SAVE)
    change = TreeChange("a", entry(OLD), entry(new))
    assert carried_out(root, change) == {"a": Outcome(change, None, "file-edited", entry(OLD))}
    assert held(root / "a") == SAVE


def test_a_file_that_holds_the_new_version_is_adopted(root: Path) -> None:
    (root / "a").write_bytes(NEW)
    before = (root / "a").lstat()
    change = TreeChange("a", None, entry(NEW))
    assert carried_out(root, change) == {"a": Outcome(change, before)}


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no execute bit")
def test_permissions_stay_but_for_the_execute_bit(root: Path) -> None:
    (root / "a").write_bytes(OLD)
    (root / "a").chmod(0o640)
    (root / "b").write_bytes(NEW)
    (root / "b").chmod(0o600)
    carried_out(
        root,
        TreeChange("a", entry(OLD), entry(NEW, EXECUTABLE)),
        TreeChange("b", entry(NEW), entry(NEW, EXECUTABLE)),
    )
    assert stat.S_IMODE((root / "a").lstat().st_mode) == 0o750
    assert stat.S_IMODE((root / "b").lstat().st_mode) == 0o700


class _SavedIn(Worktree):
    """A working tree in which somebody saves between our look at a file and what we do to it."""

    def __init__(self, root: Path, save: Callable[[Path], None]) -> None:
        super().__init__(root)
        self.save = save

    def read(self, path: str) -> Read | None:
        seen = super().read(path)
        self.save(self.path(path))
        return seen

    def name(self, path: str) -> str:
        if not self.path(path).exists():  # a new file is put there without a look
            self.save(self.path(path))
        return super().name(path)


def by_rename(path: Path, data: bytes = SAVE) -> None:
    beside = path.with_name("beside")
    beside.write_bytes(data)
    beside.replace(path)


def in_place(path: Path) -> None:
    path.write_bytes(SAVE)


@pytest.mark.parametrize("save", [by_rename, in_place])
@pytest.mark.parametrize(("old", "new"), [(OLD, NEW), (OLD, None), (None, NEW)])
def test_a_save_between_look_and_exchange_is_not_lost(
    root: Path, system: None, old: bytes | None, new: bytes | None, save: Callable[[Path], None]
) -> None:
    if old is not None:
        (root / "a").write_bytes(old)
    change = TreeChange("a", entry(old), entry(new))
    outcomes = carried_out(root, change, worktree=_SavedIn(root, save))
    assert outcomes == {"a": Outcome(change, None, "file-edited", entry(old))}
    assert held(root / "a") == SAVE


@pytest.mark.parametrize("new", [NEW, None])
def test_a_save_while_one_goes_back_is_not_lost_either(
    root: Path, new: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Save, exchange, later save, exchange back: the later one must stand in the end."""
    (root / "a").write_bytes(OLD)
    seen = []

    def identity(path: str) -> frozenset[str]:
        found = original(path)
        if blob_id(SAVE) in found and not seen:
            seen.append(path)
            by_rename(root / "a", LATER)
        return found

    original = replacing._identity
    monkeypatch.setattr(replacing, "_identity", identity)
    change = TreeChange("a", entry(OLD), entry(new))
    assert carried_out(root, change, worktree=_SavedIn(root, by_rename))["a"].problem == "file-edited"
    assert held(root / "a") == LATER


def test_a_file_follows_a_folder_and_a_folder_a_file(root: Path, system: None) -> None:
    (root / "file").write_bytes(OLD)
    (root / "folder").mkdir()
    (root / "folder" / "inside").write_bytes(OLD)
    outcomes = carried_out(
        root,
        TreeChange("file", entry(OLD), None),
        TreeChange("file/inside", None, entry(NEW)),
        TreeChange("folder", None, entry(NEW)),
        TreeChange("folder/inside", entry(OLD), None),
    )
    assert [outcome.problem for outcome in outcomes.values()] == [None] * 4
    assert held(root / "file" / "inside") == held(root / "folder") == NEW


def test_what_stands_in_the_way_of_a_folder_stays(root: Path) -> None:
    (root / "a").write_bytes(SAVE)
    (root / "b").mkdir()
    (root / "b" / "mine").write_bytes(SAVE)
    changes = TreeChange("a/inside", None, entry(NEW)), TreeChange("b", None, entry(NEW))
    problems = [outcome.problem for outcome in carried_out(root, *changes).values()]
    assert problems == ["file-in-the-way", "file-is-folder"]
    assert held(root / "a") == held(root / "b" / "mine") == SAVE


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a right there")
def test_no_file_is_put_or_removed_through_a_link(root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "a").write_bytes(OLD)
    (root / "customers").symlink_to(outside, target_is_directory=True)
    changes = (
        TreeChange("customers/a", entry(OLD), entry(NEW)),
        TreeChange("customers/b", None, entry(NEW)),
        TreeChange("customers/deep/b", None, entry(NEW)),
    )
    problems = {outcome.problem for outcome in carried_out(root, *changes).values()}
    assert problems == {"file-in-the-way"}
    assert [path.name for path in outside.iterdir()] == ["a"] and held(outside / "a") == OLD


class _Insensitive(Worktree):
    """Where names that differ in case or Unicode form only are one file: any spelling finds what stands there."""

    def path(self, path: str) -> Path:
        wanted = super().path(path)
        folder = wanted.parent
        if folder.is_dir():
            for standing in folder.iterdir():
                if standing.name.casefold() == wanted.name.casefold():
                    return standing
        return wanted


def test_a_rename_in_case_only(root: Path) -> None:
    """The old name is gone from the folder before the new one is taken, or the system would find one file twice."""
    (root / "Simon.yaml").write_bytes(OLD)
    outcomes = carried_out(
        root,
        TreeChange("SIMON.yaml", None, entry(OLD)),
        TreeChange("Simon.yaml", entry(OLD), None),
        worktree=_Insensitive(root),
    )
    assert [outcome.problem for outcome in outcomes.values()] == [None, None]
    assert [path.name for path in root.iterdir()] == ["SIMON.yaml"] and held(root / "SIMON.yaml") == OLD


# What the path and its number hold when the change is found, the path afterwards, the problem, and its base. The first
# six rows are a replacement OLD -> NEW, then a removal of OLD, then a creation of NEW.
CUT_OFF = [
    (OLD, NEW, OLD, NEW, NEW, None, None),
    (OLD, NEW, NEW, OLD, NEW, None, None),
    (OLD, NEW, SAVE, NEW, SAVE, "file-edited", OLD),
    (OLD, NEW, SAVE, OLD, SAVE, "file-edited", NEW),
    (OLD, NEW, NEW, SAVE, SAVE, "file-edited", OLD),
    (OLD, NEW, None, NEW, None, "file-edited", OLD),
    (OLD, NEW, None, OLD, None, "file-edited", NEW),
    (OLD, NEW, OLD, None, NEW, None, None),
    (OLD, NEW, NEW, None, NEW, None, None),
    (OLD, None, OLD, None, None, None, None),
    (OLD, None, None, OLD, None, None, None),
    (OLD, None, None, SAVE, SAVE, "file-edited", OLD),
    (OLD, None, SAVE, None, SAVE, "file-edited", OLD),
    (OLD, None, SAVE, OLD, SAVE, "file-edited", None),
    (None, NEW, None, NEW, NEW, None, None),
    (None, NEW, NEW, None, NEW, None, None),
    (None, NEW, SAVE, NEW, SAVE, "file-edited", None),
    (None, NEW, SAVE, None, SAVE, "file-edited", NEW),
]


@pytest.mark.parametrize(("old", "new", "stands", "kept", "after", "problem", "base"), CUT_OFF)
def test_a_change_that_was_cut_off(
    root: Path,
    old: bytes | None,
    new: bytes | None,
    stands: bytes | None,
    kept: bytes | None,
    after: bytes | None,
    problem: str | None,
    base: bytes | None,
) -> None:
    staged = root.parent / "staged"
    staged.mkdir()
    for path, data in ((root / "a", stands), (staged / "0", kept)):
        if data is not None:
            path.write_bytes(data)
    change = TreeChange("a", entry(old), entry(new))
    (outcome,) = replacing_of(root, change).place(content)
    assert held(root / "a") == after
    assert (outcome.problem, outcome.base) == (problem, entry(base))


def test_a_recovery_that_was_cut_off_itself_passes_no_torn_file_for_a_save(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = root.parent / "staged"
    staged.mkdir()
    change = TreeChange("a", None, entry(NEW))

    def cut_off(name: str, data: bytes, *_: object, **__: object) -> os.stat_result:
        Path(name).write_bytes(data[:1])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(replacing, "write_new", cut_off)
        replacing_of(root, change).place(content)
    assert list(staged.iterdir()) and held(staged / "0") is None
    assert replacing_of(root, change).place(content)[0].problem is None
    assert held(root / "a") == NEW


def test_a_change_that_is_given_up(root: Path) -> None:
    """What was put in place is named, a save that came out goes back, and nothing is brought along any more."""
    staged = root.parent / "staged"
    staged.mkdir()
    for number, (stands, kept) in enumerate([(NEW, OLD), (OLD, NEW), (NEW, SAVE), (LATER, OLD)]):
        (root / str(number)).write_bytes(stands)
        (staged / str(number)).write_bytes(kept)
    changes = [TreeChange(str(number), entry(OLD), entry(NEW)) for number in range(4)]
    assert replacing_of(root, *changes).abandon() == {"0": entry(NEW), "3": entry(NEW)}
    assert [held(root / str(number)) for number in range(4)] == [NEW, OLD, SAVE, LATER]
