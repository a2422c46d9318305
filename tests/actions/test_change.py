"""One change of the vault: what it leaves alone, what it brings along later, and what plain git does in between."""

from __future__ import annotations

import pytest

from fieldvault.actions.committing import commit as commit_module
from fieldvault.actions.ground import change as change_module
from fieldvault.actions.ground.change import resume
from fieldvault.actions.ground.recovery import recover
from fieldvault.actions.ground.vault import Vault
from fieldvault.edge.journal import Journal
from tests.faults.scenes import CUSTOMER, FILES, RECORD
from tests.world import Desk, World

BROKEN = RECORD + "phones: [\n"


@pytest.fixture
def desks(world: World) -> tuple[Desk, Desk]:
    return world.first("Marc", files=FILES), world.join("Ines")


def left_behind(marc: Desk, ines: Desk) -> None:
    """Marc's file is a draft while Ines's new samples come in; then he saves it as it was."""
    marc.write(CUSTOMER, BROKEN)
    ines.edit(CUSTOMER, "samples: 10", "samples: 15")
    ines.sync()
    assert CUSTOMER in marc.sync().behind
    assert marc.read(CUSTOMER) == BROKEN


@pytest.mark.parametrize("lost", [False, True])
def test_a_file_that_was_left_behind_undoes_nobody(desks: tuple[Desk, Desk], lost: bool) -> None:
    marc, ines = desks
    left_behind(marc, ines)
    marc.write(CUSTOMER, RECORD)
    if lost:
        (marc.root / ".git" / "fieldvault" / "index.sqlite").unlink()
    assert marc.commit().commit is None
    assert marc.read(CUSTOMER) == RECORD.replace("10", "15")
    marc.assert_clean()


