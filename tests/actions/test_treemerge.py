"""Two trees over their base: each kind of file, and both ways around."""

from __future__ import annotations

from collections.abc import Mapping

from fieldvault.actions.merging.treemerge import merge_trees
from fieldvault.actions.records.openconflicts import all_conflicts
from fieldvault.core.conflicts import Conflict
from fieldvault.core.values import MISSING
from tests.actions.memory import Memory

Files = Mapping[str, bytes | None]

SETTINGS = b"format: 1\nrecords:\n  order: {folder: orders, schema: schemas/order.yaml}\n"
SCHEMA = b"""\
type: object
properties:
  id: {type: string}
  number: {type: string, x-merge: immutable}
  name: {type: string}
  samples: {type: integer, x-merge: sum}
"""
START: Files = {
    "fieldvault.yaml": SETTINGS,
    "schemas/order.yaml": SCHEMA,
    "orders/a~ord_a.yaml": b"id: ord_a\nname: A\n",
    "orders/b~ord_b.yaml": b"id: ord_b\nname: B\n",
    "plain.yaml": b"name: P\n",
    "photo.png": b"\0photo",
    "notes.txt": b"one\ntwo\nthree\n",
}


def merged(ours: Files, theirs: Files, base: Files = START) -> tuple[dict[str, bytes], list[Conflict]]:
    """What the merge changes in `base`, conflict files apart; the sides are swapped to see that nothing else comes."""
    memory = Memory()
    start = memory.tree(base)
    one, other = memory.tree(ours, start), memory.tree(theirs, start)
    tree = merge_trees(memory, start, one, other).tree
    assert tree == merge_trees(memory, start, other, one).tree
    found = {path: data for path, data in memory.files(tree).items() if not path.startswith("conflicts/")}
    assert merge_trees(memory, start, start, one).tree == one
    return (
        {path: data for path, data in found.items() if base.get(path) != data}
        | {path: b"" for path in base.keys() - found.keys() if not path.startswith("conflicts/")}
    ), list(all_conflicts(memory, tree).values())


A, B = "orders/a~ord_a.yaml", "orders/b~ord_b.yaml"


def test_each_side_alone() -> None:
    assert merged({A: b"id: ord_a\nname: A2\n"}, {B: None}) == ({A: b"id: ord_a\nname: A2\n", B: b""}, [])


def test_a_rename_meets_an_edit() -> None:
    files, conflicts = merged({A: None, "orders/new.yaml": b"id: ord_a\nname: A\n"}, {A: b"id: ord_a\nname: A2\n"})
    assert files == {A: b"", "orders/new.yaml": b"id: ord_a\nname: A2\n"}
    assert not conflicts


def test_two_renames_show_the_higher_name_and_tell_the_other() -> None:
    data = START[A]
    files, (conflict,) = merged({A: None, "orders/x.yaml": data}, {A: None, "orders/y.yaml": data})
    assert files == {A: b"", "orders/y.yaml": data}
    assert conflict == Conflict("ord_a", (), "renamed", MISSING, ("orders/x.yaml",))


def test_names_swapped_here_and_an_edit_there() -> None:
    files, conflicts = merged({A: START[B], B: START[A]}, {A: b"id: ord_a\nname: A2\n"})
    assert files == {A: START[B], B: b"id: ord_a\nname: A2\n"}
    assert not conflicts


def test_a_record_saved_over_another_leaves_the_edited_one() -> None:
    files, (conflict,) = merged({A: b"id: ord_z\nname: Z\n"}, {A: b"id: ord_a\nname: A2\n"})
    assert sorted(files.values()) == [b"id: ord_a\nname: A2\n", b"id: ord_z\nname: Z\n"]
    assert (conflict.record, conflict.kind) == ("ord_a", "deleted-edited")


