"""Formats: the check digits and spellings of the numbers that sales records hold.

Law: each function judges one text and knows nothing else. Sources: ITU-T E.164 (phone numbers, national prefixes),
ISO/IEC 7812-1 annex B (Luhn) for SIREN and SIRET, the French tax office for the key of VAT numbers, GS1 for GTIN.
"""

from __future__ import annotations

import re
from collections.abc import Callable

PHONE = "phone"

# Country: calling code, and the trunk prefix that a number loses behind it ("" where it keeps all its digits).
_CALLING = {
    "AT": ("43", "0"), "BE": ("32", "0"), "CA": ("1", "1"), "CH": ("41", "0"), "CZ": ("420", ""), "DE": ("49", "0"),
    "DK": ("45", ""), "ES": ("34", ""), "FI": ("358", "0"), "FR": ("33", "0"), "GB": ("44", "0"), "GR": ("30", ""),
    "HU": ("36", "06"), "IE": ("353", "0"), "IT": ("39", ""), "LU": ("352", ""), "MC": ("377", ""), "NL": ("31", "0"),
    "NO": ("47", ""), "PL": ("48", ""), "PT": ("351", ""), "RO": ("40", "0"), "SE": ("46", "0"), "SI": ("386", "0"),
    "SK": ("421", "0"), "US": ("1", "1"),
}  # fmt: skip

_SEPARATORS = r"[\s.\-/()\u00a0\u202f]"


def e164(text: str, country: str) -> str | None:
    """A phone number as `+` and digits, completed by its country's calling code; None where it is none."""
    international = text.lstrip().startswith(("+", "00"))
    number = re.sub(_SEPARATORS, "", text.replace("(0)", "") if international else text)
    if number.startswith("00"):
        number = "+" + number[2:]
    if not number.startswith("+"):
        code, trunk = _CALLING.get(country, ("", ""))
        if not code:
            return None
        number = f"+{code}{number.removeprefix(trunk)}"
    digits = number[1:]
    return number if digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15 else None


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of those before it."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + place % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def is_siren(text: str) -> bool:
    digits = text.replace(" ", "")
    return _digits(digits, 9) and luhn(digits)


def is_siret(text: str) -> bool:
    """Luhn; the digits of the post offices of La Poste (SIREN 356000000) add up to a multiple of 5 instead."""
    digits = text.replace(" ", "")
    if not _digits(digits, 14):
        return False
    if digits.startswith("356000000"):
        return luhn(digits) or sum(map(int, digits)) % 5 == 0
    return luhn(digits)


def is_vat(text: str) -> bool:
    """A European VAT number; of a French one also the key, (12 + 3 x (SIREN mod 97)) mod 97."""
    number = text.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}[0-9A-Z+*]{2,12}", number):
        return False
    if not number.startswith("FR") or not number[2:4].isdigit():
        return True
    siren = number[4:]
    return is_siren(siren) and int(number[2:4]) == (12 + 3 * (int(siren) % 97)) % 97


def is_gtin(text: str) -> bool:
    """GTIN-8, 12, 13 or 14 with its check digit."""
    if not any(_digits(text, length) for length in (8, 12, 13, 14)):
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(text))) % 10 == 0


def _digits(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()


def checks(country: str) -> dict[str, Callable[[str], bool]]:
    """The formats that a schema may name beside JSON Schema's own: name -> whether a text fits."""
    return {
        PHONE: lambda text: e164(text, country) is not None,
        "siren": is_siren,
        "siret": is_siret,
        "vat": is_vat,
        "gtin": is_gtin,
    }
