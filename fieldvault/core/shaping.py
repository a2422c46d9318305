"""Shaping: the style in which a merged map or list stands.

Law: flow or block, indentation, brackets and spacing are registers of the collection that need no conflict; a foot is
joined like any comment. The entries follow the collection's style, but none loses a comment to it.
"""

from __future__ import annotations

from fieldvault.core.nodes import Collection, Entry, aliased
from fieldvault.core.slots import joined, pick
from fieldvault.core.writing import has_comment, to_block, to_flow


def shaped(base: Collection | None, ours: Collection, theirs: Collection, entries: list[Entry]) -> Collection:
    """A collection of the merged entries in the style that the sides agree on; without entries, for `around` alone."""
    styles = [_flow(base) if base else None, _flow(ours), _flow(theirs)]
    known = [style for style in styles[1:] if style is not None]
    flow = bool(known and pick(styles[0] or False, known[0], known[-1]))
    flow = flow and not any(not entry.flow and has_comment(entry) for entry in entries)
    node = Collection(ours.mapping, entries, flow=flow)
    shape = _shape_flow if flow else _shape_block
    shape(node, base if base and base.flow == flow else None, [side for side in (ours, theirs) if side.flow == flow])
    node.aliased = any(aliased(entry.node) for entry in node.entries)
    return node


def _shape_flow(node: Collection, base: Collection | None, flows: list[Collection]) -> None:
    """Brackets and the space between entries as the flows among the versions have them; an empty one has none."""
    filled = [side for side in flows if side.entries]
    if not node.entries or not filled:
        node.entries = [to_flow(entry) for entry in node.entries]
        return
    before, ours, theirs = base if base and base.entries else None, filled[0], filled[-1]
    node.opening = pick(before.opening if before else None, ours.opening, theirs.opening)
    node.foot = pick(before.foot if before else None, ours.foot, theirs.foot)
    spacing = pick(before.spacing if before else None, ours.spacing, theirs.spacing)
    usual = {side.spacing for side in (before, ours, theirs) if side} - {spacing}
    entries = [to_flow(entry, spacing) for entry in node.entries]
    node.entries = [each.led_by(spacing) if each.lead in usual and not each.first else each for each in entries]


def _shape_block(node: Collection, base: Collection | None, blocks: list[Collection]) -> None:
    """Indentation and foot as the blocks among the versions have them."""
    node.entries = [to_block(entry) for entry in node.entries]
    if not blocks:
        return
    ours, theirs = blocks[0], blocks[-1]
    node.inline = pick(base.inline if base else None, ours.inline, theirs.inline)
    node.indent = pick(base.indent if base else None, ours.indent, theirs.indent)
    node.indent = max(node.indent, 2) if node.inline else node.indent
    feet = [*(side.foot for side in blocks), ""]
    node.foot = joined(base.foot if base else "", feet[0], feet[1])


def _flow(collection: Collection) -> bool | None:
    """The style; None for an empty collection, which has no choice."""
    return collection.flow if collection.entries else None
