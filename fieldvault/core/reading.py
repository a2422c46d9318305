"""Reading values: what the nodes of a record mean under its schema.

Law: the value of a node is a function of its content and the rule at its path; slots, quotes of a typed scalar and the
style of a collection do not matter.
"""

from __future__ import annotations

from collections.abc import Iterator

from fieldvault.core.nodes import Alias, Collection, Entry, Node, Scalar
from fieldvault.core.schema import FieldRule
from fieldvault.core.values import MISSING, FieldPath, Maybe, Value, item_key

ITEMS_BY_KEY = ("keyed", "log")


def value_of(node: Node, rule: FieldRule) -> Value:
    """The value of a node at a field with this rule."""
    if isinstance(node, Scalar):
        return rule.value(node.value, node.plain)
    if isinstance(node, Alias):
        return value_of(node.target, rule)
    if node.mapping:
        return {entry.key: meaning(entry, rule.field(entry.key)) for entry in node.entries if entry.key is not None}
    item = rule.item
    return [meaning(entry, item) for entry in node.entries]


def meaning(entry: Entry, rule: FieldRule) -> Value:
    """The value of a complete entry, which is read once under each rule; nobody changes it."""
    if entry.rule is not rule:
        entry.meaning = value_of(entry.node, rule)
        entry.rule = rule
    return entry.meaning


def entry_value(entry: Entry | None, rule: FieldRule) -> Maybe:
    return MISSING if entry is None else meaning(entry, rule)


def key_of(value: Value, rule: FieldRule) -> str:
    """The path step of an item of a keyed list or log; `rule` is the list's."""
    fields = value if isinstance(value, dict) else {}
    item = rule.item
    return item_key([(key, item.field(key).standard(fields.get(key, MISSING))) for key in rule.policy.keys])


def item_step(item: Value, place: int, rule: FieldRule) -> str:
    """The path step of an item of any list: its key where the list merges by key, else its place."""
    return key_of(item, rule) if rule.strategy in ITEMS_BY_KEY else str(place)


def steps(collection: Collection, rule: FieldRule) -> Iterator[tuple[str, Entry, FieldRule]]:
    """The entries of a collection with the path step and the rule of each: a key, an item's key, or its place."""
    if collection.mapping:
        for entry in collection.entries:
            assert entry.key is not None
            yield entry.key, entry, rule.field(entry.key)
        return
    item = rule.item
    for place, entry in enumerate(collection.entries):
        yield item_step(meaning(entry, item), place, rule), entry, item


def find(entry: Entry, path: FieldPath, rule: FieldRule) -> tuple[Entry, FieldRule] | None:
    """The entry at a path below `entry`, with its rule; None where the record has no such field."""
    for step in path:
        node = entry.node.target if isinstance(entry.node, Alias) else entry.node
        if not isinstance(node, Collection):
            return None
        found = next(((below, below_rule) for name, below, below_rule in steps(node, rule) if name == step), None)
        if found is None:
            return None
        entry, rule = found
    return entry, rule
