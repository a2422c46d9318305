"""Fitting: a node that stands in a file, changed to hold another value.

Law: what has the same value keeps its slots; what differs is replaced at the smallest node that differs, in the style
that stands there; new entries are written in the style of their collection.
"""

from __future__ import annotations

from fieldvault.core.nodes import Collection, Entry, Node, Scalar
from fieldvault.core.reading import ITEMS_BY_KEY, key_of, value_of
from fieldvault.core.schema import FieldRule
from fieldvault.core.values import Value, canonical, same
from fieldvault.core.writing import entry_of, node_of, scalar_of


def fitted(node: Node, value: Value, rule: FieldRule, *, flow: bool = False) -> Node:
    """The node with another value. `flow`: it stands in a flow collection."""
    if same(value_of(node, rule), value):
        return node
    if isinstance(node, Collection) and not node.verbatim and isinstance(value, dict | list):
        if isinstance(value, dict) and node.mapping:
            return _collection(node, [_field(node, key, item, rule) for key, item in value.items()])
        if isinstance(value, list) and not node.mapping:
            return _collection(node, _items(node, value, rule))
    if isinstance(node, Scalar) and not isinstance(value, dict | list):
        return _scalar(node, value, rule, flow)
    within = Collection(True, [], flow=flow)
    return node_of(value, flow=flow, outer=within)


def _scalar(node: Scalar, value: Value, rule: FieldRule, flow: bool) -> Scalar:
    like = node.value if node.plain else None
    new = scalar_of(value, flow=flow, style=node.style, like=like)
    if not same(rule.value(new.value, new.plain), value):
        new = scalar_of(value, flow=flow, style='"')
    if node.anchor:
        new.anchor, new.raw = node.anchor, f"&{node.anchor} {new.raw}"
    return new


def _field(node: Collection, key: str, value: Value, rule: FieldRule) -> Entry:
    standing = node.entry(key)
    if standing is None:
        return entry_of(key, value, node)
    return with_value(standing, value, rule.field(key))


def with_value(entry: Entry, value: Value, rule: FieldRule) -> Entry:
    """The entry with another value, its comments kept."""
    return holding(entry, fitted(entry.node, value, rule, flow=entry.flow))


def holding(entry: Entry, node: Node) -> Entry:
    """The entry with another node, its comments kept."""
    if node is entry.node:
        return entry
    gap = gap_before(node, entry.gap, entry.head, flow=entry.flow)
    return entry.moved(node, lead=entry.lead, head=entry.head, gap=gap, trail=trail_behind(node, entry.trail))


def gap_before(node: Node, gap: str, head: str, *, flow: bool) -> str:
    """What stands between a head and its node: at least a space, before a block only its anchor.

    In flow style a value may touch a key that stands in quotes, as JSON has it.
    """
    if isinstance(node, Collection) and not node.flow:
        return gap if node.anchor else ""
    touching = not head or (flow and head[-2:] in ("':", '":'))
    if gap or touching or (isinstance(node, Scalar) and not node.raw):
        return gap
    return " "


def trail_behind(node: Node, trail: str) -> str:
    """What stands behind a node: a comment may touch a bracket or a quote, but nothing else."""
    closed = node.flow if isinstance(node, Collection) else isinstance(node, Scalar) and node.style in ("'", '"')
    return trail if closed or not trail.startswith("#") else " " + trail


def _items(node: Collection, values: list[Value], rule: FieldRule) -> list[Entry]:
    """The entries of a list: matched by key, by equal value, and where the length stays by place."""
    item = rule.item
    keyed = rule.strategy in ITEMS_BY_KEY
    name = (lambda value: key_of(value, rule)) if keyed else canonical
    standing: dict[str, list[Entry]] = {}
    for entry in node.entries:
        standing.setdefault(name(value_of(entry.node, item)), []).append(entry)
    same_length = len(values) == len(node.entries) and not keyed
    entries: list[Entry] = []
    for place, value in enumerate(values):
        found = standing.get(name(value))
        if found:
            entries.append(with_value(found.pop(0), value, item))
        elif same_length:
            entries.append(with_value(node.entries[place], value, item))
        else:
            entries.append(entry_of(None, value, node))
    return entries


def _collection(node: Collection, entries: list[Entry]) -> Collection:
    """The collection with other entries; an emptied one is `{}` or `[]`."""
    changed = node.with_entries(entries)
    if not entries:
        changed.flow, changed.foot = True, ""
    return changed
