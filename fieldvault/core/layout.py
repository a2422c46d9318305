"""Layout: from nodes back to text.

Law: nothing is decided here. The slots are put one after the other, at the column where their collection now stands;
`text` is the inverse of reading. Only what has no place is moved to one: a lead above the first entry of a collection
that begins on its dash's line goes above the dash, a space between flow entries follows the entries' new places, and
what comes to stand below a block scalar is kept out of it.
"""

from __future__ import annotations

from fieldvault.core.blockends import OpenEnd, kept_out, open_end
from fieldvault.core.nodes import Alias, Collection, Entry, Node, Scalar, Tree, indent


def data(tree: Tree) -> bytes:
    """The bytes of the file."""
    written = text(tree)
    if not tree.final_newline and not written.endswith("\n\n"):  # a blank last line may be content
        written = written.removesuffix("\n")
    if tree.newline != "\n":
        written = written.replace("\r\n", "\n").replace("\n", tree.newline)
    return (("\ufeff" if tree.bom else "") + written).encode()


def text(tree: Tree) -> str:
    """The file with line feeds, without byte order mark, ending in a line feed."""
    out = [tree.start]
    root = tree.root.node
    if isinstance(root, Collection) and not root.flow:
        _block(root, root.indent, out)
    else:
        _beside(tree.root, 0, out)
    end = open_end(root, 0)
    out.append(kept_out(tree.end, end, 0) if end else tree.end)
    return "".join(out)


def node_text(node: Node, column: int = 0) -> str:
    """The source of a node that stands on its key's line: a scalar, an alias, a flow collection."""
    if isinstance(node, Scalar | Alias):
        return indent(node.raw, column)
    if node.verbatim is not None:
        return indent(node.verbatim, column)
    return _flow(node, column)


def entry_text(entry: Entry) -> str:
    """The whole entry, lead to trail, relative to its column: two with equal texts are alike to the byte."""
    source = entry.source()
    if source is None:
        out = ["\n"]
        _entry(entry, 0, out, inline=False)
        source = "".join(out)
    return source


def shape_text(node: Node) -> str:
    """A text that tells two nodes of equal value apart: their source, for choosing one of them without a side."""
    if isinstance(node, Collection) and not node.flow:
        out = [] if node.inline else ["\n"]
        _block(node, node.indent, out)
        return "".join(out)
    return node_text(node)


def _block(collection: Collection, column: int, out: list[str]) -> None:
    above: Entry | None = None
    for entry in collection.entries:
        end = open_end(above.node, column) if above and entry.lead else None
        _entry(entry, column, out, inline=collection.inline and not above, below=end)
        above = entry
    _lines(collection.foot, column, out, open_end(above.node, column) if above and collection.foot else None)


def _entry(entry: Entry, column: int, out: list[str], *, inline: bool, below: OpenEnd | None = None) -> None:
    if entry.file is not None and entry.column == column == 0 and not below:  # at the left margin, where it was read
        out.append(entry.file[entry.start : entry.end])
        return
    if not inline:
        _lines(_lead(entry), column, out, below)
        out.append(" " * column)
    out.append(indent(entry.head, column))
    child = entry.node
    if not isinstance(child, Collection) or child.flow:
        _beside(entry, column, out)
    elif child.inline:
        out.append(" " * (child.indent - len(entry.head)))
        _block(child, column + child.indent, out)
    else:
        out.append(f"{entry.gap}{entry.trail}\n")
        _block(child, column + child.indent, out)


def _lead(entry: Entry) -> str:
    child = entry.node
    if isinstance(child, Collection) and child.inline and not child.flow:
        return entry.lead + _lead(child.entries[0])
    return entry.lead


def _lines(slot: str, column: int, out: list[str], below: OpenEnd | None) -> None:
    if slot:
        lines = indent("\n" + slot, column)[1:]
        out.append(kept_out(lines, below, column) if below else lines)


def _beside(entry: Entry, column: int, out: list[str]) -> None:
    out.append(indent(entry.gap, column))
    written = node_text(entry.node, column)
    if isinstance(entry.node, Scalar) and entry.node.block:
        header, newline, body = written.partition("\n")
        out.append(f"{header}{entry.trail}{newline}{body}\n")
    else:
        out.append(f"{written}{entry.trail}\n")


def _flow(collection: Collection, column: int) -> str:
    out = [indent(collection.opening, column)]
    spacing = collection.spacing
    for place, entry in enumerate(collection.entries):
        lead = entry.lead
        if entry.first != (place == 0) and not lead.strip():
            lead = spacing if place else ""
        comma = "," if place else ""
        source = indent(entry.head + entry.gap, column) + node_text(entry.node, column)
        out.append(f"{comma}{indent(lead, column)}{source}{indent(entry.trail, column)}")
    out.append(indent(collection.foot, column))
    out.append("}" if collection.mapping else "]")
    return "".join(out)
