"""Rereading: a version of a file, read from another version of it that has been read.

Law: what it gives is what reading the whole gives, with the entries of the other version wherever the two agree (they
keep their line numbers); where that is not certain it gives None, and the whole is read. So of the three versions of a
merge, and of its result, only what differs is parsed, and whoever compares them finds one object in the same place.

libyaml is in one state wherever an entry of the top map begins. What is above the first difference and below the last
one therefore reads as it did, if it begins where it did: to be sure of that, the last entry above the difference is
read again with it, and the comments and the key of the first entry below.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace

import yaml

from fieldvault.core.nodes import Collection, Entry, Tree
from fieldvault.edge.yamltext.cutting import Cutter
from fieldvault.edge.yamltext.guard import Guard, Limits
from fieldvault.errors import Unreadable


@dataclass(frozen=True)
class Reading:
    """A file that was read. `text` has line feeds alone; `nodes` are those it counts against the limits.

    `starts`: where each entry of the top map begins, and where the last one ends; None where it cannot be reread.
    """

    tree: Tree
    text: str
    nodes: int
    starts: list[int] | None

    @property
    def entries(self) -> list[Entry]:
        root = self.tree.root.node
        assert isinstance(root, Collection)
        return root.entries


def starts_of(tree: Tree, guard: Guard) -> list[int] | None:
    """Where the entries of the top map begin and the last one ends; None unless it is a block at the left margin
    without anchors.
    """
    root = tree.root.node
    if not isinstance(root, Collection) or root.flow or not root.mapping or root.indent or guard.anchored:
        return None
    return [entry.start for entry in root.entries] + [root.entries[-1].end]


def reread(text: str, known: Reading, limits: Limits) -> Reading | None:
    """`text` as it differs from what is `known`, in the frame of the known tree; None: read the whole."""
    if known.starts is None:
        return None
    first, last = _around_difference(known.text, text, known.starts)
    if first < 0:
        return None
    starts, entries = known.starts, known.entries
    begin, shift = starts[first], len(text) - len(known.text)
    follower = entries[last] if last < len(entries) else None
    if follower is None:
        piece = text[begin:]
    else:
        piece = text[begin : starts[last] + shift + len(follower.lead) + len(follower.head)] + "\n"
    read = _read(piece, limits)
    if read is None or read.starts is None:
        return None
    found, places = read.entries, [begin + start for start in read.starts]
    if follower is not None:
        begins = (places[-2], found[-1].lead, found[-1].head)
        if begins != (starts[last] + shift, follower.lead, follower.head):  # a comment may end as an entry begins
            return None
        found, places = found[:-1], places[:-2] + [start + shift for start in starts[last:]]
    if found and found[0].source() == entries[first].source():
        found[0] = entries[first]
    whole = [*entries[:first], *found, *entries[last:]]
    nodes = known.nodes + _nodes(found) - _nodes(entries[first:last])
    if nodes > limits.nodes_max or len({entry.key for entry in whole}) < len(whole):
        return None
    tree = _framed(known.tree, whole, read.tree if follower is None else known.tree)
    tree.root.place(text, starts[0], len(text) - len(tree.end), 0)
    return Reading(tree, text, nodes, starts[:first] + places)


def _around_difference(known: str, text: str, starts: list[int]) -> tuple[int, int]:
    """The last entry that ends above the first difference (-1: none does), and the first that begins below the last."""
    above = _shared(known, text)
    below = _shared_below(known, text, min(len(text), len(known)) - above)
    return bisect_right(starts, above) - 2, bisect_left(starts, len(known) - below)


def _nodes(entries: Iterable[Entry]) -> int:
    """How many nodes entries without aliases count against the limits: keys and values, and what stands in these."""
    return sum(
        (entry.key is not None) + 1 + (_nodes(entry.node.entries) if isinstance(entry.node, Collection) else 0)
        for entry in entries
    )


def _framed(frame: Tree, entries: list[Entry], ending: Tree) -> Tree:
    """The entries below what stands above them in one file, and above what stands below them in another."""
    root, below = Collection(True, entries, indent=0), ending.root.node
    assert isinstance(below, Collection)
    root.foot = below.foot
    top = Entry(None, root)
    top.line = frame.root.line
    return replace(frame, root=top, end=ending.end)


def _read(piece: str, limits: Limits) -> Reading | None:
    """Some entries of a top map; None where they are not entries alone."""
    guard = Guard(limits)
    cutter = Cutter(piece, guard)
    try:
        next(cutter.events)
        opening, event = next(cutter.events), next(cutter.events)
        if _marked(opening) or not isinstance(event, yaml.MappingStartEvent) or event.flow_style:
            return None
        root = Entry(None, cutter.block(event, -1))
        closing, end = next(cutter.events), next(cutter.events)
    except (yaml.YAMLError, Unreadable):
        return None
    if _marked(closing) or not isinstance(end, yaml.StreamEndEvent):
        return None
    tree = Tree(root, end=piece[cutter.position :])
    return Reading(tree, piece, guard.nodes, starts_of(tree, guard))


def _marked(event: yaml.Event) -> bool:
    """Whether a document begins or ends with a mark of its own, `---` or `...`."""
    return bool(getattr(event, "explicit", False))


def _shared(one: str, other: str) -> int:
    """How many characters two texts have in common from their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _shared_below(one: str, other: str, most: int) -> int:
    """How many characters, `most` at most, two texts have in common before their end."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low
