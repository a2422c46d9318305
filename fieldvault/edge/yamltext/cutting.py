"""Cutting: libyaml's events and a file's text become nodes and slots.

Law: the events say what a node is and where it begins and ends, the text says what stands around it. Nothing of the
text is dropped.

libyaml's traps: a block collection's end mark runs on over the blank lines and comments below it, so its end is that of
its last entry; a node's start mark is its anchor's, so a collection's column is that of its first key or dash; a dash
has no event; a block scalar's end mark takes in blank lines that are no content.
"""

from __future__ import annotations

import re

import yaml

from fieldvault.core.nodes import BLOCK_HEADER, Collection, Entry, Node, Scalar, dedent
from fieldvault.edge.yamltext.events import events_of
from fieldvault.edge.yamltext.guard import Guard, column_of, end_of, line_of, refused, start_of

_SPACE = re.compile(r"(?:[ \t\r]*(?:#[^\n]*)?\n)*[ \t]*")  # blank and comment lines, up to the next token of a block
_FLOW_SPACE = re.compile(r"(?:[ \t\r\n]|(?<=[ \t\n])#[^\n]*)*")
_BLANK = re.compile(r"[ \t\r\n]*")
_COLON = re.compile(r"[ \t]*:")
_ANCHOR = re.compile(r"[ \t]*&[^\s,\[\]{}]+")
_BLOCK = ("|", ">")
_NOTHING = Scalar("", "")


