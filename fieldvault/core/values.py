"""Values: what the scalars, maps and lists of a record mean, when two are the same, and how a field is addressed.

Law: values are compared by `same`, never by Python's `==` (for which True == 1, so that an edit from 1 to true would be
dropped). MISSING is not None: absent is not null. `canonical` is injective: two values are the same exactly when their
canonical texts are equal, so sets of values are dicts keyed by it.

A field's path is a tuple of map keys and item keys. Outside the code it is written as a JSON Pointer (RFC 6901) in
which `~2` stands for a comma, because an item of a list with several keys is addressed as `k1=v1,k2=v2`.
"""

from __future__ import annotations

import json
from decimal import Decimal
from enum import Enum
from typing import Final, Literal, TypeAlias


class _Missing(Enum):
    MISSING = "MISSING"

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing.MISSING
Missing: TypeAlias = Literal[_Missing.MISSING]

Value: TypeAlias = "bool | int | Decimal | str | list[Value] | dict[str, Value] | None"
Maybe: TypeAlias = "Value | Missing"
FieldPath: TypeAlias = tuple[str, ...]

_quoted = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps would make an encoder for each text
KEY_SEPARATOR = "\x1f"  # between the components of a composite item key, inside one step of a path


def same(a: Maybe, b: Maybe) -> bool:
    """Whether two values are one: alike in type and value, maps in any order. 1, 1.0, "1" and true differ."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(value, b[key]) for key, value in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def canonical(value: Maybe) -> str:
    """The value as JSON with sorted keys and shortest decimals; a decimal always shows its point or exponent."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Decimal):
        return _shortest(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in sorted(value)) + "}"
    if value is MISSING:
        return ""
    return json.dumps(value)


def _shortest(number: Decimal) -> str:
    number = number.normalize()
    if number.is_zero():
        return "0.0"
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)  # values hold finite numbers only
    if -30 <= exponent < 0:
        return format(number, "f")
    if 0 <= exponent <= 30:
        return format(number, "f") + ".0"
    return str(number)


def to_json(value: Value) -> object:
    """The value for `json.dumps`: decimals as strings that keep their digits."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    return value


def rank(value: Maybe, raw: str = "") -> tuple[bool, str, str]:
    """Which of two is shown where one must be: the higher. Present before removed, canonical text, raw text."""
    return value is not MISSING, canonical(value), raw


def to_pointer(path: FieldPath) -> str:
    """A path as a JSON Pointer; the root is the empty text."""
    return "".join("/" + spelled(step) for step in path)


def from_pointer(pointer: str) -> FieldPath:
    """The path of a JSON Pointer, with or without its first slash: `/phones/std/number`, `phones/std/number`."""
    if not pointer:
        return ()
    return tuple(map(_unescape, pointer.removeprefix("/").split("/")))


def spelled(step: str) -> str:
    """One step as it is written outside the code."""
    return step.replace("~", "~0").replace("/", "~1").replace(",", "~2").replace(KEY_SEPARATOR, ",")


def _unescape(step: str) -> str:
    return step.replace(",", KEY_SEPARATOR).replace("~2", ",").replace("~1", "/").replace("~0", "~")


def item_key(components: list[tuple[str, Maybe]]) -> str:
    """The step of a path that addresses a list item by its key: the key's text, or `k1=v1,k2=v2` for several."""
    if len(components) == 1:
        return _key_text(components[0][1])
    return KEY_SEPARATOR.join(f"{name}={_key_text(value)}" for name, value in components if value is not MISSING)


def _key_text(value: Maybe) -> str:
    return value if isinstance(value, str) else canonical(value)