def test_an_edit_of_a_file_that_was_left_behind_is_merged(desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    left_behind(marc, ines)
    marc.write(CUSTOMER, RECORD.replace("samples: 10", "samples: 12").replace("Lefèvre", "Lefèvre SARL"))
    marc.commit()
    assert marc.read(CUSTOMER) == RECORD.replace("samples: 10", "samples: 17").replace("Lefèvre", "Lefèvre SARL")
    marc.assert_clean()


def test_a_file_that_could_not_be_made_is_no_removal(desks: tuple[Desk, Desk]) -> None:
    """Not even when the table that says so is lost."""
    marc, ines = desks
    ines.write("letters/one.txt", "Dear\n")
    ines.sync()
    marc.write("letters", "a file of Marc's where the folder is to stand\n")
    (marc.root / ".git" / "info" / "exclude").write_text("letters\n", encoding="utf-8")
    assert marc.sync().behind == {"letters/one.txt": "file-in-the-way"}
    (marc.root / ".git" / "fieldvault" / "index.sqlite").unlink()
    marc.remove("letters")
    assert marc.commit().commit is None
    assert marc.read("letters/one.txt") == "Dear\n"


class _CutOff(BaseException):
    """As a kill: no handler of ours sees it."""


def cut_off_after_files(marc: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marc's sync dies when the files are new, and branch and index old."""

    def die(*_: object) -> None:
        raise _CutOff

    with monkeypatch.context() as patch, pytest.raises(_CutOff):
        patch.setattr(change_module, "note_change", die)
        marc.sync()
    assert (marc.root / ".git" / "fieldvault" / "journal").exists()


@pytest.mark.parametrize("act", ["set", "resolve"])
def test_what_fv_writes_itself_stands_in_the_folder_and_in_history_or_in_neither(
    desks: tuple[Desk, Desk], act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    marc, ines = desks
    ines.edit(CUSTOMER, "name: Lefèvre", "name: Lefèvre SA")
    ines.sync()
    marc.edit(CUSTOMER, "name: Lefèvre", "name: Lefèvre SARL")
    marc.sync()
    before = marc.files()

    def die(*_: object) -> None:
        raise _CutOff

    def command() -> None:
        if act == "set":
            marc.set("lefevre", "samples=12")
        else:
            marc.resolve("lefevre", "/name", take=2)

    with monkeypatch.context() as patch, pytest.raises(_CutOff):
        patch.setattr(change_module, "pin", die)
        command()
    assert marc.files() == before
    command()
    assert marc.files() != before
    marc.assert_clean()


def test_an_edit_by_fv_is_made_on_top_of_what_the_person_has_not_committed(desks: tuple[Desk, Desk]) -> None:
    marc, _ = desks
    marc.edit(CUSTOMER, "name: Lefèvre", "name: Lefèvre SARL")
    marc.set("lefevre", "samples=12")
    assert "name: Lefèvre SARL" in marc.read(CUSTOMER) and "samples: 12" in marc.read(CUSTOMER)
    marc.set("lefevre", "samples=10", "name=Lefèvre")
    marc.edit(CUSTOMER, "samples: 10", "samples: 11")
    assert marc.set("lefevre", "samples=10").commit is None
    assert marc.read(CUSTOMER) == RECORD
    marc.assert_clean()


@pytest.fixture
def cut_off(desks: tuple[Desk, Desk], monkeypatch: pytest.MonkeyPatch) -> Desk:
    marc, ines = desks
    ines.edit(CUSTOMER, "samples: 10", "samples: 15")
    ines.sync()
    marc.edit(CUSTOMER, "samples: 10", "samples: 12")
    marc.commit()
    cut_off_after_files(marc, monkeypatch)
    assert "samples: 17" in marc.read(CUSTOMER)
    return marc


def test_a_sum_is_not_counted_twice_after_a_cut(cut_off: Desk) -> None:
    assert cut_off.git.run("commit", "-qam", "plain").returncode != 0
    cut_off.sync()
    assert "samples: 17" in cut_off.read(CUSTOMER)
    cut_off.assert_clean()


def test_a_save_on_top_of_what_came_in_counts_from_there(cut_off: Desk) -> None:
    cut_off.edit(CUSTOMER, "samples: 17", "samples: 18")
    cut_off.sync()
    assert "samples: 18" in cut_off.read(CUSTOMER)
    cut_off.assert_clean()


def test_where_git_has_moved_on_nothing_is_brought_along_and_nothing_counted_twice(cut_off: Desk) -> None:
    for name in ("index.lock", "HEAD.lock", "refs/heads/main.lock"):  # as somebody does who wants to go on with git
        (cut_off.root / ".git" / name).unlink()
    cut_off.git("commit", "-q", "--allow-empty", "-m", "plain")
    with cut_off.vault() as vault:
        assert vault.mended == ["mended-dropped"]
        assert CUSTOMER in vault.stats.behind()
    cut_off.sync()
    assert "samples: 17" in cut_off.read(CUSTOMER)
    cut_off.assert_clean()


def test_a_process_at_work_is_not_disturbed(cut_off: Desk) -> None:
    vault = Vault(cut_off.root)
    with vault, vault.vault_lock("other", 1):
        again = Vault(cut_off.root)
        recover(again)
        assert again.journal.exists() and again.mended == []


def test_git_that_is_always_quicker_is_held_back(desks: tuple[Desk, Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    marc, _ = desks
    codes = []

    def survey(*arguments: object) -> object:
        seen = original(*arguments)
        codes.append(marc.git.run("commit", "-q", "--allow-empty", "-m", "quicker").returncode)
        return seen

    original = commit_module.survey
    monkeypatch.setattr(commit_module, "survey", survey)
    marc.edit(CUSTOMER, "samples: 10", "samples: 11")
    assert marc.commit("Marc's").commit == marc.head()
    assert codes == [0, 0, 128]
    monkeypatch.undo()
    marc.assert_clean()


def test_a_journal_of_another_branch_is_dropped(desks: tuple[Desk, Desk]) -> None:
    marc, _ = desks
    with marc.vault() as vault:
        head = vault.head()
        assert head is not None
        vault.journal.write(Journal("refs/heads/other", head, head, (), (), ""))
        assert not resume(vault, Journal("refs/heads/other", head, head, (), (), ""))
        assert not vault.journal.exists()
    marc.assert_clean()
