"""Values: equality that Python's == does not give, texts that identify, and pointers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldvault.core.values import (
    MISSING,
    Maybe,
    canonical,
    from_pointer,
    item_key,
    rank,
    same,
    to_json,
    to_pointer,
)

DIFFERENT: list[Maybe] = [1, Decimal("1.0"), "1", True, None, "", 0, False, [], {}, [None], {"a": None}, MISSING]


@pytest.mark.parametrize("left", range(len(DIFFERENT)))
def test_these_all_differ(left: int) -> None:
    for right, other in enumerate(DIFFERENT):
        assert same(DIFFERENT[left], other) == (left == right)
        assert (canonical(DIFFERENT[left]) == canonical(other)) == (left == right)


def test_decimals_are_equal_by_value_and_keep_their_digits() -> None:
    assert same(Decimal("1.10"), Decimal("1.1"))
    assert canonical(Decimal("1.10")) == canonical(Decimal("1.1")) == "1.1"
    assert to_json({"price": [Decimal("1.10")]}) == {"price": ["1.10"]}


@pytest.mark.parametrize(
    ("number", "text"),
    [("0", "0.0"), ("-0.00", "0.0"), ("100", "100.0"), ("1E+40", "1E+40"), ("1E-40", "1E-40"), ("0.5", "0.5")],
)
def test_shortest_decimals(number: str, text: str) -> None:
    assert canonical(Decimal(number)) == text


VALUES = st.recursive(
    st.sampled_from(DIFFERENT[:-1]) | st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=3),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("ab"), below),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(VALUES, VALUES)
def test_canonical_texts_are_equal_exactly_where_values_are(left: Maybe, right: Maybe) -> None:
    assert same(left, right) == (canonical(left) == canonical(right))


def test_rank_puts_a_value_before_a_removal() -> None:
    assert rank("") > rank(MISSING)
    assert rank("b") > rank("a", "zzz")
    assert rank("a", "'a'") > rank("a", '"a"')


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text("ab/~,é1=", max_size=5)).map(tuple))
def test_pointers_read_back(path: tuple[str, ...]) -> None:
    assert from_pointer(to_pointer(path)) == path


def test_pointers_of_items() -> None:
    composite = item_key([("port", 80), ("name", "a,b/c"), ("gone", MISSING)])
    assert to_pointer(("ports", composite)) == "/ports/port=80,name=a~2b~1c"
    assert from_pointer("/ports/port=80,name=a~2b~1c") == ("ports", composite)
    assert from_pointer("phones/std/number") == ("phones", "std", "number")
