"""Finding the value at a path inside a record.

Law: a step into a map is a key, or the name of a group, whose value is its members; a step into a list is an item's key
where the schema states one, else its place.
"""

from __future__ import annotations

from fieldvault.core.reading import ITEMS_BY_KEY, key_of
from fieldvault.core.schema import FieldRule, Schema
from fieldvault.core.values import MISSING, FieldPath, Maybe


def value_at(value: Maybe, field: FieldPath, schema: Schema) -> Maybe:
    """The value at `field`, MISSING where there is none."""
    rule = schema.root
    for step in field:
        value = _step(value, step, rule)
        rule = rule.step(step)
    return value


def _step(value: Maybe, step: str, rule: FieldRule) -> Maybe:
    if isinstance(value, dict):
        if step in rule.groups and step not in rule.properties:
            return {name: value[name] for name in rule.groups[step] if name in value} or MISSING
        return value.get(step, MISSING)
    if isinstance(value, list) and rule.strategy in ITEMS_BY_KEY:
        return next((item for item in value if key_of(item, rule) == step), MISSING)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return MISSING
