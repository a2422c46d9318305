"""What a record says that others must agree with: its id, the values that nobody else may have, whom it refers to.

Law: a pure function of the record and its schema; whether the others agree is the index's question (edge/index/claims).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fieldvault.core.reading import item_step
from fieldvault.core.schema import FieldRule, Schema
from fieldvault.core.values import FieldPath, Value, canonical


@dataclass(frozen=True)
class Claims:
    """`unique`: field and canonical value; `refs`: field, the id it names, and the type that must have it."""

    id: str | None
    unique: tuple[tuple[FieldPath, str], ...]
    refs: tuple[tuple[FieldPath, str, str], ...]


def claims(value: Value, schema: Schema) -> Claims:
    """The claims of one record."""
    unique, refs = [], []
    for field, rule, held in _fields(value, schema.root, ()):
        if rule.unique and held is not None:
            unique.append((field, canonical(rule.standard(held))))
        if rule.ref and isinstance(held, str):
            refs.append((field, held, rule.ref))
    own = value.get("id") if isinstance(value, dict) else None
    return Claims(own if isinstance(own, str) else None, tuple(unique), tuple(refs))


def _fields(value: Value, rule: FieldRule, path: FieldPath) -> Iterator[tuple[FieldPath, FieldRule, Value]]:
    yield path, rule, value
    if isinstance(value, dict):
        for name, held in value.items():
            yield from _fields(held, rule.step(name), (*path, name))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _fields(item, rule.item, (*path, _step(item, place, rule)))


def _step(item: Value, place: int, rule: FieldRule) -> str:
    """How an item is addressed: a scalar by its text, for two records may have it at two places."""
    return item_step(item, place, rule) if isinstance(item, dict | list) else str(rule.item.standard(item))
