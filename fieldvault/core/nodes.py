"""Nodes: a YAML file cut into slots, so that every byte has exactly one owner.

Law: `layout.text(tree)` of a tree that was read gives back the file, byte for byte.

An entry (of a map or a list) owns its *lead* (comment and blank lines above it), its *head* (key and colon, or dash),
the *gap* between head and value, its *node*, and its *trail* (the rest of the line: the comment beside it). A
collection owns its *foot* (comments below its last entry). The tree owns byte order mark, line ending, everything
before the first entry's own lead and after the last foot, and whether the last line ends.

Slots are kept relative to the column of their collection, so that a slot can move to a file with another indentation:
every line after a slot's first has that column cut off. A line that stands further left than its collection begins with
a form feed, which YAML does not allow in a file, and is put back as it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from fieldvault.core.values import Value

ABSOLUTE = "\f"  # begins a kept line that is not indented with its collection
BLOCK_HEADER = re.compile(r"(?:&\S+\s+)?[|>]([-+0-9]*)")  # of a block scalar: its anchor, style and indicators


class Scalar:
    """A scalar: `value` is its content, `raw` its source with quotes, anchor and block header."""

    __slots__ = ("anchor", "raw", "style", "value")

    def __init__(self, value: str, raw: str, style: str = "", anchor: str | None = None) -> None:
        self.value = value
        self.raw = raw
        self.style = style  # "" plain, ' or " quoted, | or > block
        self.anchor = anchor

    @property
    def plain(self) -> bool:
        return not self.style

    @property
    def block(self) -> bool:
        return self.style in ("|", ">")


class Alias:
    """`*name`: stands for `target`, which was read before it."""

    __slots__ = ("name", "raw", "target")

    def __init__(self, name: str, target: Scalar | Collection) -> None:
        self.name = name
        self.raw = "*" + name
        self.target = target


class Collection:
    """A map or a list, in block or flow style.

    `indent` is the block's column relative to its parent's. `inline`: the first entry stands on the line of the dash
    that holds the collection. `opening` is the flow's source up to its bracket, with the space behind it. `verbatim` is
    the source of a flow collection whose entries have no slots of their own (`[a: b]`, `{a}`). `aliased`: an alias
    stands somewhere in it.
    """

    __slots__ = ("aliased", "anchor", "entries", "flow", "foot", "indent", "inline", "mapping", "opening", "verbatim")

    def __init__(self, mapping: bool, entries: list[Entry], *, flow: bool = False, indent: int = 2) -> None:
        self.mapping = mapping
        self.entries = entries
        self.flow = flow
        self.indent = indent
        self.inline = False
        self.foot = ""
        self.opening = "{" if mapping else "["
        self.verbatim: str | None = None
        self.anchor: str | None = None
        self.aliased = False

    @property
    def spacing(self) -> str:
        """The space between two entries of a flow collection; of a single one that before it."""
        between = next((entry.lead for entry in self.entries if not entry.first and not entry.lead.strip()), None)
        return between if between is not None else self.opening[len(self.opening.rstrip()) :] or " "

    def with_entries(self, entries: list[Entry]) -> Collection:
        """This collection with other entries."""
        other = Collection(self.mapping, entries, flow=self.flow, indent=self.indent)
        other.inline, other.foot, other.opening = self.inline, self.foot, self.opening
        other.verbatim, other.anchor = self.verbatim, self.anchor
        other.aliased = any(aliased(entry.node) for entry in entries)
        return other

    def entry(self, key: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.key == key), None)


Node: TypeAlias = Scalar | Alias | Collection


class Entry:
    """One entry of a collection with its slots; `key` is None in a list.

    `flow`: it is written for a flow collection, and `first`: at its beginning, where no space stands before it. `line`
    counts from 1. `meaning` is the node's value under `rule` (core/reading), kept because versions of a record share
    the entries in which they agree.
    It stands from `start` to `end` of the text `file`, with its head at `column`; in None if it was not read.
    """

    __slots__ = (
        "_text", "column", "end", "file", "first", "flow", "gap", "head", "key", "lead", "line", "meaning", "node",
        "rule", "start", "trail",
    )  # fmt: skip

    def __init__(
        self, key: str | None, node: Node, *, lead: str = "", head: str = "", gap: str = "", trail: str = ""
    ) -> None:
        self.key = key
        self.node = node
        self.lead = lead
        self.head = head
        self.gap = gap
        self.trail = trail
        self.flow = False
        self.first = False
        self.line = 0
        self.rule: object = None
        self.meaning: Value = None
        self.file: str | None = None
        self._text: str | None = None

    def place(self, file: str, start: int, end: int, column: int) -> None:
        """Remember where the entry stands in its file; its source is cut out only when it is asked for."""
        self.file = file
        self.start = start
        self.end = end
        self.column = column

    def source(self) -> str | None:
        """The whole entry as it stands in its file, lead to trail, relative to its column; None if it was not read."""
        if self._text is None and self.file is not None:
            cut = self.file[self.start : self.end]
            whole_lines = not self.flow and (cut[:1].isspace() or cut[:1] == "#")
            self._text = dedent("\n" + cut, self.column) if whole_lines else "\n" + dedent(cut, self.column)
        return self._text

    def moved(self, node: Node, *, lead: str, head: str, gap: str, trail: str) -> Entry:
        """This entry with other slots."""
        entry = Entry(self.key, node, lead=lead, head=head, gap=gap, trail=trail)
        entry.flow = self.flow
        entry.first = self.first
        entry.line = self.line
        return entry

    def led_by(self, lead: str) -> Entry:
        """This entry with another lead."""
        return self.moved(self.node, lead=lead, head=self.head, gap=self.gap, trail=self.trail)


@dataclass
class Tree:
    """A whole file. `root` holds the top node; `start` stands before it, `end` after its foot."""

    root: Entry
    bom: bool = False
    newline: str = "\n"
    start: str = ""
    end: str = ""
    final_newline: bool = True


def tied(node: Node) -> bool:
    """Whether the node has an anchor, is an alias, or has entries without slots: then it merges as one."""
    if isinstance(node, Alias):
        return True
    return node.anchor is not None or (isinstance(node, Collection) and node.verbatim is not None)


def aliased(node: Node) -> bool:
    """Whether an alias stands in the node: then its text alone does not say what it means."""
    return isinstance(node, Alias) or (isinstance(node, Collection) and node.aliased)


def lines_of(slot: str) -> list[str]:
    """The lines of a slot, each with its line feed. Unlike str.splitlines it knows no other line end."""
    lines = slot.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def dedent(text: str, column: int) -> str:
    """The lines after the first, relative to `column`."""
    if column == 0 or "\n" not in text:
        return text
    first, *lines = text.split("\n")
    pad = " " * column
    kept = [first]
    for line in lines:
        if line.startswith(pad) and len(line) > column:
            kept.append(line[column:])
        else:
            kept.append(ABSOLUTE + line if line else "")
    return "\n".join(kept)


def indent(text: str, column: int) -> str:
    """The lines after the first, put at `column`: the inverse of `dedent`."""
    if "\n" not in text or (column == 0 and ABSOLUTE not in text):
        return text
    first, *lines = text.split("\n")
    pad = " " * column
    return "\n".join([first, *(_placed(line, column, pad) for line in lines)])


def _placed(line: str, column: int, pad: str) -> str:
    if not line:
        return ""
    if line[0] != ABSOLUTE:
        return pad + line
    line = line[1:]
    return line if line.strip() else line[:column]  # blank: never so wide that a block scalar would take it for content
