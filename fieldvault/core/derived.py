"""Derived fields: computed from the merged record alone, by a named pure function.

Law: a function sees one record and gives the field's value, or MISSING where the record does not say enough. What
depends on other records is never stored. Money is exact decimals, rounded half up to the cent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal

from fieldvault.core.values import MISSING, Maybe, Value

_CENT = Decimal("0.01")


def order_totals(record: Mapping[str, Value]) -> Maybe:
    """{net, vat: [{rate, taxable, amount}], gross} of an order's lines and allowances, as EN 16931 adds them up.

    A line's net is quantity x unit price less its discount, rounded; VAT is taken once a rate, on the sum of its lines.
    """
    taxable: dict[Decimal, Decimal] = {}
    for line in _maps(record.get("lines")):
        quantity, price, rate = (_number(line.get(name)) for name in ("quantity", "unit_price", "vat_rate"))
        if quantity is None or price is None or rate is None:
            return MISSING
        discount = _number(line.get("discount_pct", Decimal(0))) or Decimal(0)
        amount = cents(quantity * price * (100 - discount) / 100)
        taxable[rate] = taxable.get(rate, Decimal(0)) + amount
    for allowance in _maps(record.get("allowances")):
        taken_off, rate = _number(allowance.get("amount")), _number(allowance.get("vat_rate"))
        if taken_off is None or rate is None:
            return MISSING
        taxable[rate] = taxable.get(rate, Decimal(0)) - cents(taken_off)
    if not taxable:
        return MISSING
    vat = [(rate, amount, cents(amount * rate / 100)) for rate, amount in sorted(taxable.items())]
    net = sum((amount for _, amount, _ in vat), Decimal("0.00"))
    return {
        "net": net,
        "vat": [{"rate": rate, "taxable": amount, "amount": tax} for rate, amount, tax in vat],
        "gross": net + sum((tax for _, _, tax in vat), Decimal("0.00")),
    }


def cents(amount: Decimal) -> Decimal:
    """Rounded half up: 2.805 is 2.81."""
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP)


def _maps(found: Value | None) -> list[dict[str, Value]]:
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _number(value: Value | None) -> Decimal | None:
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


FUNCTIONS: Mapping[str, Callable[[Mapping[str, Value]], Maybe]] = {"order_totals": order_totals}
