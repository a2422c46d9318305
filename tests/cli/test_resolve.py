"""`fv resolve` on a terminal and with an editor."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.actions.test_sync import CUSTOMER, FILES, RECORD
from tests.world import Desk, World, fv


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk at which two fields wait."""
    world = World(tmp_path)
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    for one, name, phone in ((marc, "M", "+33261910111"), (ines, "I", "+33261910199")):
        one.edit(CUSTOMER, "name: Boulangerie Lefèvre", f"name: {name}")
        one.edit(CUSTOMER, "+33261910100", phone)
    world.settle(marc, ines)
    assert len(marc.conflicts()) == 2
    return marc


def test_one_after_the_other_on_a_terminal(desk: Desk) -> None:
    keyboard, terminal = os.openpty()
    words = [sys.executable, "-m", "fieldvault", "resolve"]
    environment = dict(os.environ) | desk.environment
    child = subprocess.Popen(words, cwd=desk.root, env=environment, stdin=terminal, stdout=subprocess.PIPE, text=True)
    os.write(keyboard, b"7\nLef\xc3\xa8vre SARL\n2\n")
    output, _ = child.communicate(timeout=60)
    os.close(terminal)
    os.close(keyboard)
    assert child.returncode == 0
    assert "there are 2 to choose from" in output  # 7 is no name
    assert "  | name: M\n" in output and '  1  "M"' in output and '  2  "I"' in output
    assert not desk.conflicts()
    assert "name: Lefèvre SARL\n" in desk.read(CUSTOMER) and "+33261910111" in desk.read(CUSTOMER)
    desk.assert_clean()


def edited_by(desk: Desk, command: str) -> subprocess.CompletedProcess[str]:
    """`fv resolve --edit` of the name, with an editor that does this to the file and ends."""
    editor = desk.root.parent / "editor"
    editor.write_text(f"#!/bin/sh\n{command}\n")
    editor.chmod(0o755)
    environment = desk.environment | {"EDITOR": str(editor), "VISUAL": str(editor)}
    return fv("resolve", "lefevre", "name", "--edit", cwd=desk.root, environment=environment)


def test_with_an_editor_what_stands_then_is_the_choice(desk: Desk) -> None:
    done = edited_by(desk, "sed -i 's/^name: .*/name: Edited/' \"$1\"")
    assert done.returncode == 0, done.stderr
    assert "name: Edited\n" in desk.read(CUSTOMER)
    assert [one.conflict.field for one in desk.conflicts()] == [("phones", "std", "number")]


def test_a_field_is_named_by_its_title(tmp_path: Path) -> None:
    schema = FILES["schemas/customer.yaml"].replace("name: {type", "name: {title: Company name, type")
    schema = schema.replace("number: {type", "number: {title: Dial, type")
    world = World(tmp_path)
    marc, ines = world.first("Marc", files=FILES | {"schemas/customer.yaml": schema}), world.join("Ines")
    for one, name, phone in ((marc, "M", "+33261910111"), (ines, "I", "+33261910199")):
        one.edit(CUSTOMER, "name: Boulangerie Lefèvre", f"name: {name}")
        one.edit(CUSTOMER, "+33261910100", phone)
    world.settle(marc, ines)
    told = fv("conflicts", cwd=marc.root).stdout
    assert "M: Company name   [edited-both]" in told and "M: phones › std › Dial   [edited-both]" in told


def test_an_editor_that_fails_chooses_nothing(desk: Desk) -> None:
    done = edited_by(desk, "exit 1")
    assert done.returncode == 1 and done.stderr.startswith("Error: the editor did not end well")
    assert desk.git("status", "--porcelain") == ""


def test_an_editor_that_leaves_a_draft_chooses_nothing(desk: Desk) -> None:
    done = edited_by(desk, "echo 'name: [' > \"$1\"")
    assert done.returncode == 1 and f"{CUSTOMER}:2" in done.stderr
    by_field = {one.conflict.field: one for one in desk.conflicts()}
    assert by_field["name",].standing[0].value == "M"  # as before: nobody removed it


def test_without_a_terminal_nothing_is_asked(desk: Desk) -> None:
    done = fv("resolve", cwd=desk.root)
    assert done.returncode == 2 and "RECORD" in done.stderr
    assert fv("resolve", "lefevre", "name", "--take", "3", cwd=desk.root).returncode == 1
    assert fv("resolve", "lefevre", "--take", "1", cwd=desk.root).returncode == 1  # which of the two?


def test_where_nothing_waits_it_says_so(tmp_path: Path) -> None:
    desk = World(tmp_path).first("Marc", files=FILES)
    done = fv("resolve", "lefevre", "--take", "1", cwd=desk.root)
    assert done.returncode == 1 and done.stderr.startswith("Error: nothing waits at lefevre\n")


STD = '  # the shop\n  - key: std\n    number: "+33261910100"\n'
GSM = '  - {key: gsm, number: "+33639981207"}   # his own\n'
FAX = '  - key: fax\n    number: "+33261910101"\n'
NEW = '  - key: new\n    number: "+33261910102"\n'


