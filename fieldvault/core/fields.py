"""Finding the value at a path inside a record.

Law: a step into a map is a key; a step into a list is an item's key as its schema states it, never a position.
"""

from __future__ import annotations

from fieldvault.core.schema import FieldRule, Schema
from fieldvault.core.values import MISSING, FieldPath, Maybe, item_key


def value_at(value: Maybe, field: FieldPath, schema: Schema) -> Maybe:
    """The value at `field`, MISSING where there is none."""
    rule = schema.root
    for step in field:
        value = _step(value, step, rule)
        rule = rule.step(step)
    return value


def _step(value: Maybe, step: str, rule: FieldRule) -> Maybe:
    if isinstance(value, dict):
        return value.get(step, MISSING)
    if isinstance(value, list):
        keys = rule.policy.keys
        for item in value:
            if isinstance(item, dict) and keys and item_key([(key, item.get(key, MISSING)) for key in keys]) == step:
                return item
    return MISSING
