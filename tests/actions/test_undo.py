import pytest

from fieldvault.actions.looking.history import log
from fieldvault.actions.setting_up.clone import clone
from fieldvault.errors import FieldvaultError
from tests.actions.test_sync import CUSTOMER, FILES, SCHEMA
from tests.world import Desk, World, as_person, now

LADDER = SCHEMA + "  seen: {type: string, format: date, x-merge: max}\n"


@pytest.fixture
def marc(world: World) -> Desk:
    return world.first("Marc", files=FILES | {"schemas/customer.yaml": LADDER})


def test_undo_takes_back_the_last_edit_and_redo_brings_it_again(marc: Desk) -> None:
    before = marc.read(CUSTOMER)
    marc.set("lefevre", "name=Lefèvre")
    after = marc.read(CUSTOMER)
    marc.undo()
    assert marc.read(CUSTOMER) == before
    marc.undo(redo=True)
    assert marc.read(CUSTOMER) == after
    marc.undo()
    assert marc.read(CUSTOMER) == before
    marc.assert_clean()


def test_undo_twice_goes_back_two_edits(marc: Desk) -> None:
    before = marc.read(CUSTOMER)
    marc.set("lefevre", "name=Lefèvre")
    marc.set("lefevre", "tags+=vip")
    marc.undo()
    assert "name: Lefèvre" in marc.read(CUSTOMER) and "vip" not in marc.read(CUSTOMER)
    marc.undo()
    assert marc.read(CUSTOMER) == before


def test_redo_twice_goes_forward_two_edits(marc: Desk) -> None:
    before = marc.read(CUSTOMER)
    marc.set("lefevre", "name=Lefèvre")
    one = marc.read(CUSTOMER)
    marc.set("lefevre", "tags+=vip")
    both = marc.read(CUSTOMER)
    marc.undo()
    marc.undo()
    assert marc.read(CUSTOMER) == before
    marc.undo(redo=True)
    assert marc.read(CUSTOMER) == one
    marc.undo(redo=True)
    assert marc.read(CUSTOMER) == both
    with pytest.raises(FieldvaultError, match="undo-nothing"):
        marc.undo(redo=True)
    marc.undo()
    assert marc.read(CUSTOMER) == one


def test_what_was_done_since_stays(marc: Desk) -> None:
    oid = marc.set("lefevre", "name=Lefèvre").commit
    marc.set("lefevre", "tags+=vip")
    marc.undo(oid)
    assert "name: Boulangerie Lefèvre" in marc.read(CUSTOMER) and "tags: [bio, vip]" in marc.read(CUSTOMER)


def test_the_same_field_changed_since_is_asked_about(marc: Desk) -> None:
    oid = marc.set("lefevre", "name=A").commit
    marc.set("lefevre", "name=B")
    marc.undo(oid)
    (conflict,) = marc.conflicts()
    assert {one.value for one in conflict.standing} == {"B", "Boulangerie Lefèvre"}


def test_a_removed_file_comes_back(marc: Desk) -> None:
    marc.remove("brochure.pdf")
    marc.commit()
    marc.undo()
    assert "brochure.pdf" in marc.files()
    marc.assert_clean()


def test_undo_of_one_record_leaves_the_others(marc: Desk) -> None:
    marc.write("customers/9q/other~cus_9999999999.yaml", "id: cus_9999999999\nname: Other\n")
    marc.edit(CUSTOMER, "tags: [bio]", "tags: [vip]")
    oid = marc.commit().commit
    marc.undo(oid, "lefevre")
    assert "tags: [bio]" in marc.read(CUSTOMER) and "customers/9q/other~cus_9999999999.yaml" in marc.files()


def test_nothing_to_undo(marc: Desk) -> None:
    marc.undo()  # the first commit of files
    with pytest.raises(FieldvaultError) as failure:
        marc.undo()
    assert failure.value.kind == "undo-nothing"


def test_undo_takes_back_a_resolution(world: World, marc: Desk) -> None:
    ines = world.join("Ines")
    marc.edit(CUSTOMER, "+33261910100", "+33261910111")
    ines.edit(CUSTOMER, "+33261910100", "+33261910199")
    world.settle(marc, ines)
    marc.resolve("lefevre", take=2)
    assert not marc.conflicts()
    marc.undo()
    assert len(marc.conflicts()) == 1 and "+33261910199" in marc.read(CUSTOMER)


