"""What the hub refuses is left out of what waits; the rest goes, and nothing is lost."""

from __future__ import annotations

import pytest

from fieldvault.actions.syncing.hubnotes import notes_of
from fieldvault.actions.tending.leaving_out import LeftOut, leave_out
from fieldvault.errors import FieldvaultError, HubRefused
from tests.world import Desk, World, now

FILES = {"fieldvault.yaml": "format: 1\n", "a.yaml": "name: A\nphone: 1\n", "price.pdf": b"old"}


def refuse(desk: Desk, oid: str, *paths: str) -> None:
    """As the last sync was told."""
    with desk.vault() as vault:
        notes = notes_of(vault, str(vault.config.origin_url()))
        notes.failure = HubRefused("commit-refused", oid=oid, commit=oid[:10], paths=list(paths), reason="virus")
        notes.save(vault)


def repair(desk: Desk) -> LeftOut:
    with desk.vault() as vault:
        return leave_out(vault, now)


def step(desk: Desk, **files: str | bytes | None) -> str:
    """One commit; a file's name has `_` for its dot."""
    for name, text in files.items():
        path = name.replace("_", ".")
        desk.remove(path) if text is None else desk.write(path, text)
    desk.commit()
    return desk.head()


@pytest.fixture
def marc(world: World) -> Desk:
    return world.first("Marc", files=FILES)


def test_a_new_file_is_left_out_and_kept_beside(world: World, marc: Desk) -> None:
    first = step(marc, one_txt="1")
    bad = step(marc, virus_exe=b"MZ", note_txt="n")
    last = step(marc, a_yaml="name: A\nphone: 2\n")
    refuse(marc, bad, "virus.exe")
    report = repair(marc)
    assert (report.written, report.dropped, report.backup) == (2, 0, f"refs/fv/backup/{last}")
    (beside,) = report.kept.values()
    assert (marc.root / beside).read_bytes() == b"MZ" and not (marc.root / "virus.exe").exists()
    assert marc.git("log", "--format=%s", "--", "virus.exe", "main") == ""
    assert marc.git("rev-parse", "HEAD~2") == first  # what came before is as it was
    assert marc.git("log", "-1", "--format=%an %ad %s") == marc.git("log", "-1", "--format=%an %ad %s", last)
    assert marc.git("rev-parse", f"{report.backup}~1") == bad
    marc.assert_clean()
    marc.sync()
    assert world.hub_git("rev-parse", "main") == marc.head()
    assert world.hub_git("log", "--all", "--format=%H", "--", "virus.exe") == ""
    assert marc.files().keys() >= {beside, "note.txt", "one.txt"}
    assert marc.commit().commit is None  # what is kept beside is not committed again


def test_what_stood_before_stands_again(world: World, marc: Desk) -> None:
    bad = step(marc, price_pdf=b"new", a_yaml="name: A\nphone: 2\n")
    step(marc, b_yaml="name: B\n")
    refuse(marc, bad, "price.pdf")
    report = repair(marc)
    assert marc.files()["price.pdf"] == b"old" and marc.files()[report.kept["price.pdf"]] == b"new"
    assert "phone: 2" in marc.read("a.yaml")
    marc.assert_clean()


def test_a_version_that_came_later_stays(marc: Desk) -> None:
    bad = step(marc, price_pdf=b"huge")
    step(marc, price_pdf=b"small")
    refuse(marc, bad, "price.pdf")
    report = repair(marc)
    assert marc.files()["price.pdf"] == b"small" and report.kept == {}
    assert (report.written, report.dropped) == (1, 1)


def test_a_file_that_was_only_moved_since(marc: Desk) -> None:
    bad = step(marc, price_pdf=b"huge")
    step(marc, price_pdf=None, prices_pdf=b"huge")
    refuse(marc, bad, "price.pdf")
    report = repair(marc)
    assert marc.files()["price.pdf"] == b"old" and marc.files()[report.kept["prices.pdf"]] == b"huge"
    assert (report.written, report.dropped) == (0, 2)
    assert marc.head() == marc.git("rev-parse", "origin/main")
    marc.assert_clean()


def test_a_merge_stays_a_merge(world: World, marc: Desk) -> None:
    ines = world.join("Ines")
    step(ines, c_yaml="name: C\n")
    ines.sync()
    bad = step(marc, virus_exe=b"MZ", note_txt="n")
    marc.git("fetch", "-q", "origin")
    marc.git("-c", "user.name=M", "-c", "user.email=m@x", "merge", "-q", "--no-edit", "origin/main")
    marc.git("update-ref", "refs/remotes/origin/main", marc.git("merge-base", bad, "origin/main"))
    refuse(marc, bad, "virus.exe")
    repair(marc)
    assert len(marc.git("log", "-1", "--format=%P").split()) == 2
    assert {"c.yaml", "note.txt"} <= marc.files().keys() and "virus.exe" not in marc.files()
    world.settle(marc, ines)
    assert "virus.exe" not in ines.files() and "note.txt" in ines.files()
    assert ines.head() == marc.head()


def test_what_is_not_committed_yet_is_not_lost(marc: Desk) -> None:
    bad = step(marc, virus_exe=b"MZ")
    marc.edit("a.yaml", "phone: 1", "phone: 9")
    refuse(marc, bad, "virus.exe")
    repair(marc)
    assert "phone: 9" in marc.read("a.yaml")
    marc.assert_clean()


def test_a_name_with_everything_that_patterns_know(marc: Desk) -> None:
    name = "!what [2] #.bin"
    marc.write(name, b"MZ")
    bad = step(marc)
    refuse(marc, bad, name)
    report = repair(marc)
    assert list(report.kept) == [name]
    marc.assert_clean()
    assert marc.commit().commit is None


def test_without_a_refusal_there_is_nothing_to_repair(world: World, marc: Desk) -> None:
    with pytest.raises(FieldvaultError) as well:
        repair(marc)
    assert well.value.kind == "outbox-well"
    bad = step(marc, virus_exe=b"MZ")
    marc.sync()  # it went after all
    refuse(marc, bad, "virus.exe")
    with pytest.raises(FieldvaultError) as well:
        repair(marc)
    assert well.value.kind == "outbox-well" and marc.head() == bad
