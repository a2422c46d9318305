"""Aliases after a merge or an edit: those whose anchor is gone, or now means something else, become their value.

Law: each alias of the result means what it meant where it came from.
"""

from __future__ import annotations

from fieldvault.core.fitting import holding
from fieldvault.core.nodes import Alias, Collection, Entry, Node, Scalar, aliased
from fieldvault.core.reading import value_of
from fieldvault.core.schema import DEFAULT
from fieldvault.core.values import Value, same
from fieldvault.core.writing import to_flow

_Anchors = dict[str, Value]  # what each anchor means at this point of the file


def without_dangling(root: Entry) -> Entry:
    """The record with every alias resolvable."""
    return _checked(root, {}) if aliased(root.node) else root


def _checked(entry: Entry, anchors: _Anchors) -> Entry:
    return holding(entry, _checked_node(entry.node, anchors, entry.flow))


def _checked_node(node: Node, anchors: _Anchors, flow: bool) -> Node:
    if isinstance(node, Alias):
        meant = value_of(node.target, DEFAULT.root)
        return node if node.name in anchors and same(anchors[node.name], meant) else _spelled_out(node.target, flow)
    if isinstance(node, Collection) and node.verbatim is None:
        entries = [_checked(entry, anchors) for entry in node.entries]
        if any(entry is not before for entry, before in zip(entries, node.entries, strict=True)):
            node = node.with_entries(entries)
    if node.anchor:
        anchors[node.anchor] = value_of(node, DEFAULT.root)
    return node


def _spelled_out(node: Node, flow: bool) -> Node:
    """A copy that names no anchor and holds no alias."""
    if isinstance(node, Alias):
        return _spelled_out(node.target, flow)
    if isinstance(node, Scalar):
        raw = node.raw.removeprefix(f"&{node.anchor}").lstrip() if node.anchor else node.raw
        plain = Scalar(node.value, raw, node.style)
        return to_flow(Entry(None, plain)).node if flow else plain
    copy = node.with_entries([holding(entry, _spelled_out(entry.node, entry.flow)) for entry in node.entries])
    copy.anchor, copy.inline, copy.indent = None, False, max(copy.indent, 2)
    copy.opening = copy.opening[copy.opening.index("{" if copy.mapping else "[") :]
    return to_flow(Entry(None, copy)).node if flow else copy
