"""Documents: edits touch what differs and nothing else; new files are in the house style."""

from __future__ import annotations

from decimal import Decimal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldvault.core import layout
from fieldvault.core.schema import DEFAULT, Schema
from fieldvault.core.values import MISSING, FieldPath, Maybe, Value, same
from fieldvault.edge import schemas
from fieldvault.edge.yamltext import dump, read
from fieldvault.errors import FieldvaultError

SCHEMA: Schema = schemas.load(
    read(
        b"properties:\n"
        b"  postcode: {type: string}\n"
        b"  size: {type: number}\n"
        b"  tags: {type: array, items: {type: string}, uniqueItems: true}\n"
        b"  phones: {type: array, items: {type: object, required: [key], properties: {number: {type: string}}}}\n"
        b"  stage: {x-merge: {group: sale}}\n"
        b"  chance: {x-merge: {group: sale}}\n"
    ),
    "schema.yaml",
)
RECORD = """\
# Customer
id: cus_1   # never change
name: 'Lefèvre'
postcode: 01000

phones:
- key: std   # front desk
  number: "1"
- {key: gsm, number: "2"}
tags: [a, b]
note: |
  long
  story
stage: a
chance: 1
"""

EDITS: dict[str, tuple[FieldPath, Maybe, str, str]] = {
    "quotes-stay": (("name",), "L'Haÿ", "'Lefèvre'", "'L''Haÿ'"),
    "digits-stay-text": (("postcode",), "06000", "01000", "06000"),
    "item-by-key": (("phones", "gsm", "number"), "33", '"2"}', '"33"}'),
    "item-removed": (("phones", "gsm"), MISSING, '- {key: gsm, number: "2"}\n', ""),
    "item-added": (("phones", "fax", "number"), "9", 'tags:', '- key: fax\n  number: "9"\ntags:'),
    "set-grows": (("tags",), ["a", "b", "c, d"], "[a, b]", '[a, b, "c, d"]'),
    "set-shrinks": (("tags",), ["b"], "[a, b]", "[b]"),
    "set-emptied": (("tags",), [], "[a, b]", "[]"),
    "field-removed": (("postcode",), MISSING, "postcode: 01000\n", ""),
    "field-added": (("city",), "Bourg", "chance: 1\n", "chance: 1\ncity: Bourg\n"),
    "map-added": (("address", "city"), "Bourg", "chance: 1\n", "chance: 1\naddress:\n  city: Bourg\n"),
    "text-of-lines": (("note",), "short\n", "long\n  story", "short"),
    "scalar-to-map": (("name",), {"given": "A"}, "name: 'Lefèvre'\n", "name:\n  given: A\n"),
    "looks-like-a-number": (("name",), "1.10", "'Lefèvre'", "'1.10'"),
    "number": (("size",), Decimal("1.50"), "chance: 1\n", "chance: 1\nsize: 1.50\n"),
    "nothing": (("name",), "Lefèvre", "", ""),
    "group": (("sale",), {"stage": "b"}, "stage: a\nchance: 1\n", "stage: b\n"),
}  # fmt: skip


@pytest.mark.parametrize(("path", "value", "before", "after"), EDITS.values(), ids=EDITS)
def test_an_edit_changes_what_differs_and_no_other_byte(path: FieldPath, value: Maybe, before: str, after: str) -> None:
    edited = read(RECORD.encode()).with_edits([(path, value)], SCHEMA)
    assert edited.decode() == RECORD.replace(before, after, 1)


def test_edits_keep_line_ends_byte_order_mark_and_an_open_last_line() -> None:
    data = ("\ufeff" + RECORD.replace("\n", "\r\n")).removesuffix("\r\n").encode()
    edited = read(data).with_edits([(("name",), "Simon")], SCHEMA)
    assert edited == data.replace("'Lefèvre'".encode(), b"'Simon'")


def test_an_anchored_value_keeps_its_anchor() -> None:
    document = read(b"a: &x old\nb: *x\n")
    assert document.with_edits([(("a",), "new"), (("b",), "old")]) == b"a: &x new\nb: old\n"


def test_a_comment_that_touched_a_bracket_does_not_touch_a_number() -> None:
    assert read(b"a: [1]#c\n").with_edits([(("a",), 2)]) == b"a: 2 #c\n"


@pytest.mark.parametrize(
    ("below", "kept"), [("      # deep\n", "# deep\n"), ("\n # c\n", " # c\n"), ("# c\n\n", "# c\n\n"), ("\n", "")]
)
def test_what_stands_below_a_new_block_of_text_is_kept_out_of_it(below: str, kept: str) -> None:
    document = read(f"a: x\n{below}b: 1\n".encode())
    assert document.with_edits([(("a",), "l1\nl2\n\n")]) == f"a: |+\n  l1\n  l2\n\n{kept}b: 1\n".encode()


def test_an_edit_that_would_read_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "data", lambda tree: b"a: y\n")  # no text is known that makes an edit read otherwise
    with pytest.raises(FieldvaultError) as caught:
        read(b"a: x\n").with_edits([(("a",), "z")])
    assert (caught.value.kind, caught.value.facts["fields"]) == ("edit-unsafe", (("a",),))


def test_lines_are_found_by_key() -> None:
    document = read(RECORD.encode())
    assert document.find(("phones", "gsm", "number"), SCHEMA) == 9
    assert document.find(("phones", "fax"), SCHEMA) is None


_ODD = ["no", "01000", "1.10", "12:30", "null", "~", "a: b", "a #b", "- a", "=", "<<", "1e3", " a"]
_LINES = ["l1\nl2\n", "\n", "a\n\nb", "x\n "]
_CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cs"])
_TEXTS = st.text(_CHARACTERS, max_size=12) | st.sampled_from(_ODD + _LINES)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(-1000, 1000, places=2) | _TEXTS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(_TEXTS.filter(bool), below, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(_TEXTS.filter(bool), _VALUES, max_size=4))
def test_what_is_dumped_reads_back(value: dict[str, Value]) -> None:
    assert same(read(dump(value)).value(DEFAULT), value)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_TEXTS.filter(bool), _TEXTS, max_size=4))
def test_other_readers_take_our_strings_for_strings(value: dict[str, str]) -> None:
    if value:
        assert yaml.safe_load(dump(dict(value))) == value


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), _VALUES, min_size=1), st.sampled_from("abcd"), _VALUES)
def test_any_value_can_be_set(record: dict[str, Value], key: str, value: Value) -> None:
    for data in (dump(record), b"a: {x: [1, {y: z}]}\nb: 'q'\nc:\n- k: 1\n  l: |\n    t\n"):
        before = read(data).value(DEFAULT)
        assert isinstance(before, dict)
        edited = read(data).with_edits([((key,), value)])
        assert same(read(edited).value(DEFAULT), {**before, key: value})
