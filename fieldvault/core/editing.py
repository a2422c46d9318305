"""Editing: single fields of a record set or removed.

Law: an edit touches the smallest node that holds the field. A path whose maps are missing makes them; an item of a
keyed list that is missing is appended with its key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fieldvault.core.aliases import without_dangling
from fieldvault.core.fitting import with_value
from fieldvault.core.nodes import Tree
from fieldvault.core.reading import ITEMS_BY_KEY, item_step, value_of
from fieldvault.core.schema import FieldRule, Schema
from fieldvault.core.values import KEY_SEPARATOR, MISSING, FieldPath, Maybe, Value
from fieldvault.errors import FieldvaultError


def edited(tree: Tree, edits: Sequence[tuple[FieldPath, Maybe]], schema: Schema) -> Tree:
    """The tree with these fields set, or removed where the value is MISSING."""
    value = value_of(tree.root.node, schema.root)
    for path, wanted in edits:
        value = _set(value, path, 0, wanted, schema.root)
    return replace(tree, root=without_dangling(with_value(tree.root, value, schema.root)))


def _set(value: Maybe, path: FieldPath, depth: int, wanted: Maybe, rule: FieldRule) -> Value:
    if depth == len(path):
        assert wanted is not MISSING, "a whole record is removed by removing its file"
        return wanted
    step, last = path[depth], depth + 1 == len(path)
    if isinstance(value, list):
        return _set_item(value, path, depth, wanted, rule)
    fields: dict[str, Value] = dict(value) if isinstance(value, dict) else {}
    if rule.strategy in ITEMS_BY_KEY and not isinstance(value, dict):
        return _set_item([], path, depth, wanted, rule)
    if step in rule.groups and step not in rule.properties:
        return _set_group(fields, rule.groups[step], wanted)
    if last and wanted is MISSING:
        fields.pop(step, None)
    elif wanted is not MISSING or step in fields:
        fields[step] = _set(fields.get(step, MISSING), path, depth + 1, wanted, rule.field(step))
    return fields


def _set_group(fields: dict[str, Value], members: tuple[str, ...], wanted: Maybe) -> Value:
    """A group's value is a map of those of its members that are present."""
    chosen = wanted if isinstance(wanted, dict) else {}
    kept = {name: item for name, item in fields.items() if name not in members or name in chosen}
    return {**kept, **chosen}


def _set_item(items: list[Value], path: FieldPath, depth: int, wanted: Maybe, rule: FieldRule) -> Value:
    step, last = path[depth], depth + 1 == len(path)
    keyed = rule.strategy in ITEMS_BY_KEY
    names = [item_step(item, place, rule) for place, item in enumerate(items)]
    place = names.index(step) if step in names else None
    if place is None:
        if wanted is MISSING:
            return items
        if not keyed:
            raise FieldvaultError("no-such-item", field=path[: depth + 1])
        fresh = _with_key(step, rule)
        return [*items, _set(fresh, path, depth + 1, wanted, rule.item)]
    if last and wanted is MISSING:
        return [item for other, item in enumerate(items) if other != place]
    changed = _set(items[place], path, depth + 1, wanted, rule.item)
    return [changed if other == place else item for other, item in enumerate(items)]


def _with_key(step: str, rule: FieldRule) -> dict[str, Value]:
    """A new item of a keyed list with nothing but its key."""
    if len(rule.policy.keys) == 1:
        key = rule.policy.keys[0]
        return {key: rule.item.field(key).value(step, True)}
    pairs = (component.partition("=") for component in step.split(KEY_SEPARATOR))
    return {key: rule.item.field(key).value(text, True) for key, _, text in pairs}