def test_removed_here_where_a_conflict_was_opened_there_asks() -> None:
    opened = b"record: ord_a\nfield: /name\nkind: edited-both\nbase: A\nalso:\n  - A2\n"
    files, conflicts = merged({A: None}, {"conflicts/ord_a/76bb045a3980.yaml": opened})
    assert not files
    assert {conflict.kind for conflict in conflicts} == {"deleted-edited", "edited-both"}


NAME, WHOLE = "conflicts/ord_a/76bb045a3980.yaml", "conflicts/ord_a/e3b0c44298fc.yaml"


def open_name(*also: str) -> bytes:
    return f"record: ord_a\nfield: /name\nkind: edited-both\nalso: [{', '.join(also)}]\n".encode()


def test_removed_here_where_one_more_value_came_to_stand_there_keeps_all_that_stands() -> None:
    base = {**START, NAME: open_name("A2")}
    files, conflicts = merged({A: None, NAME: None}, {NAME: open_name("A2", "A3")}, base)
    assert A not in files
    assert {conflict.field: conflict.also for conflict in conflicts} == {(): (MISSING,), ("name",): ("A2", "A3")}


def test_a_value_that_came_to_stand_counts_as_an_edit_where_a_removal_stands_open() -> None:
    removal = b'record: ord_a\nfield: ""\nkind: deleted-edited\nalso:\n  - removed: true\n'
    files, conflicts = merged({A: None, WHOLE: None}, {NAME: open_name("A2")}, {**START, WHOLE: removal})
    assert A not in files
    assert ("name",) in {conflict.field for conflict in conflicts}


def test_a_record_that_lost_its_id_is_asked_about_by_its_path() -> None:
    files, (conflict,) = merged({A: b"name: A\n"}, {A: None})
    assert files == {A: b"name: A\n"}
    assert (conflict.record, conflict.kind) == (A, "deleted-edited")


def test_a_removal_that_stands_open_meets_another_name_that_does() -> None:
    """Both are filed at the record as a whole; what stands open at its fields is looked into all the same."""
    removal = b'record: ord_a\nfield: ""\nkind: deleted-edited\nalso:\n  - removed: true\n'
    rename = b'record: ord_a\nfield: ""\nkind: renamed\nalso:\n  - orders/z.yaml\n'
    name = b"record: ord_a\nfield: /name\nkind: edited-both\nalso:\n  - A3\n"
    root, field = "conflicts/ord_a/e3b0c44298fc.yaml", "conflicts/ord_a/76bb045a3980.yaml"
    files, conflicts = merged({root: removal, A: b"id: ord_a\nname: A2\n"}, {root: rename, field: name})
    assert files[A] == b"id: ord_a\nname: A3\n"
    assert {conflict.field: conflict.also for conflict in conflicts} == {(): (MISSING,), ("name",): ("A2",)}


def test_two_records_made_with_one_id_are_one_where_no_immutable_field_says_otherwise() -> None:
    files, conflicts = merged(
        {"orders/c.yaml": b"id: ord_c\nnumber: N1\n"}, {"orders/d.yaml": b"id: ord_c\nnumber: N1\nname: C\n"}
    )
    assert files == {"orders/d.yaml": b"id: ord_c\nnumber: N1\nname: C\n"}
    assert [conflict.kind for conflict in conflicts] == ["renamed"]


def test_two_records_made_with_one_id_stay_two_where_an_immutable_field_differs() -> None:
    files, (conflict,) = merged(
        {"orders/c~ord_c.yaml": b"id: ord_c   # mine\nnumber: N1\n"},
        {"orders/c~ord_c.yaml": b"id: ord_c\nnumber: N2\n"},
    )
    (other,) = files.keys() - {"orders/c~ord_c.yaml"}
    new = other.removeprefix("orders/c~").removesuffix(".yaml")
    assert files["orders/c~ord_c.yaml"] == b"id: ord_c\nnumber: N2\n"
    assert files[other] == f"id: {new}   # mine\nnumber: N1\n".encode()
    assert new.startswith("ord_") and len(new) == 14
    assert conflict == Conflict("ord_c", (), "duplicate-id", MISSING, (other,))


