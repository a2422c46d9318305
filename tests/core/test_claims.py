"""Claims: what a record says that others must agree with, and where it says it."""

from __future__ import annotations

from fieldvault.core.claims import claims
from fieldvault.core.fields import value_at
from fieldvault.core.schema import Schema
from fieldvault.core.values import Value

PHONE: Value = {"type": "string", "format": "phone", "x-unique": True}
LINE: Value = {"properties": {"number": PHONE, "for": {"type": "string", "x-ref": "customer"}}}
SCHEMA = Schema(
    {
        "properties": {
            "fax": PHONE,
            "lines": {"type": "array", "items": LINE, "x-merge": {"keyed": "number"}},
            "rows": {"type": "array", "items": LINE},
            "aliases": {"type": "array", "items": PHONE},
        }
    },
    phone_country="FR",
)


def test_a_claim_stands_where_the_merge_has_its_field() -> None:
    """The key of an item is a phone number, which has one value in many spellings."""
    record: Value = {"lines": [{"number": "06 39 98 12 07", "for": "cus_a"}], "rows": [{"for": "cus_b"}]}
    refs = claims(record, SCHEMA).refs
    assert [field for field, _, _ in refs] == [("lines", "+33639981207", "for"), ("rows", "0", "for")]
    assert [value_at(record, field, SCHEMA) for field, _, _ in refs] == ["cus_a", "cus_b"]


def test_one_value_in_two_spellings_is_claimed_twice() -> None:
    spelled: Value = {"fax": "06 39 98 12 07", "aliases": ["06 39 98 12 07"]}
    complete: Value = {"fax": "+33639981207", "aliases": ["01 23 45 67 89", "+33639981207"]}
    claimed = set(claims(spelled, SCHEMA).unique)
    assert len(claimed) == 2
    assert claimed <= set(claims(complete, SCHEMA).unique)


def test_no_claim_is_lost_where_two_items_have_one_key() -> None:
    record: Value = {"lines": [{"for": "cus_a"}, {"for": "cus_b"}]}
    assert [target for _, target, _ in claims(record, SCHEMA).refs] == ["cus_a", "cus_b"]
