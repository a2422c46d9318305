"""Changes: the fields in which two versions of a record differ.

Law: a change names the smallest field for which a person would look: the field of a map, an item of a keyed list or its
field, and a list without keys as a whole. Values count as equal as they do in the merge.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fieldvault.core.reading import ITEMS_BY_KEY, key_of
from fieldvault.core.schema import FieldRule, Schema
from fieldvault.core.values import MISSING, FieldPath, Maybe, Value, same


class FieldChange(NamedTuple):
    """One field that differs; MISSING where a version has none."""

    path: FieldPath
    old: Maybe
    new: Maybe


def changes_between(old: Maybe, new: Maybe, schema: Schema) -> list[FieldChange]:
    """The changed fields from one value of a record to another, in the order of the schema-less union of its fields."""
    return list(_changes((), old, new, schema.root))


def _changes(path: FieldPath, old: Maybe, new: Maybe, rule: FieldRule) -> Iterator[FieldChange]:
    if old is new:
        return
    if isinstance(old, dict) and isinstance(new, dict) and rule.strategy == "granular":
        for key in {**old, **new}:
            yield from _changes((*path, key), old.get(key, MISSING), new.get(key, MISSING), rule.field(key))
        return
    if same(rule.standard(old), rule.standard(new)):
        return
    if isinstance(old, list) and isinstance(new, list) and rule.strategy in ITEMS_BY_KEY:
        before, after = _by_key(old, rule), _by_key(new, rule)
        found = False
        if len(before) == len(old) and len(after) == len(new):
            for key in {**before, **after}:
                for change in _changes((*path, key), before.get(key, MISSING), after.get(key, MISSING), rule.item):
                    found = True
                    yield change
        if found:
            return
    yield FieldChange(path, old, new)


def _by_key(items: list[Value], rule: FieldRule) -> dict[str, Value]:
    return {key_of(item, rule): item for item in items}
