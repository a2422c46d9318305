"""Block ends: what may stand below a block scalar.

Law: nothing that stood in another place becomes content. A block scalar takes in every line that is as deep as its own
lines, and one that keeps its line ends (`|+`) takes in the blank lines below it as well. Where a merge puts comments
and blank lines there, such comments move out to the left, and such blank lines go: the scalar's own stand there.
"""

from __future__ import annotations

from typing import NamedTuple

from fieldvault.core.nodes import BLOCK_HEADER, Collection, Node, Scalar, lines_of


class OpenEnd(NamedTuple):
    """A block scalar that ends a node: the column of its lines, and whether it keeps the line ends below them."""

    column: int
    keeps: bool


def open_end(node: Node, column: int) -> OpenEnd | None:
    """The block scalar that ends a node; `column` is that of the collection in which the node stands."""
    while isinstance(node, Collection):
        if node.flow or node.foot:
            return None
        column += node.indent
        node = node.entries[-1].node
    if not isinstance(node, Scalar) or not node.block:
        return None
    header = BLOCK_HEADER.match(node.raw)
    assert header is not None
    stated = header.group(1).strip("+-")
    depths = (_depth(line) for line in lines_of(node.raw)[1:] if line.strip())
    return OpenEnd(column + (int(stated) if stated else next(depths, 1)), "+" in header.group(1))


def kept_out(text: str, end: OpenEnd, column: int) -> str:
    """Comment and blank lines below a block scalar, so that none is its own; `column`: of what they belong to."""
    lines = lines_of(text)
    blank = next((place for place, line in enumerate(lines) if line.strip()), len(lines))
    kept = [] if end.keeps else ["\n" if len(line) > end.column + 1 else line for line in lines[:blank]]
    rest = lines[blank:]
    if rest and _depth(rest[0]) >= end.column:  # the first comment ends the scalar
        rest[0] = " " * column + rest[0].lstrip(" ")
    return "".join(kept + rest)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
