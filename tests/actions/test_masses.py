"""Half a vault that went by accident is asked about, never sent and never taken."""

import pytest

from fieldvault.core.deletions import held
from fieldvault.output.keeping import status
from tests.world import Desk, World

SETTINGS = "format: 1\nrecords:\n  customer: {folder: customers}\n  order: {folder: orders}\n"
FILES = {"fieldvault.yaml": SETTINGS, "orders/o.yaml": "id: ord_o\n"} | {
    f"customers/{number:02}.yaml": f"id: cus_{number}\n" for number in range(40)
}


@pytest.fixture
def desks(world: World) -> tuple[Desk, Desk]:
    return world.first("Marc", files=FILES), world.join("Ines")


def remove(desk: Desk, numbers: range) -> None:
    for number in numbers:
        desk.remove(f"customers/{number:02}.yaml")


def customers(desk: Desk) -> int:
    return sum(path.startswith("customers/") for path in desk.files())


def allow(desk: Desk) -> None:
    from fieldvault.actions.committing.commit import commit
    from tests.world import now

    with desk.vault() as vault:
        vault.allow_deletions = True
        commit(vault, now)


def test_a_few_deletions_are_nobody_s_business(desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    remove(marc, range(10))
    assert not marc.commit().held
    marc.sync()
    ines.sync()
    assert customers(ines) == 30


def test_many_are_held_while_everything_else_goes_on(desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    remove(marc, range(11))
    marc.write("orders/o.yaml", "id: ord_o\nnote: x\n")
    report = marc.sync()
    assert len(report.committed.held) == 11 and set(report.committed.held.values()) == {"mass-deletion"}
    looked = marc.status()
    assert looked.held == report.committed.held and not looked.edits
    assert [line.partition("(")[0] for line in status(looked, 0)][1:] == ["Held: 11 deletions "]
    ines.sync()
    assert customers(ines) == 40 and "note: x" in ines.read("orders/o.yaml")
    assert len(marc.commit().held) == 11  # the hold does not expire
    allow(marc)
    assert "Fv-Deletions-Allowed: 11" in marc.git("log", "-1", "--format=%B")
    marc.sync()
    ines.sync()
    assert customers(ines) == 29


def test_a_little_at_a_time_within_the_hour_is_as_much(desks: tuple[Desk, Desk]) -> None:
    marc, _ = desks
    remove(marc, range(8))
    assert not marc.commit().held
    remove(marc, range(8, 16))
    assert len(marc.status().held) == len(marc.commit().held) == 8


def test_moved_records_are_not_gone(desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    (marc.root / "customers").rename(marc.root / "clients")
    assert not marc.status().held and not marc.commit().held
    marc.sync()
    assert not ines.sync().refused
    assert sum(path.startswith("clients/") for path in ines.files()) == 40


def test_what_a_colleague_with_plain_git_removed_is_not_taken(world: World, desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    remove(marc, range(30))
    marc.git("commit", "-qam", "all gone")
    marc.git("push", "-q")
    ines.write("orders/o.yaml", "id: ord_o\nnote: mine\n")
    report = ines.sync()
    assert len(report.refused) == 30
    assert customers(ines) == 40
    marc.sync()
    assert customers(marc) == 40 and marc.head() == ines.head()


@pytest.mark.parametrize(
    ("gone", "total", "before", "expected"),
    [(10, 20, 0, 0), (11, 20, 0, 11), (11, 55, 0, 0), (12, 55, 0, 12), (6, 30, 5, 6), (5, 30, 5, 0)],
)
def test_the_rule(gone: int, total: int, before: int, expected: int) -> None:
    paths = {f"a/{number}" for number in range(gone)}
    assert len(held(paths, lambda path: "a", lambda name: total, lambda name: before)) == expected
