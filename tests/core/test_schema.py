"""Rules: what a field's schema says about its types and its merge."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fieldvault.core.schema import DEFAULT, Schema
from fieldvault.core.values import Value
from fieldvault.errors import SchemaInvalid

TEXT: dict[str, Value] = {"type": "string"}


def strategy(field: dict[str, Value]) -> tuple[str, str]:
    policy = Schema({"properties": {"f": field}, "$defs": {"keyed": {"required": ["key"]}}}).rule(("f",)).policy
    return policy.strategy, policy.why


INFERRED: dict[str, tuple[dict[str, Value], str, str]] = {
    "scalar": (TEXT, "register", "default"),
    "map": ({"type": "object"}, "granular", "inferred"),
    "list": ({"type": "array", "items": TEXT}, "register", "default"),
    "unique-scalars": ({"type": "array", "items": TEXT, "uniqueItems": True}, "set", "inferred"),
    "unique-maps": ({"type": "array", "items": {"type": "object"}, "uniqueItems": True}, "register", "default"),
    "items-with-key": ({"type": "array", "items": {"required": ["key"]}}, "keyed", "inferred"),
    "items-with-id": ({"items": {"required": ["key", "id"]}}, "keyed", "inferred"),
    "items-by-reference": ({"items": {"$ref": "#/$defs/keyed"}}, "keyed", "inferred"),
    "items-composed": ({"type": "array", "items": {"allOf": [{"required": ["id"]}]}}, "keyed", "inferred"),
    "read-only": ({"type": "string", "readOnly": True}, "immutable", "inferred"),
    "constant": ({"const": 1}, "immutable", "inferred"),
    "long-text": ({"type": "string", "contentMediaType": "text/markdown"}, "text", "inferred"),
    "stated": ({"type": "object", "x-merge": "atomic"}, "atomic", "stated"),
    "kubernetes-map": ({"type": "object", "x-kubernetes-map-type": "atomic"}, "atomic", "stated"),
    "kubernetes-set": ({"type": "array", "x-kubernetes-list-type": "set"}, "set", "stated"),
    "kubernetes-keys": ({"type": "array", "x-kubernetes-list-map-keys": ["port"]}, "keyed", "stated"),
    "only-a-group": ({"type": "string", "x-merge": {"group": "g"}}, "register", "default"),
}  # fmt: skip


@pytest.mark.parametrize(("field", "expected", "why"), INFERRED.values(), ids=INFERRED)
def test_strategy(field: dict[str, Value], expected: str, why: str) -> None:
    assert strategy(field) == (expected, why)


def test_an_unknown_field_merges_by_the_default() -> None:
    rule = Schema({"properties": {"a": TEXT}}).rule(("b", "c"))
    assert (rule.strategy, rule.types) == ("granular", ())
    assert rule is DEFAULT.rule(("x",)) or rule.policy == DEFAULT.rule(("x",)).policy


def test_x_merge_is_read_beside_a_reference() -> None:
    schema = Schema(
        {
            "definitions": {"address": {"type": "object", "properties": {"city": TEXT}}},
            "properties": {"a": {"$ref": "#/definitions/address", "x-merge": "atomic"}},
        }
    )
    assert schema.rule(("a",)).strategy == "atomic"
    assert schema.rule(("a", "city")).types == ("string",)


def test_a_schema_may_refer_to_itself() -> None:
    schema = Schema({"properties": {"name": TEXT, "children": {"type": "array", "items": {"$ref": "#"}}}})
    assert schema.rule(("children", "0", "children", "1", "name")).types == ("string",)
    assert not schema.root.adds
    assert len(list(schema.rules())) < 10


def test_a_list_may_be_a_list_of_itself() -> None:
    schema = Schema({"type": "array", "items": {"$ref": "#"}})
    assert schema.rule(("0", "0", "0")).types == ("array",)
    assert len(list(schema.rules())) < 5


@pytest.mark.parametrize("reference", ["other.json", "#/$defs/none", "#name"])
def test_what_is_no_object_of_the_document_is_not_referred_to(reference: str) -> None:
    with pytest.raises(SchemaInvalid) as error:
        Schema({"properties": {"a": {"$ref": reference}}}).rule(("a",))
    assert (error.value.kind, error.value.facts["field"]) == ("schema-ref", "/properties/a")


def test_types_of_all_parts_hold_together() -> None:
    field = {"allOf": [{"type": ["string", "integer", "null"]}], "anyOf": [{"type": "integer"}, {"type": "number"}]}
    assert Schema({"properties": {"f": field}}).rule(("f",)).types == ("integer",)
    assert Schema({"properties": {"f": {"enum": ["a", None]}}}).rule(("f",)).types == ("null", "string")


def test_pattern_and_additional_properties() -> None:
    schema = Schema(
        {
            "patternProperties": {"^n_": {"type": "integer"}, "^(a+)+$": TEXT},
            "additionalProperties": {"type": "boolean"},
        }
    )
    assert schema.rule(("n_x",)).types == ("integer",)
    assert schema.rule(("other",)).types == ("boolean",)
    assert schema.rule(("a" * 60 + "!",)).types == ("boolean",)


def test_sums_are_seen_from_above() -> None:
    schema = Schema({"properties": {"a": {"items": {"properties": {"n": {"x-merge": "sum"}}}}, "b": TEXT}})
    assert schema.root.adds and schema.rule(("a",)).adds and not schema.rule(("b",)).adds


VALUES: list[tuple[str, list[str], Value]] = [
    ("01000", ["string"], "01000"),
    ("01000", ["integer"], 1000),
    ("12.0", ["integer"], 12),
    ("12.5", ["integer"], "12.5"),
    ("12", ["number"], Decimal(12)),
    ("1.10", ["number"], Decimal("1.10")),
    ("no", ["boolean"], "no"),
    ("true", ["boolean"], True),
    ("null", ["string", "null"], None),
    ("", ["string", "null"], None),
    ("", ["string"], ""),
    ("7", ["string", "integer"], 7),
    ("x", ["integer", "null"], "x"),
    ("9" * 5000, ["integer"], "9" * 5000),
    ("1e999999999", ["number"], "1e999999999"),
]


@pytest.mark.parametrize(("text", "types", "value"), VALUES)
def test_a_plain_text_becomes_what_the_schema_allows(text: str, types: list[str], value: Value) -> None:
    found = Schema({"properties": {"f": {"type": list(types)}}}).rule(("f",)).value(text, plain=True)
    assert (type(found), found) == (type(value), value)


def test_a_quoted_text_is_a_string_where_several_types_are_allowed() -> None:
    rule = Schema({"properties": {"f": {"type": ["string", "integer", "null"]}}}).rule(("f",))
    assert rule.value("7", plain=False) == "7"


UNTYPED: list[tuple[str, Value]] = [
    ("1", 1), ("-1.50", Decimal("-1.50")), ("1e3", Decimal("1e3")), ("true", True), ("~", None), ("", None),
    ("01000", "01000"), ("+33", "+33"), ("0x1F", "0x1F"), ("no", "no"), (".5", ".5"), ("1_0", "1_0"), ("-", "-"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), UNTYPED)
def test_without_a_schema_json_decides(text: str, value: Value) -> None:
    found = DEFAULT.rule(("x",)).value(text, plain=True)
    assert (type(found), found) == (type(value), value)


def test_phone_numbers_are_compared_complete() -> None:
    schema = Schema({"properties": {"phone": {"type": "string", "format": "phone"}}}, "FR")
    assert schema.root.standard({"phone": "06 39 98 12 07"}) == schema.root.standard({"phone": "+33 (0)639981207"})
    assert schema.root.standard({"phone": "at home"}) == {"phone": "at home"}


def test_the_alternatives_of_a_one_of_are_a_group() -> None:
    branches = [{"properties": {"kind": {"const": kind}, kind: TEXT}} for kind in ("iban", "card")]
    schema = Schema({"properties": {"note": TEXT}, "oneOf": list(branches)})
    assert schema.root.groups == {"oneOf": ("kind", "iban", "card")}
