"""Records that do not agree with each other: told after a sync for what it touched, by conflicts and check for all."""

import pytest

from fieldvault.actions.deciding.conflicts import all_waiting
from fieldvault.actions.looking.check import check
from tests.world import Desk, World

SETTINGS = """\
format: 1
records:
  customer: {folder: customers, schema: schemas/customer.yaml}
  order: {folder: orders, schema: schemas/order.yaml}
"""
CUSTOMER = (
    "type: object\nproperties:\n  siret: {type: string, x-unique: true}\n  parent: {type: string, x-ref: customer}\n"
)
ORDER = """\
type: object
properties:
  customer: {type: string, x-ref: customer}
  lines:
    type: array
    x-merge: {keyed: line}
    items: {type: object, properties: {line: {type: string}, for: {type: string, x-ref: customer}}}
"""
FILES = {
    "fieldvault.yaml": SETTINGS,
    "schemas/customer.yaml": CUSTOMER,
    "schemas/order.yaml": ORDER,
    "customers/a.yaml": 'id: cus_a\nsiret: "1"\n',
}


@pytest.fixture
def desks(world: World) -> tuple[Desk, Desk]:
    return world.first("Marc", files=FILES), world.join("Ines")


def told(desk: Desk) -> list[tuple[str, tuple[str, ...], str]]:
    with desk.vault() as vault:
        return [(one.path, one.problem.field, one.problem.kind) for one in all_waiting(vault).problems]


def test_two_customers_of_one_siret_both_stand_and_are_listed(desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    marc.write("customers/m.yaml", 'id: cus_m\nsiret: "77"\n')
    ines.write("customers/i.yaml", 'id: cus_i\nsiret: "77"\n')
    ines.sync()
    report = marc.sync()
    expected = [("customers/i.yaml", ("siret",), "not-unique"), ("customers/m.yaml", ("siret",), "not-unique")]
    assert [(one.path, one.problem.field, one.problem.kind) for one in report.problems] == expected
    assert told(marc) == expected
    marc.edit("customers/m.yaml", "77", "78")
    marc.commit()
    assert told(marc) == []


def test_an_order_for_a_deleted_customer_stands_and_its_reference_is_listed(desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    marc.remove("customers/a.yaml")
    marc.sync()
    ines.write("orders/o.yaml", "id: ord_o\ncustomer: cus_a\nlines:\n  - {line: x, for: cus_a}\n")
    ines.sync()
    report = marc.sync()
    expected = [
        ("orders/o.yaml", ("customer",), "ref-missing"),
        ("orders/o.yaml", ("lines", "x", "for"), "ref-missing"),
    ]
    assert [(one.path, one.problem.field, one.problem.kind) for one in report.problems] == expected
    with marc.vault() as vault:
        assert [one.problem.line for one in check(vault).problems] == [2, 4]


def test_whoever_refers_to_a_record_that_went_is_told_too(desks: tuple[Desk, Desk]) -> None:
    marc, ines = desks
    ines.write("orders/o.yaml", "id: ord_o\ncustomer: cus_a\n")
    ines.sync()
    marc.sync()
    ines.remove("customers/a.yaml")
    ines.sync()
    report = marc.sync()  # a fast-forward that touches the customer alone
    assert [(one.path, one.problem.kind) for one in report.problems] == [("orders/o.yaml", "ref-missing")]


def test_one_id_in_two_files(desks: tuple[Desk, Desk]) -> None:
    marc, _ = desks
    marc.write("customers/copy.yaml", "id: cus_a\n")
    marc.commit()
    assert told(marc) == [("customers/a.yaml", ("id",), "id-twice"), ("customers/copy.yaml", ("id",), "id-twice")]


def test_a_schema_that_changes_asks_again(desks: tuple[Desk, Desk]) -> None:
    marc, _ = desks
    marc.write("orders/o.yaml", "id: ord_o\ncustomer: cus_a\nseller: usr_x\n")
    marc.commit()
    assert told(marc) == []
    marc.edit("schemas/order.yaml", "properties:\n  customer", "properties:\n  seller: {x-ref: user}\n  customer")
    marc.commit()
    assert told(marc) == [("orders/o.yaml", ("seller",), "ref-missing")]