def test_a_side_that_cannot_be_read_lies_beside() -> None:
    broken = b"id: ord_a\nname: [\n"
    files, (conflict,) = merged({A: broken}, {A: b"id: ord_a\nname: A2\n"})
    (beside,) = files.keys() - {A}
    assert files == {A: b"id: ord_a\nname: A2\n", beside: broken}
    assert beside.startswith(A) and beside.endswith(".unreadable")
    assert conflict == Conflict("ord_a", (), "unreadable", MISSING, (beside,))


def test_texts_merge_by_lines_and_other_attachments_lie_side_by_side() -> None:
    files, _ = merged({"notes.txt": b"zero\none\ntwo\nthree\n"}, {"notes.txt": b"one\ntwo\n3\n"})
    assert files == {"notes.txt": b"zero\none\ntwo\n3\n"}
    files, (conflict,) = merged({"photo.png": b"\0ours"}, {"photo.png": b"\0theirs"})
    assert set(files.values()) == {b"\0ours", b"\0theirs"} and "photo.png" in files
    assert conflict.kind == "attachment"


def test_a_name_lost_to_another_machines_spelling_takes_its_conflict_along() -> None:
    """Two write Plain.yaml, a third plain.yaml: what is open at the one that gives way is filed under its new name."""
    memory = Memory()
    start = memory.tree({"readme.txt": b"x"})
    both = (memory.tree({"Plain.yaml": data}, start) for data in (b"name: 1\n", b"name: 2\n"))
    one = merge_trees(memory, start, *both).tree
    tree = merge_trees(memory, start, one, memory.tree({"plain.yaml": b"name: 3\n"}, start)).tree
    (conflict,) = all_conflicts(memory, tree).values()
    files = memory.files(tree)
    assert files["plain.yaml"] == b"name: 3\n"
    assert conflict.record != "Plain.yaml" and files[conflict.record] == b"name: 2\n"


def test_schemas_merge_down_to_one_property() -> None:
    ours = SCHEMA.replace(b"name: {type: string}", b"name: {type: string, maxLength: 9}")
    theirs = SCHEMA + b"  site: {type: string}\n"
    files, conflicts = merged({"schemas/order.yaml": ours}, {"schemas/order.yaml": theirs})
    assert files == {"schemas/order.yaml": ours + b"  site: {type: string}\n"}
    assert not conflicts


def test_a_property_changed_by_both_is_one_conflict_never_a_mixture() -> None:
    ours = SCHEMA.replace(b"samples: {type: integer, x-merge: sum}", b"samples: {type: string, x-merge: text}")
    theirs = SCHEMA.replace(b"samples: {type: integer,", b"samples: {type: integer, minimum: 0,")
    files, (conflict,) = merged({"schemas/order.yaml": ours}, {"schemas/order.yaml": theirs})
    assert files["schemas/order.yaml"] in (ours, theirs)
    assert conflict.field == ("properties", "samples")


def test_two_valid_schemas_that_make_no_valid_one_stay_whole() -> None:
    """Here the list loses a field, there it becomes the key."""
    base = (
        SCHEMA
        + b"""\
  lines: {$ref: "#/definitions/lines"}
definitions:
  line: {type: object, properties: {key: {type: string}, no: {type: string}}}
  lines: {type: array, x-merge: {keyed: key}, items: {$ref: "#/definitions/line"}}
"""
    )
    ours = base.replace(b", no: {type: string}", b"")
    theirs = base.replace(b"{keyed: key}", b"{keyed: no}")
    path = "schemas/order.yaml"
    files, (conflict,) = merged({path: ours}, {path: theirs}, {**START, path: base})
    assert files[path] in (ours, theirs)
    assert (conflict.record, conflict.field, conflict.kind) == (path, (), "edited-both")
