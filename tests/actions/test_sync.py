from pathlib import Path

import pytest

from fieldvault.errors import FieldvaultError, HubRefused, HubUnreachable
from fieldvault.output.keeping import synced
from tests.world import Desk, World, fv

CUSTOMER = "customers/8q/lefevre~cus_4k7m2x9d8q.yaml"
SCHEMA = """\
$schema: http://json-schema.org/draft-07/schema#
title: Customer
type: object
properties:
  id: {type: string, x-merge: immutable}
  name: {type: string}
  tags: {type: array, items: {type: string}, uniqueItems: true}
  phones:
    type: array
    items: {type: object, required: [key], properties: {key: {type: string}, number: {type: string}}}
  address: {type: object, x-merge: atomic}
  samples: {type: integer, x-merge: sum}
"""
SETTINGS = "format: 1\nrecords:\n  customer: {folder: customers, schema: schemas/customer.yaml}\n"
RECORD = """\
# Marc looks after them.
id: cus_4k7m2x9d8q
name: Boulangerie Lefèvre
tags: [bio]
phones:
  - key: std
    number: "+33261910100"   # the shop
address:
  street: 14 rue de la Monnaie
  postcode: 01000
samples: 10
"""
FILES = {"fieldvault.yaml": SETTINGS, "schemas/customer.yaml": SCHEMA, CUSTOMER: RECORD, "brochure.pdf": b"%PDF-1\n\0a"}


@pytest.fixture
def desks(world: World) -> tuple[Desk, Desk]:
    return world.first("Marc", files=FILES), world.join("Ines")


def settle_equal(world: World, *desks: Desk) -> dict[str, bytes]:
    """Sync all; everybody must then hold the same bytes, and git must agree."""
    world.settle(*desks)
    first = desks[0].files()
    for desk in desks:
        assert desk.files() == first
        assert desk.head() == world.hub_git("rev-parse", "main")
        desk.assert_clean()
    return first


