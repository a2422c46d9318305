"""`a=1 tags+=bio tags-=vip note=`: assignments as a person types them, made into edits of a record.

Law: the schema says what a text means (`01000` stays a postcode where the field is a string); an assignment that does
not fit is refused before anything is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from fieldvault.core.fields import value_at
from fieldvault.core.schema import Schema
from fieldvault.core.values import MISSING, FieldPath, Maybe, Value, from_pointer, same

_FORM = re.compile(r"([^=]+?)(\+=|-=|=)(.*)", re.S)


class Assignment(NamedTuple):
    """One assignment: the field, `=` `+=` or `-=`, and the text on the right."""

    field: FieldPath
    operator: str
    text: str


def parse(text: str) -> Assignment | None:
    """The assignment in `field=value`; None where it is none."""
    match = _FORM.fullmatch(text)
    return Assignment(from_pointer(match[1]), match[2], match[3]) if match else None


def apply(value: Value, assignments: Iterable[Assignment], schema: Schema) -> list[tuple[FieldPath, Maybe]]:
    """The edits that the assignments mean for a record of this value; `field=` removes the field."""
    edits: dict[FieldPath, Maybe] = {}
    for field, operator, text in assignments:
        if operator == "=":
            edits[field] = schema.rule(field).value(text, plain=True) if text else MISSING
            continue
        held = edits.get(field, value_at(value, field, schema))
        items = list(held) if isinstance(held, list) else []
        item = schema.rule((*field, text)).value(text, plain=True)
        others = [one for one in items if not same(one, item)]
        edits[field] = others if operator == "-=" else items if len(others) < len(items) else [*items, item]
    return list(edits.items())
