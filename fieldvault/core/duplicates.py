"""Two records that were made with one id: whether they are one record, and what the other is called if not.

Law: a pure function of the two, whichever side each is on, so that every machine tells them apart in the same way. They
are two where a field that never changes, such as an order's number, says two different things.
"""

from __future__ import annotations

import base64
import hashlib

from fieldvault.core.fields import value_at
from fieldvault.core.schema import Schema
from fieldvault.core.values import MISSING, Maybe, Value, canonical, same

_DIGITS = 10


def are_two(one: Value, other: Value, schema: Schema) -> bool:
    """Whether an immutable field has a value in both that differs. Items of lists are not looked into."""
    for path, rule in schema.rules():
        if rule.strategy == "immutable" and "*" not in path:
            values: list[Maybe] = [rule.standard(value_at(value, path, schema)) for value in (one, other)]
            if MISSING not in values and not same(*values):
                return True
    return False


def other_id(record: str, value: Value) -> str:
    """The id that the record of lower canonical text gets: the prefix, and ten base-32 digits of id and text."""
    digest = hashlib.sha256((record + canonical(value)).encode("utf-8", "surrogatepass")).digest()
    prefix, underscore, _ = record.rpartition("_")
    return prefix + underscore + base64.b32encode(digest).decode().lower()[:_DIGITS]


def other_path(path: str, record: str, new: str) -> str:
    """The path with the new id in the file's name, where the old one stands in it."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + name.replace(record, new)
