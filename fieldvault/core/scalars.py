"""Scalars: from the text that stands in a file to a value, as far as the schema says so.

Law: YAML does not guess. A scalar is its text; it becomes a number, a boolean or null only where the schema allows that
type. Where no schema speaks, null, booleans and the numbers of JSON are read as such, and everything else stays text:
`01000`, `+33639981207`, `0x1F`, `no` and `1_000` keep every sign. A text that its type does not fit counts as itself.
"""

from __future__ import annotations

import re
from decimal import Decimal

from fieldvault.core.values import Value

TEXT, NUMBER, INTEGER, BOOLEAN, NULL = "string", "number", "integer", "boolean", "null"
OBJECT, ARRAY = "object", "array"

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_TYPED_NUMBER = re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|[-+]?\.[0-9]+(?:[eE][-+]?[0-9]+)?")

DIGITS_MAX = 1000  # of a number, and of its exponent's value: beyond that it stays text, and sums stay exact and quick


def untyped(text: str, plain: bool) -> Value:
    """What a scalar is where no schema speaks."""
    if not plain:
        return text
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    first = text[0]
    if first.isdigit() or first == "-":
        if _INTEGER.fullmatch(text):
            return _integer(text)
        if _NUMBER.fullmatch(text):
            return _decimal(text)
    return text


def typed(text: str, plain: bool, types: tuple[str, ...]) -> Value:
    """What a scalar is where the schema allows `types` (JSON Schema's names; none: no schema speaks)."""
    if not types:
        return untyped(text, plain)
    if len(types) == 1:
        return _as(text, types[0], plain)
    if plain:
        for kind in (NULL, BOOLEAN, INTEGER, NUMBER):
            if kind in types:
                value = _as(text, kind, plain)
                if value is not text:
                    return value
    return text


def _as(text: str, kind: str, plain: bool) -> Value:
    if kind == TEXT:
        return text
    if kind == INTEGER:
        return _whole(text)
    if kind == NUMBER:
        return _decimal(text) if _TYPED_NUMBER.fullmatch(text) else text
    if kind == BOOLEAN:
        return _BOOLEAN.get(text, text)
    return None if plain and text in _NULL else text  # null; or a map or list with nothing in it


def _integer(text: str) -> Value:
    return int(text) if len(text) <= DIGITS_MAX else text


def _decimal(text: str) -> Value:
    if len(text) > DIGITS_MAX:
        return text
    number = Decimal(text)
    return number if number.is_zero() or abs(number.adjusted()) <= DIGITS_MAX else text


def _whole(text: str) -> Value:
    """An integer; as in JSON Schema, 12.0 is one."""
    if not _TYPED_NUMBER.fullmatch(text):
        return text
    number = _decimal(text)
    return int(number) if isinstance(number, Decimal) and number == number.to_integral_value() else text