def test_the_other_order_of_a_list(tmp_path: Path) -> None:
    """The items change places with all that stands around them; one that came meanwhile stays where it is."""
    world = World(tmp_path)
    head = RECORD[: RECORD.index("phones:")] + "phones:\n"
    marc, ines = world.first("Marc", files=FILES | {CUSTOMER: head + STD + GSM + FAX}), world.join("Ines")
    marc.write(CUSTOMER, head + GSM + STD + FAX)
    ines.write(CUSTOMER, head + FAX + STD + GSM)
    world.settle(marc, ines)
    (waiting,) = marc.conflicts()
    assert [one.value for one in waiting.standing] == [["gsm", "std", "fax"], ["fax", "std", "gsm"]]
    marc.write(CUSTOMER, head + GSM + NEW + STD + FAX)
    done = fv("resolve", "lefevre", "--take", "2", cwd=marc.root, environment=marc.environment)
    assert done.returncode == 0, done.stderr
    assert marc.read(CUSTOMER) == head + FAX + NEW + STD + GSM
    assert not marc.conflicts()
    marc.assert_clean()


def test_the_other_order_of_a_list_with_two_keys(tmp_path: Path) -> None:
    """Items are named as in a path: a line of two fields reads, and what a path escapes still finds its item."""
    world = World(tmp_path)
    schema = "properties: {prices: {type: array, x-merge: {keyed: [sku, unit]}, items: {type: object}}}\n"
    settings = "format: 1\nrecords:\n  product: {folder: products, schema: schemas/product.yaml}\n"
    record, head = "products/a.yaml", "id: pro_a\nprices:\n"
    box, half, loose = "  - {sku: c, unit: box}\n", "  - {sku: c, unit: 1/2}\n", "  - {sku: e}\n"
    files = {"fieldvault.yaml": settings, "schemas/product.yaml": schema, record: head + box + half + loose}
    marc, ines = world.first("Marc", files=files), world.join("Ines")
    marc.write(record, head + half + box + loose)
    ines.write(record, head + loose + box + half)
    world.settle(marc, ines)
    (waiting,) = marc.conflicts()
    shown, other = ["sku=e", "sku=c,unit=box", "sku=c,unit=1~12"], ["sku=c,unit=1~12", "sku=c,unit=box", "sku=e"]
    assert [one.value for one in waiting.standing] == [shown, other]
    done = fv("resolve", record, "--take", "2", cwd=marc.root, environment=marc.environment)
    assert done.returncode == 0, done.stderr
    assert marc.read(record) == head + half + box + loose
    assert not marc.conflicts()


def test_of_two_records_with_one_id_the_choice_has_it(tmp_path: Path) -> None:
    """The files and what stands in them stay; ids change places."""
    schema = "type: object\nproperties:\n  id: {type: string}\n  number: {type: string, x-merge: immutable}\n"
    settings = "format: 1\nrecords:\n  order: {folder: orders, schema: schemas/order.yaml}\n"
    world = World(tmp_path)
    marc = world.first("Marc", files={"fieldvault.yaml": settings, "schemas/order.yaml": schema})
    ines = world.join("Ines")
    marc.write("orders/a~ord_a.yaml", "id: ord_a   # ours\nnumber: N1\n")
    ines.write("orders/a~ord_a.yaml", "id: ord_a\nnumber: N2\n")
    world.settle(marc, ines)
    (waiting,) = marc.conflicts()
    shown, other = (str(one.value) for one in waiting.standing)
    new = other.removeprefix("orders/a~").removesuffix(".yaml")
    assert marc.read(shown) == "id: ord_a\nnumber: N2\n" and marc.read(other) == f"id: {new}   # ours\nnumber: N1\n"
    assert "which of the two has it?" in fv("conflicts", cwd=marc.root).stdout
    done = fv("resolve", shown, "--take", "2", cwd=marc.root, environment=marc.environment)
    assert done.returncode == 0, done.stderr
    assert marc.read(shown) == "id: ord_a   # ours\nnumber: N1\n" and marc.read(other) == f"id: {new}\nnumber: N2\n"
    world.settle(marc, ines)
    assert not ines.conflicts() and ines.files() == marc.files()
    marc.undo()
    assert "N2" in marc.read(shown) and len(marc.conflicts()) == 1
    marc.assert_clean()


def test_two_versions_of_a_file_wait_for_nobody(tmp_path: Path) -> None:
    world = World(tmp_path)
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    for one in (marc, ines):
        (one.root / "offer.pdf").write_bytes(f"%PDF \xff {one.root.name}".encode("latin-1"))
    world.settle(marc, ines)
    for command in ("status", "conflicts", "sync"):
        done = fv(command, "--exit-code", cwd=marc.root, environment=marc.environment)
        assert done.returncode == 0, command
    assert "offer.pdf: two versions" in fv("conflicts", cwd=marc.root).stdout
