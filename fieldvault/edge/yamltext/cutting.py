"""Cutting: libyaml's events and a file's text become nodes and slots.

Law: the events say what a node is and where it begins and ends, the text says what stands around it. Nothing of the
text is dropped. Everything that a record may not hold (tags, merge keys, complex keys, a key twice, too much of
anything) is refused here, with its line.

libyaml's traps: a block collection's end mark runs on over the blank lines and comments below it, so its end is that of
its last entry; a node's start mark is its anchor's, so a collection's column is that of its first key or dash; a dash
has no event; a block scalar's end mark takes in blank lines that are no content.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from fieldvault.core.nodes import Alias, Collection, Entry, Node, Scalar, dedent
from fieldvault.errors import Unreadable

_SPACE = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*")  # blank and comment lines, up to the next token of a block
_FLOW_SPACE = re.compile(r"(?:[ \t\n]|(?<=[ \t\n])#[^\n]*)*")
_COLON = re.compile(r"[ \t]*:")
_ANCHOR = re.compile(r"[ \t]*&[^\s,\[\]{}]+")
_HEADER = re.compile(r"(?:&\S+[ \t]+)?[|>][-+0-9]*")


@dataclass(frozen=True)
class Limits:
    """What a record may hold. Bytes of the file; levels of nesting; nodes, with aliases counted as what they stand for."""

    bytes_max: int = 256 * 1024
    depth_max: int = 32
    nodes_max: int = 20_000
    mapping_only: bool = True  # a record is a map; merge-file takes any document


class Cutter:
    """Reads one node tree from `events`. `position` is the index of the first character that no slot owns yet."""

    def __init__(self, text: str, events: Iterator[yaml.Event], limits: Limits, unmask: dict[int, str]) -> None:
        self.text = text
        self.events = events
        self.limits = limits
        self.unmask = unmask  # stand-ins of characters that libyaml takes for line ends
        self.position = 0
        self.depth = 0
        self.nodes = 0
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.open_anchors: set[str] = set()

    def value(self, entry: Entry, event: yaml.Event, start: int, column: int, outer: int) -> None:
        """Read the node of a block entry whose head ends at `start`; `outer` is the column of the entry's collection."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar_beside(entry, event, start, column)
            return
        before = self.nodes
        if isinstance(event, yaml.CollectionStartEvent) and not event.flow_style:
            entry.node = self._block(entry, event, start, outer)
        else:
            begin = event.start_mark.index
            entry.gap = dedent(self.text[start:begin], column)
            entry.node, end = self._flow_node(event, column)
            self._finish_line(entry, end)
        self._note_anchor(event, entry.node, before)

    def _scalar_beside(self, entry: Entry, event: yaml.ScalarEvent, start: int, column: int) -> None:
        begin, end = event.start_mark.index, event.end_mark.index
        if begin == end:  # nothing stands there, and the mark may point behind the spaces
            begin = end = start
        entry.gap = dedent(self.text[start:begin], column)
        if event.style not in ("|", ">"):
            entry.node = self._scalar(event, self.text[begin:end], column)
            self._finish_line(entry, end)
            return
        header = _HEADER.match(self.text, begin)
        assert header is not None
        eol = self.text.index("\n", header.end())
        entry.trail = self.text[header.end() : eol]
        body = _content(self.text[eol:end], event.value, header.group(), column)
        entry.node = self._scalar(event, header.group() + body, column)
        self.position = eol + len(body) + 1

    def _scalar(self, event: yaml.ScalarEvent, raw: str, column: int) -> Scalar:
        self._count(event)
        value = event.value.translate(self.unmask) if self.unmask else event.value
        style = event.style if event.style and event.style in "'\"|>" else ""
        node = Scalar(value, dedent(raw, column), style, event.anchor)
        self._note_anchor(event, node, self.nodes - 1)
        return node

    def _finish_line(self, entry: Entry, end: int) -> None:
        eol = self.text.index("\n", end)
        entry.trail = self.text[end:eol]
        self.position = eol + 1

    def _block(self, entry: Entry, event: yaml.CollectionStartEvent, start: int, outer: int) -> Collection:
        anchor = _ANCHOR.match(self.text, start) if event.anchor else None
        if anchor:
            entry.gap = anchor.group()
            start = anchor.end()
        node = Collection(isinstance(event, yaml.MappingStartEvent), [])
        node.anchor = event.anchor
        node.tied = event.anchor is not None
        eol = self.text.find("\n", start)
        rest = self.text[start:eol]
        node.inline = bool(rest.strip()) and not rest.lstrip().startswith("#")
        if node.inline:
            self.position = start + len(rest) - len(rest.lstrip())
        else:
            entry.trail = rest
            self.position = eol + 1
        self.block(node, event, outer)
        return node

    def block(self, node: Collection, event: yaml.CollectionStartEvent, outer: int) -> None:
        """Read the entries of a block collection that begins at or after `position`."""
        self._enter(event)
        column = self._mapping(node) if node.mapping else self._sequence(node)
        node.indent = column - max(outer, 0)
        node.foot = self._foot(column, outer)
        self._leave(event)

    def _mapping(self, node: Collection) -> int:
        keys: dict[str, int] = {}
        column = -1
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            start = event.start_mark.index
            if column < 0:
                column = start - self._line_start(start)
            colon = _COLON.match(self.text, event.end_mark.index)
            if not colon or not isinstance(event, yaml.ScalarEvent) or start - self._line_start(start) != column:
                raise Unreadable("yaml-complex-key", **_where(event))
            entry = self._entry(self._key(event, keys), start, column)
            entry.head = self.text[start : colon.end()]
            self._complete(node, entry, colon.end(), column)
        return column

    def _sequence(self, node: Collection) -> int:
        column = -1
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            start = self._next_token()
            if column < 0:
                column = start - self._line_start(start)
            entry = self._entry(None, start, column)
            entry.head = "-"
            self._complete(node, entry, start + 1, column, event)
        return column

    def _entry(self, key: str | None, start: int, column: int) -> Entry:
        entry = Entry(key, _NOTHING)
        line_start = start - column
        begin = min(self.position, start)
        if begin < line_start:
            entry.lead = dedent("\n" + self.text[begin:line_start], column)[1:]
        entry.place(self.text, begin, begin, column)
        return entry

    def _complete(self, node: Collection, entry: Entry, start: int, column: int, event: yaml.Event | None = None) -> None:
        begin = self.position
        event = event or next(self.events)
        self.value(entry, event, start, column, column)
        entry.line = event.start_mark.line + 1
        entry.place(self.text, min(begin, start), self.position, column)
        node.entries.append(entry)
        node.tied = node.tied or _tied(entry.node)

    def _key(self, event: yaml.ScalarEvent, keys: dict[str, int]) -> str:
        key = event.value.translate(self.unmask) if self.unmask else event.value
        if event.tag:
            raise Unreadable("yaml-tag", tag=event.tag, **_where(event))
        if event.anchor or not (key or event.style):
            raise Unreadable("yaml-complex-key", **_where(event))
        if key == "<<" and not event.style:
            raise Unreadable("yaml-merge-key", **_where(event))
        if key in keys:
            raise Unreadable("yaml-duplicate-key", key=key, first_line=keys[key], **_where(event))
        keys[key] = event.start_mark.line + 1
        self._count(event)
        return key

    def _foot(self, column: int, outer: int) -> str:
        """The comment lines below a collection that stand at its indentation, not at that of what follows."""
        begin = self.position
        if begin >= len(self.text) or self.text[begin] not in " \t\n#":
            return ""
        token = self._next_token()
        limit = token - self._line_start(token) if token < len(self.text) and self.text[token : token + 3] != "..." else -1
        limit = max(limit, outer)
        end = begin
        line_start = begin
        while line_start < self._line_start(token):
            eol = self.text.index("\n", line_start)
            line = self.text[line_start:eol]
            if line.strip():
                indentation = len(line) - len(line.lstrip(" "))
                if indentation < column or indentation <= limit:
                    break
                end = eol + 1
            line_start = eol + 1
        self.position = end
        return dedent("\n" + self.text[begin:end], column)[1:]

    # Flow style: everything between two brackets; `column` is that of the block entry that holds it.

    def flow(self, event: yaml.CollectionStartEvent, column: int) -> tuple[Collection, int]:
        """Read a flow collection. Also gives the index after its bracket."""
        self._enter(event)
        started, begin = event, event.start_mark.index
        mapping = isinstance(event, yaml.MappingStartEvent)
        node = Collection(mapping, [], flow=True)
        node.anchor = event.anchor
        bracket = self.text.find("{" if mapping else "[", begin) if event.anchor else begin
        regular = self.text[bracket] == ("{" if mapping else "[")
        node.opening = self.text[begin : bracket + 1]
        position = bracket + 1
        comma = False
        keys: dict[str, int] = {}
        while not isinstance(event := next(self.events), yaml.CollectionEndEvent):
            entry, position_after, entry_regular = self._flow_entry(event, mapping, keys, position, column)
            regular = regular and entry_regular
            entry.flow, entry.first = True, not node.entries
            node.entries.append(entry)
            node.tied = node.tied or _tied(entry.node)
            after = _flow_space(self.text, position_after)
            comma = self.text[after : after + 1] == ","
            if comma:
                entry.trail = dedent(self.text[position_after:after], column)
                position_after = after + 1
            position = position_after
        end = event.end_mark.index
        if regular:
            node.foot = ("," if comma else "") + dedent(self.text[position : end - 1], column)
        else:
            node.verbatim = dedent(self.text[begin:end], column)
        node.tied = node.tied or node.anchor is not None or not regular
        self._leave(started)
        return node, end

    def _flow_entry(
        self, event: yaml.Event, mapping: bool, keys: dict[str, int], position: int, column: int
    ) -> tuple[Entry, int, bool]:
        begin = event.start_mark.index
        entry = Entry(None, _NOTHING)
        entry.lead = dedent(self.text[position:begin], column)
        entry.line = event.start_mark.line + 1
        regular = True
        if mapping:
            if not isinstance(event, yaml.ScalarEvent):
                raise Unreadable("yaml-complex-key", **_where(event))
            entry.key = self._key(event, keys)
            colon = _COLON.match(self.text, event.end_mark.index)
            head_end = colon.end() if colon else event.end_mark.index
            regular = colon is not None and not self.text[position:begin].lstrip().startswith("?")
            entry.head = self.text[begin:head_end]
            event = next(self.events)
            if isinstance(event, yaml.ScalarEvent) and event.start_mark.index == event.end_mark.index:
                entry.node = self._scalar(event, "", column)
                return self._placed(entry, begin, head_end, column), head_end, regular
            entry.gap = dedent(self.text[head_end : event.start_mark.index], column)
        before = self.nodes
        entry.node, end = self._flow_node(event, column)
        self._note_anchor(event, entry.node, before)
        return self._placed(entry, begin, end, column), end, regular

    def _placed(self, entry: Entry, begin: int, end: int, column: int) -> Entry:
        entry.place(self.text, begin, end, column)
        return entry

    def _flow_node(self, event: yaml.Event, column: int) -> tuple[Node, int]:
        begin, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, self.text[begin:end], column), end
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event), end
        assert isinstance(event, yaml.CollectionStartEvent)
        return self.flow(event, column)

    # What a record may not hold.

    def _alias(self, event: yaml.AliasEvent) -> Alias:
        name: str = event.anchor
        if name in self.open_anchors:
            raise Unreadable("yaml-recursive-alias", name=name, **_where(event))
        if name not in self.anchors:
            raise Unreadable("yaml-unknown-alias", name=name, **_where(event))
        target, weight = self.anchors[name]
        self._count(event, weight)
        assert not isinstance(target, Alias)
        return Alias(name, target)

    def _note_anchor(self, event: yaml.Event, node: Node, before: int) -> None:
        anchor = getattr(event, "anchor", None)
        if anchor and not isinstance(event, yaml.AliasEvent):
            self.anchors[anchor] = (node, self.nodes - before)

    def _enter(self, event: yaml.CollectionStartEvent) -> None:
        self._count(event)
        if event.anchor:
            self.open_anchors.add(event.anchor)
        self.depth += 1
        if self.depth > self.limits.depth_max:
            raise Unreadable("yaml-too-deep", limit=self.limits.depth_max, **_where(event))

    def _leave(self, event: yaml.Event) -> None:
        self.depth -= 1
        self.open_anchors.discard(getattr(event, "anchor", None) or "")

    def _count(self, event: yaml.Event, weight: int = 1) -> None:
        self.nodes += weight
        if self.nodes > self.limits.nodes_max:
            raise Unreadable("yaml-too-many-nodes", limit=self.limits.nodes_max, **_where(event))
        if getattr(event, "tag", None):
            raise Unreadable("yaml-tag", tag=event.tag, **_where(event))  # type: ignore[attr-defined]

    def _next_token(self) -> int:
        found = _SPACE.match(self.text, self.position)
        assert found is not None
        return found.end()

    def _line_start(self, position: int) -> int:
        return self.text.rfind("\n", 0, position) + 1


_NOTHING = Scalar("", "")


def _tied(node: Node) -> bool:
    return isinstance(node, Alias) or (node.tied if isinstance(node, Collection) else node.anchor is not None)


def _flow_space(text: str, position: int) -> int:
    found = _FLOW_SPACE.match(text, position)
    assert found is not None
    return found.end()


def _content(body: str, value: str, header: str, column: int) -> str:
    """The lines of a block scalar without the blank lines below it that are no content; each begins with its newline."""
    lines = body.split("\n")
    if not lines[-1].strip():
        lines.pop()  # what follows the last line end
    if "+" not in header[-2:]:
        stated = [int(sign) for sign in header[-2:] if sign.isdigit()]
        found = next((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), 1 << 30)
        width = column + stated[0] if stated else found
        while len(lines) > 1 and not lines[-1].strip(" ") and (len(lines[-1]) <= width or not value):
            lines.pop()
    return "\n".join(lines)


def _where(event: yaml.Event) -> dict[str, int]:
    return {"line": event.start_mark.line + 1, "column": event.start_mark.column + 1}