def test_what_stands_again_is_by_whoever_wrote_it(world: World, marc: Desk) -> None:
    ines, claire = world.join("Ines"), world.join("Claire")
    marc.edit(CUSTOMER, "+33261910100", "+33261910111")
    ines.edit(CUSTOMER, "+33261910100", "+33261910199")
    world.settle(marc, ines, claire)
    (before,) = claire.conflicts()
    assert [one.author for one in before.standing] == ["Ines <ines@example.org>", "Marc <marc@example.org>"]
    claire.resolve("lefevre", take=2)
    claire.undo()
    assert claire.conflicts() == [before]
    claire.undo(redo=True)
    claire.undo()
    assert claire.conflicts() == [before]


def test_undo_means_what_was_done_on_this_device(world: World, marc: Desk) -> None:
    phone = Desk(world.folder / "phone", marc.person)
    with as_person(phone):
        clone(world.url, phone.root, now)
    with pytest.raises(FieldvaultError, match="undo-nothing"):
        phone.undo()
    marc.set("lefevre", "name=Lefèvre")
    phone.set("lefevre", "tags+=vip")
    world.settle(marc, phone)
    marc.undo()
    assert "name: Boulangerie" in marc.read(CUSTOMER) and "vip" in marc.read(CUSTOMER)
    world.settle(marc, phone)
    phone.undo()
    assert "vip" not in phone.read(CUSTOMER)


def test_what_plain_git_committed_here_is_undone(marc: Desk) -> None:
    marc.edit(CUSTOMER, "samples: 10", "samples: 9")
    marc.git("commit", "-qam", "by git")
    marc.undo()
    assert "samples: 10" in marc.read(CUSTOMER)


def test_of_a_merge_only_what_it_decided_is_taken_back(world: World, marc: Desk) -> None:
    marc.edit(CUSTOMER, "samples: 10", "samples: 10\nseen: 2026-03-01")
    marc.commit()
    marc.sync()
    ines = world.join("Ines")
    ines.edit(CUSTOMER, "seen: 2026-03-01", "seen: 2026-03-09")
    ines.edit(CUSTOMER, "tags: [bio]", "tags: [bio, vip]")
    ines.sync()
    marc.edit(CUSTOMER, "seen: 2026-03-01", "seen: 2026-03-05")
    marc.sync()
    assert "seen: 2026-03-09" in marc.read(CUSTOMER)
    with marc.vault() as vault:
        (merge, *_) = log(vault, "lefevre")
    assert merge.decided is not None
    (notice,) = merge.decided.notices
    assert (notice.kind, notice.field, notice.shown, notice.dropped) == (
        "max",
        ("seen",),
        "2026-03-09",
        ("2026-03-05",),
    )
    marc.undo(marc.head())
    assert "seen: 2026-03-05" in marc.read(CUSTOMER) and "tags: [bio, vip]" in marc.read(CUSTOMER)
    marc.assert_clean()


def test_undo_of_a_merge_answers_no_question(world: World, marc: Desk) -> None:
    ines = world.join("Ines")
    ines.edit(CUSTOMER, "+33261910100", "+33261910199")
    ines.sync()
    marc.edit(CUSTOMER, "+33261910100", "+33261910111")
    marc.sync()
    assert "+33261910199" in marc.read(CUSTOMER)
    marc.undo(marc.head())
    assert "+33261910111" in marc.read(CUSTOMER)
    (conflict,) = marc.conflicts()
    assert [one.value for one in conflict.standing] == ["+33261910111", "+33261910199"]
    assert len(marc.conflict_files()) == 1
    world.settle(marc, ines)
    assert ines.files() == marc.files()
    with pytest.raises(FieldvaultError, match="undo-nothing"):
        ines.undo(ines.git("rev-parse", "HEAD~1"))


def test_undo_of_a_merge_neither_deletes_nor_edits_what_is_asked_about(world: World, marc: Desk) -> None:
    ines = world.join("Ines")
    ines.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: Lefèvre")
    ines.sync()
    marc.remove(CUSTOMER)
    marc.sync()
    before = marc.files()
    with pytest.raises(FieldvaultError, match="undo-nothing"):
        marc.undo(marc.head())
    assert marc.files() == before and len(marc.conflicts()) == 1
