"""Derived fields: totals of an order to the cent."""

from __future__ import annotations

from decimal import Decimal

from fieldvault.core.derived import cents, order_totals
from fieldvault.core.values import MISSING


def test_half_a_cent_is_rounded_up() -> None:
    assert cents(Decimal("51.00") * Decimal("5.5") / 100) == Decimal("2.81")
    assert cents(Decimal("-2.805")) == Decimal("-2.81")


def test_totals_by_rate() -> None:
    lines = [
        {
            "quantity": Decimal(3),
            "unit_price": Decimal("17.90"),
            "discount_pct": Decimal(4),
            "vat_rate": Decimal("5.5"),
        },
        {"quantity": 1, "unit_price": Decimal("23.40"), "vat_rate": Decimal(20)},
        {"quantity": 1, "unit_price": Decimal("10"), "vat_rate": Decimal("20.0")},
    ]
    assert order_totals({"lines": [*lines], "allowances": [{"amount": Decimal(5), "vat_rate": Decimal(20)}]}) == {
        "net": Decimal("79.95"),
        "vat": [
            {"rate": Decimal("5.5"), "taxable": Decimal("51.55"), "amount": Decimal("2.84")},
            {"rate": Decimal(20), "taxable": Decimal("28.40"), "amount": Decimal("5.68")},
        ],
        "gross": Decimal("88.47"),
    }


def test_an_order_that_does_not_say_enough_has_no_totals() -> None:
    assert order_totals({}) is MISSING
    assert order_totals({"lines": [{"quantity": "two", "unit_price": Decimal(1), "vat_rate": Decimal(20)}]}) is MISSING
