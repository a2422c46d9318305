"""Formats: numbers with the check digits that their issuers publish."""

from __future__ import annotations

import pytest

from fieldvault.core.formats import checks, e164

PHONES = [
    ("06 39 98 12 07", "FR", "+33639981207"),
    ("+33 6 39 98 12 07", "", "+33639981207"),
    ("0033639981207", "DE", "+33639981207"),
    ("+33 (0)6 39 98 12 07", "FR", "+33639981207"),
    ("01.99.00.00.01", "FR", "+33199000001"),
    ("06 12345678", "IT", "+390612345678"),
    ("(555) 010-9999", "US", "+15550109999"),
    ("06 39 98 12 07", "", None),
    ("12", "FR", None),
    ("call the shop", "FR", None),
]


@pytest.mark.parametrize(("text", "country", "expected"), PHONES)
def test_phone(text: str, country: str, expected: str | None) -> None:
    assert e164(text, country) == expected


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("siren", "732829320", "732829321"),
        ("siret", "732 829 320 00074", "73282932000075"),
        ("siret", "35600000049837", "35600000049838"),
        ("vat", "FR44732829320", "FR45732829320"),
        ("vat", "DE123456789", "123456789"),
        ("gtin", "4006381333931", "4006381333932"),
        ("gtin", "96385074", "9638507"),
        ("phone", "0639981207", "x"),
    ],
)
def test_check_digits(name: str, right: str, wrong: str) -> None:
    check = checks("FR")[name]
    assert check(right)
    assert not check(wrong)