def test_a_clone_is_the_same_vault(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    assert ines.files() == marc.files()
    assert ines.read(CUSTOMER) == RECORD
    ines.assert_clean()


def test_edits_of_different_fields_come_together_and_comments_stay(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    marc.edit(CUSTOMER, '"+33261910100"', '"+33261910155"')
    ines.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: Boulangerie Lefèvre SARL")
    ines.sync()
    report = marc.sync()
    assert [file.path for file in report.merged] == [CUSTOMER]
    settle_equal(world, marc, ines)
    expected = RECORD.replace("+33261910100", "+33261910155").replace("Lefèvre\n", "Lefèvre SARL\n")
    assert marc.read(CUSTOMER) == expected
    assert not marc.conflict_files()


def test_the_same_field_twice_is_a_conflict_that_travels_and_is_settled_once(
    world: World, desks: tuple[Desk, Desk]
) -> None:
    marc, ines = desks
    marc.edit(CUSTOMER, "+33261910100", "+33261910111")
    ines.edit(CUSTOMER, "+33261910100", "+33261910199")
    settle_equal(world, marc, ines)
    assert "+33261910199" in marc.read(CUSTOMER)  # the higher rank is shown
    (conflict,) = ines.conflicts()
    assert conflict.conflict.field == ("phones", "std", "number")
    assert [(one.value, one.author) for one in conflict.standing] == [
        ("+33261910199", "Ines <ines@example.org>"),
        ("+33261910111", "Marc <marc@example.org>"),
    ]
    ines.resolve("lefevre", "phones/std/number", take=2)
    settle_equal(world, marc, ines)
    assert "+33261910111" in marc.read(CUSTOMER)
    assert not marc.conflicts() and not marc.conflict_files()


def test_two_decisions_of_one_conflict_both_stand_again(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    marc.edit(CUSTOMER, "+33261910100", "+33261910111")
    ines.edit(CUSTOMER, "+33261910100", "+33261910199")
    settle_equal(world, marc, ines)
    marc.resolve("lefevre", take=1)
    ines.resolve("lefevre", take=2)
    settle_equal(world, marc, ines)
    (conflict,) = marc.conflicts()
    assert {one.value for one in conflict.standing} == {"+33261910199", "+33261910111"}


def test_a_decision_meets_an_edit_of_another_field(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    marc.edit(CUSTOMER, "+33261910100", "+33261910111")
    ines.edit(CUSTOMER, "+33261910100", "+33261910199")
    settle_equal(world, marc, ines)
    marc.resolve("lefevre", take=2)
    ines.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: Lefèvre")
    settle_equal(world, marc, ines)
    assert not marc.conflicts()
    assert "name: Lefèvre\n" in marc.read(CUSTOMER) and "+33261910111" in marc.read(CUSTOMER)


def test_a_conflict_that_says_nothing_more_goes_with_the_next_commit(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    marc.edit(CUSTOMER, "+33261910100", "+33261910111")
    ines.edit(CUSTOMER, "+33261910100", "+33261910199")
    settle_equal(world, marc, ines)
    marc.edit(CUSTOMER, "+33261910199", "+33261910111")  # in an editor: the other value, and nothing else
    settle_equal(world, marc, ines)
    assert not marc.conflict_files() and not ines.conflicts()


def test_sums_count_every_change_once(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    marc.edit(CUSTOMER, "samples: 10", "samples: 7")
    ines.edit(CUSTOMER, "samples: 10", "samples: 7")
    settle_equal(world, marc, ines)
    assert "samples: 4\n" in marc.read(CUSTOMER)
    settle_equal(world, marc, ines)
    assert "samples: 4\n" in marc.read(CUSTOMER)


def test_a_rename_here_and_an_edit_there_meet(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    moved = "customers/8q/boulangerie~cus_4k7m2x9d8q.yaml"
    (marc.root / CUSTOMER).rename(marc.root / moved)
    ines.edit(CUSTOMER, "tags: [bio]", "tags: [bio, vip]")
    files = settle_equal(world, marc, ines)
    assert CUSTOMER not in files
    assert b"[bio, vip]" in files[moved]


def test_moved_twice_can_be_settled_either_way(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    for desk, name in ((marc, "m"), (ines, "i")):
        (desk.root / CUSTOMER).rename(desk.root / f"customers/8q/{name}~cus_4k7m2x9d8q.yaml")
    files = settle_equal(world, marc, ines)
    assert "customers/8q/m~cus_4k7m2x9d8q.yaml" in files
    (conflict,) = marc.conflicts()
    assert conflict.conflict.kind == "renamed"
    marc.resolve("customers/8q/m~cus_4k7m2x9d8q.yaml", take=2)
    files = settle_equal(world, marc, ines)
    assert "customers/8q/i~cus_4k7m2x9d8q.yaml" in files and "customers/8q/m~cus_4k7m2x9d8q.yaml" not in files
    assert not ines.conflicts()


def test_deleted_here_and_edited_there_stays_and_asks(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    marc.remove(CUSTOMER)
    ines.edit(CUSTOMER, "tags: [bio]", "tags: [bio, vip]")
    files = settle_equal(world, marc, ines)
    assert b"[bio, vip]" in files[CUSTOMER]
    (conflict,) = marc.conflicts()
    assert conflict.conflict.kind == "deleted-edited"
    assert [one.author for one in conflict.standing] == ["Ines <ines@example.org>", "Marc <marc@example.org>"]
    told = fv("conflicts", cwd=marc.root).stdout
    assert "1  the record Boulangerie Lefèvre (Ines," in told and "2  removed (Marc," in told
    marc.resolve("lefevre", take=2)
    assert CUSTOMER not in settle_equal(world, marc, ines)
    assert not ines.conflicts()


def test_attachments_changed_by_both_are_both_kept(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    marc.write("brochure.pdf", b"%PDF-1\n\0marc")
    ines.write("brochure.pdf", b"%PDF-1\n\0ines")
    files = settle_equal(world, marc, ines)
    versions = {data for path, data in files.items() if path.startswith("brochure")}
    assert versions == {b"%PDF-1\n\0marc", b"%PDF-1\n\0ines"}
    (conflict,) = marc.conflicts()
    marc.resolve("brochure.pdf", take=2)
    files = settle_equal(world, marc, ines)
    assert [path for path in files if path.startswith("brochure")] == ["brochure.pdf"]
    assert (
        files["brochure.pdf"]
        == ({b"%PDF-1\n\0marc", b"%PDF-1\n\0ines"} - {conflict_shown(conflict, versions, files)}).pop()
    )
    assert not ines.conflict_files()


def conflict_shown(conflict: object, versions: set[bytes], files: dict[str, bytes]) -> bytes:
    """The version that had the name before the choice: the other one than now."""
    return (versions - {files["brochure.pdf"]}).pop()


def test_both_add_a_record_at_one_path(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    marc.write("customers/new.yaml", "id: cus_aaaaaaaaaa\nname: A\n")
    ines.write("customers/new.yaml", "id: cus_bbbbbbbbbb\nname: B\n")
    files = settle_equal(world, marc, ines)
    added = {data for path, data in files.items() if path.startswith("customers/new")}
    assert added == {b"id: cus_aaaaaaaaaa\nname: A\n", b"id: cus_bbbbbbbbbb\nname: B\n"}


def test_a_month_offline(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    for day in range(30):
        marc.write(f"customers/m{day:02}/m~cus_m{day:09}.yaml", f"id: cus_m{day:09}\nname: M{day}\n")
        marc.commit()
        ines.write(f"customers/i{day:02}/i~cus_i{day:09}.yaml", f"id: cus_i{day:09}\nname: I{day}\n")
        ines.sync()
    report = marc.sync()
    assert report.sent == 31 and len(report.received) == 30
    assert len([path for path in settle_equal(world, marc, ines) if path.startswith("customers/")]) == 61


def test_three_vaults_and_a_criss_cross_through_plain_git(world: World, desks: tuple[Desk, Desk]) -> None:
    """Marc and Inès each merge the other's work before either publishes: two merge bases for the next merge."""
    marc, ines = desks
    marc.edit(CUSTOMER, "samples: 10", "samples: 7")
    marc.edit(CUSTOMER, "tags: [bio]", "tags: [bio, m]")
    marc.commit()
    ines.edit(CUSTOMER, "samples: 10", "samples: 8")
    ines.edit(CUSTOMER, "tags: [bio]", "tags: []")
    ines.commit()
    settle_equal(world, marc, ines)
    assert "samples: 5\n" in marc.read(CUSTOMER)
    assert "tags: [m]" in marc.read(CUSTOMER)


def test_no_hub_no_harm(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, _ = desks
    world.hub.rename(world.folder / "away.git")
    marc.edit(CUSTOMER, "tags: [bio]", "tags: [bio, vip]")
    report = marc.sync()
    assert report.unreachable and report.unreachable.kind == "hub-missing"
    marc.assert_clean()  # and committed all the same
    (world.folder / "away.git").rename(world.hub)
    assert marc.sync().sent == 1


def test_an_unreachable_hub_is_reported_and_all_is_committed(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, _ = desks
    marc.git("config", "remote.origin.url", "git://127.0.0.1:9/sales.git")
    marc.edit(CUSTOMER, "tags: [bio]", "tags: [bio, vip]")
    report = marc.sync()
    assert isinstance(report.unreachable, HubUnreachable)
    assert report.waiting == 1
    marc.assert_clean()


def test_another_vaults_hub_gets_nothing(world: World, desks: tuple[Desk, Desk], tmp_path: Path) -> None:
    other = World(tmp_path / "other")
    stranger = other.first("Zoe", files=FILES)
    before = world.hub_git("rev-parse", "main")
    stranger.git("config", "remote.origin.url", str(world.hub))
    with pytest.raises(HubRefused) as failure:
        stranger.sync()
    assert failure.value.kind in ("hub-unrelated", "hub-rewritten")
    assert world.hub_git("rev-parse", "main") == before


def test_another_branch_is_not_synced(desks: tuple[Desk, Desk]) -> None:
    marc, _ = desks
    marc.git("switch", "-q", "-c", "trial")
    marc.edit(CUSTOMER, "tags: [bio]", "tags: [bio, vip]")
    with pytest.raises(FieldvaultError) as failure:
        marc.sync()
    assert failure.value.kind == "sync-other-branch"
    assert marc.git("status", "--porcelain") == ""  # committed on the branch


def test_a_file_saved_during_the_sync_is_not_overwritten(world: World, desks: tuple[Desk, Desk]) -> None:
    """The editor saves after our commit and before the check-out: the save stands, and the next sync merges it."""
    marc, ines = desks
    ines.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: Lefèvre")
    ines.sync()
    from fieldvault.actions.syncing import sync as module

    original = module.check_out

    def late_save(*arguments: object) -> bool:
        marc.edit(CUSTOMER, "tags: [bio]", "tags: [bio, vip]")
        module.check_out = original  # type: ignore[assignment]
        return original(*arguments)  # type: ignore[arg-type]

    module.check_out = late_save  # type: ignore[assignment]
    try:
        report = marc.sync()
    finally:
        module.check_out = original  # type: ignore[assignment]
    assert list(report.behind) == [CUSTOMER]
    assert "tags: [bio, vip]" in marc.read(CUSTOMER)
    settle_equal(world, marc, ines)
    assert "name: Lefèvre\n" in ines.read(CUSTOMER) and "tags: [bio, vip]" in ines.read(CUSTOMER)


def test_bad_names_from_a_colleague_are_refused_and_stop_nobody(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    ines.write("con.yaml", "id: x\n")
    ines.write("good.yaml", "id: y\n")
    ines.git("add", "-A")
    ines.git("commit", "-qm", "bad")
    ines.git("push", "-q")
    report = marc.sync()
    assert report.refused == {"con.yaml": "name-device"}
    assert "good.yaml" in marc.files() and "con.yaml" not in marc.files()
    ines.sync()
    assert ines.head() == marc.head()


@pytest.mark.parametrize("path", ["CUSTOMERS/x.yaml", "Brochure.PDF"])
def test_a_twin_of_a_name_is_held_here_and_travels_nowhere(world: World, desks: tuple[Desk, Desk], path: str) -> None:
    marc, ines = desks
    ines.write(path, "id: x\n")
    assert ines.commit().held == {path: "name-twin"}
    ines.sync()
    marc.sync()
    assert path in ines.files() and path not in marc.files()


@pytest.mark.parametrize("path", ["customers/8q/été.yaml", "new.yaml"])
def test_untracked_files_on_an_incoming_path_are_never_lost(world: World, desks: tuple[Desk, Desk], path: str) -> None:
    marc, ines = desks
    ines.write(path, "id: cus_zzzzzzzzzz\nname: I\n")
    ines.sync()
    with marc.vault() as vault:
        assert vault.head()
    marc.write(path, "id: cus_zzzzzzzzzz\nname: I\nphone: 1\n")
    settle_equal(world, marc, ines)
    assert "phone: 1" in ines.read(path)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        (None, "no-hub"),
        ("svn://example.org/vault", "hub-address"),
        ("/no/such/folder.git", "hub-missing"),
        ("ssh://example.org/vault.git", "ssh-missing"),
        ("http://example.org/vault.git", "hub-proxy"),
    ],
)
def test_what_a_person_wrote_is_committed_whatever_the_hub_is(
    desks: tuple[Desk, Desk], address: str | None, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    marc, _ = desks
    monkeypatch.setenv("GIT_SSH_COMMAND", "/no/such/ssh")
    monkeypatch.setenv("http_proxy", "http://[no proxy")
    marc.git("config", *(["remote.origin.url", address] if address else ["--unset", "remote.origin.url"]))
    marc.edit(CUSTOMER, "Boulangerie Lefèvre", "Boulangerie Moreau")
    try:
        error = marc.sync().unreachable
    except FieldvaultError as raised:
        error = raised
    assert error is not None
    assert error.kind == kind
    assert "Moreau" in marc.git("show", f"HEAD:{CUSTOMER}")


def test_commits_that_change_nothing_in_the_end_are_told_as_commits(world: World) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    ines.edit(CUSTOMER, "samples: 10", "samples: 7")
    ines.commit()
    ines.edit(CUSTOMER, "samples: 7", "samples: 10")
    ines.sync()
    assert list(synced(marc.sync(), [])) == ["Received 2 commits from Ines"]