class Cutter:
    """Reads one node tree from `events`. `position` is the index of the first character that no slot owns yet."""

    def __init__(self, text: str, guard: Guard) -> None:
        self.text = text
        self.events, self.mask = events_of(text)
        self.guard = guard
        self.position = 0

    def value(self, entry: Entry, event: yaml.Event, start: int, column: int) -> None:
        """Read the node of a block entry; `start` is where its head ends, `column` that of the entry's collection."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar_beside(entry, event, start, column)
        elif isinstance(event, yaml.CollectionStartEvent) and not event.flow_style:
            entry.node = self._block_below(entry, event, start, column)
        else:
            entry.gap = dedent(self.text[start : start_of(event)], column)
            entry.node, end = self._flow_node(event, column)
            self._finish_line(entry, end)

    def _scalar_beside(self, entry: Entry, event: yaml.ScalarEvent, start: int, column: int) -> None:
        begin, end = start_of(event), end_of(event)
        if begin == end:  # nothing stands there, and the mark may point behind the spaces
            begin = end = start
        entry.gap = dedent(self.text[start:begin], column)
        if event.style not in _BLOCK:
            entry.node = self._scalar(event, self.text[begin:end], column)
            self._finish_line(entry, end)
            return
        header = BLOCK_HEADER.match(self.text, begin)
        if header is None:  # nothing but a tag can stand before it
            raise refused("yaml-tag", event, tag=event.tag)
        eol = self.text.index("\n", header.end())
        if "\n" not in header.group():  # else the header's line has no place for another side's comment
            entry.trail = self.text[header.end() : eol]
        body = _content(self.text[eol:end], event.value, header.group(1), column)
        entry.node = self._scalar(event, self.text[begin : eol - len(entry.trail)] + body, column)
        self.position = eol + len(body) + 1

    def _scalar(self, event: yaml.ScalarEvent, raw: str, column: int) -> Scalar:
        self.guard.count(event)
        value = self.mask.lifted(event) if self.mask else event.value
        node = Scalar(value, dedent(raw, column), event.style or "", event.anchor)
        if event.anchor:
            self.guard.anchor(event.anchor, node)
        return node

    def _finish_line(self, entry: Entry, end: int) -> None:
        eol = self.text.index("\n", end)
        entry.trail = self.text[end:eol]
        self.position = eol + 1

    # Block style.

    def _block_below(self, entry: Entry, event: yaml.CollectionStartEvent, start: int, column: int) -> Collection:
        anchor = _ANCHOR.match(self.text, start) if event.anchor else None
        if anchor:
            entry.gap = anchor.group()
            start = anchor.end()
        eol = self.text.index("\n", start)
        rest = self.text[start:eol]
        inline = bool(rest.strip()) and not rest.lstrip().startswith("#")
        if inline:
            self.position = start + len(rest) - len(rest.lstrip())
        else:
            entry.trail = rest
            self.position = eol + 1
        node = self.block(event, column)
        node.inline = inline
        return node

    def block(self, event: yaml.CollectionStartEvent, outer: int) -> Collection:
        """Read a block collection that begins at or after `position`; `outer` is the column of the one around it."""
        before = self.guard.enter(event)
        node = Collection(isinstance(event, yaml.MappingStartEvent), [])
        node.anchor = event.anchor
        column = self._map(node) if node.mapping else self._list(node)
        node.indent = column - max(outer, 0)
        node.foot = self._foot(column, outer)
        self.guard.leave(event, node, before)
        return node

    def _map(self, node: Collection) -> int:
        keys: dict[str, int] = {}
        column = -1
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            start = start_of(event)
            if column < 0:
                column = column_of(event)
            colon = _COLON.match(self.text, end_of(event))
            if not colon or column_of(event) != column:
                raise refused("yaml-complex-key", event)
            key = self._key(event, keys)
            head = self.text[start : colon.end()]
            self._entry(node, key, head, start, column, next(self.events), line_of(event))
        return column

    def _key(self, event: yaml.Event, keys: dict[str, int]) -> str:
        """A key of the map whose other keys, with their lines, are `keys`."""
        scalar = self.guard.key(event)
        key = self.mask.lifted(scalar) if self.mask else scalar.value
        if key in keys:
            raise refused("yaml-duplicate-key", event, key=key, first_line=keys[key])
        keys[key] = line_of(event)
        return key

    def _list(self, node: Collection) -> int:
        column = -1
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            start = self._next_token()
            if column < 0:
                column = self._column(start)
            self._entry(node, None, "-", start, column, event, line_of(event))
        return column

    def _entry(
        self, node: Collection, key: str | None, head: str, start: int, column: int, event: yaml.Event, line: int
    ) -> None:
        """Read the entry whose head stands at `start`, with the comments and blank lines above it."""
        begin = min(self.position, start)  # an inline collection's first entry begins in the middle of its line
        lead = dedent("\n" + self.text[begin : start - column], column)[1:] if begin < start - column else ""
        entry = Entry(key, _NOTHING, lead=lead, head=head)
        entry.line = line
        self.value(entry, event, start + len(head), column)
        entry.place(self.text, begin, self.position, column)
        node.entries.append(entry)

    def _foot(self, column: int, outer: int) -> str:
        """The comment lines below a collection that stand at its indentation, not at that of what follows."""
        begin = self.position
        if begin >= len(self.text) or self.text[begin] not in " \t\n#":
            return ""
        token = self._next_token()
        last = token == len(self.text) or self.text.startswith("...", token)
        limit = max(-1 if last else self._column(token), outer)
        end = line_start = begin
        while line_start < token - self._column(token):
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

    def _next_token(self) -> int:
        found = _SPACE.match(self.text, self.position)
        assert found is not None
        return found.end()

    def _column(self, position: int) -> int:
        return position - self.text.rfind("\n", 0, position) - 1

    # Flow style: everything between two brackets; `column` is that of the block around them.

    def _flow_node(self, event: yaml.Event, column: int) -> tuple[Node, int]:
        """The node that an event begins, and the index after it."""
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, self.text[start_of(event) : end_of(event)], column), end_of(event)
        if isinstance(event, yaml.AliasEvent):
            return self.guard.alias(event), end_of(event)
        assert isinstance(event, yaml.CollectionStartEvent)
        return self._flow(event, column)

    def _flow(self, opening: yaml.CollectionStartEvent, column: int) -> tuple[Collection, int]:
        before = self.guard.enter(opening)
        begin = start_of(opening)
        node = Collection(isinstance(opening, yaml.MappingStartEvent), [], flow=True)
        node.anchor = opening.anchor
        bracket = "{" if node.mapping else "["
        position = (self.text.index(bracket, begin) if opening.anchor else begin) + 1
        regular = self.text[position - 1] == bracket
        first = self._after_blank(position)
        if self.text[first : first + 1] not in "#]}":  # a comment belongs to the entry below it
            position = first
        node.opening = dedent(self.text[begin:position], column)
        comma = False
        keys: dict[str, int] = {}
        while not isinstance(event := next(self.events), yaml.CollectionEndEvent):
            entry, end, entry_regular = self._flow_entry(event, node.mapping, keys, position, column)
            regular = regular and entry_regular
            entry.flow, entry.first = True, not node.entries
            node.entries.append(entry)
            after = self._after_flow_space(end)
            comma = self.text.startswith(",", after)
            if comma:
                entry.trail = dedent(self.text[end:after], column)
            entry.place(self.text, position, after if comma else end, column)
            position = after + 1 if comma else end
        end = end_of(event)
        if regular:
            node.foot = ("," if comma else "") + dedent(self.text[position : end - 1], column)
        else:
            node.verbatim = dedent(self.text[begin:end], column)
        self.guard.leave(opening, node, before)
        return node, end

    def _flow_entry(
        self, event: yaml.Event, mapping: bool, keys: dict[str, int], position: int, column: int
    ) -> tuple[Entry, int, bool]:
        """One entry, the index after it, and whether it has slots of its own (`{a}` and `[a: b]` do not)."""
        begin = start_of(event)
        entry = Entry(None, _NOTHING, lead=dedent(self.text[position:begin], column))
        entry.line = line_of(event)
        regular, end = True, begin
        if mapping:
            key = self._key(event, keys)
            colon = _COLON.match(self.text, end_of(event))
            end = colon.end() if colon else end_of(event)
            regular = colon is not None and not self.text[position:begin].lstrip().startswith("?")
            entry.key, entry.head = key, self.text[begin:end]
            event = next(self.events)
        if isinstance(event, yaml.ScalarEvent) and start_of(event) == end_of(event):
            entry.node = self._scalar(event, "", column)
        else:
            entry.gap = dedent(self.text[end : start_of(event)], column)
            entry.node, end = self._flow_node(event, column)
        return entry, end, regular

    def _after_blank(self, position: int) -> int:
        found = _BLANK.match(self.text, position)
        assert found is not None
        return found.end()

    def _after_flow_space(self, position: int) -> int:
        found = _FLOW_SPACE.match(self.text, position)
        assert found is not None
        return found.end()


def _content(body: str, value: str, indicators: str, column: int) -> str:
    """The lines of a block scalar, each behind its newline, without the blank lines below that are no content."""
    lines = body.split("\n")
    if not lines[-1].strip():
        lines.pop()  # what follows the last line end
    if "+" not in indicators:
        stated = indicators.strip("-")
        found = next((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), 0)
        width = column + int(stated) if stated else found
        while len(lines) > 1 and not lines[-1].strip(" \r") and (len(lines[-1]) <= width or not value):
            lines.pop()
    return "\n".join(lines)
