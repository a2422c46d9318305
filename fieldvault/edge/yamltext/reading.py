"""Reading: bytes to a tree of slots, or one clear error.

Law: whatever the bytes are, the outcome is a tree or `Unreadable` with a line; never another exception, never more than
the limits' memory.
"""

from __future__ import annotations

import re

import yaml

from fieldvault.core.nodes import Entry, Scalar, Tree
from fieldvault.edge.yamltext.cutting import Cutter
from fieldvault.edge.yamltext.guard import Guard, Limits, end_of, line_of, start_of
from fieldvault.edge.yamltext.rereading import Reading, reread, starts_of
from fieldvault.errors import Unreadable

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_MARKERS = re.compile(r"^(<{7} |={7}$|>{7} )", re.MULTILINE)
_HEADING = re.compile(r"(?:[ \t\r]*(?:#[^\n]*)?\n)*[ \t\r]*\n")  # comment and blank lines, up to the last blank one


def read_tree(data: bytes, limits: Limits, like: Reading | None = None) -> Reading:
    """Cut the bytes of one document into slots. `like`: another version of it, from which what is alike is taken."""
    if len(data) > limits.bytes_max:
        raise Unreadable("yaml-too-large", size=len(data), limit=limits.bytes_max)
    text = _decoded(data)
    bom = text.startswith("\ufeff")
    text = text.removeprefix("\ufeff")
    newline = _line_ending(text)
    if newline != "\n":
        text = text.replace(newline, "\n")
    final_newline = text.endswith("\n")
    if not final_newline:
        text += "\n"
    _refuse_odd_characters(text)
    reading = (reread(text, like, limits) if like else None) or _read_whole(text, limits)
    reading.tree.bom, reading.tree.newline, reading.tree.final_newline = bom, newline, final_newline
    return reading


def _decoded(data: bytes) -> str:
    try:
        if b"\0" in data[:64] and data.count(b"\0") * 3 > len(data[:64]):
            raise Unreadable("yaml-not-utf8", encoding="UTF-16", line=1)
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        encoding = "UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "unknown"
        raise Unreadable("yaml-not-utf8", encoding=encoding, line=line) from error


def _line_ending(text: str) -> str:
    """The one line ending of the file; a file that mixes them keeps its carriage returns as part of its slots."""
    feeds, pairs = text.count("\n"), text.count("\r\n")
    if pairs and pairs == feeds == text.count("\r"):
        return "\r\n"
    return "\r" if "\r" in text and not feeds else "\n"


def _refuse_odd_characters(text: str) -> None:
    found = _CONTROL.search(text)
    if found:
        character = f"U+{ord(found.group()):04X}"
        raise Unreadable("yaml-control-character", character=character, **_place(text, found.start()))
    found = _MARKERS.search(text)
    if found and len(set(_MARKERS.findall(text))) > 1:
        raise Unreadable("yaml-conflict-markers", **_place(text, found.start()))


def _read_whole(text: str, limits: Limits) -> Reading:
    tree = Tree(Entry(None, Scalar("", "")))
    guard = Guard(limits)
    try:
        _read_document(tree, text, Cutter(text, guard))
    except yaml.MarkedYAMLError as error:
        raise _syntax(error, text, limits) from error
    except yaml.YAMLError as error:
        raise Unreadable("yaml-syntax", reason=str(error)) from error
    return Reading(tree, text, guard.nodes, starts_of(tree, guard))


def _read_document(tree: Tree, text: str, cutter: Cutter) -> None:
    next(cutter.events)
    opening = next(cutter.events)
    if isinstance(opening, yaml.StreamEndEvent):
        raise Unreadable("yaml-empty", line=1)
    begin = end_of(opening) if getattr(opening, "explicit", False) else 0
    event = next(cutter.events)
    if cutter.guard.limits.map_only and not isinstance(event, yaml.MappingStartEvent):
        raise Unreadable("yaml-not-a-map", line=line_of(event))
    if isinstance(event, yaml.ScalarEvent) and start_of(event) == end_of(event):
        raise Unreadable("yaml-empty", line=line_of(event))  # nothing but `---`
    tree.root.line = line_of(event)
    if isinstance(event, yaml.CollectionStartEvent) and not event.flow_style:
        _skip_heading(text, cutter, event, begin)
        tree.start = text[: cutter.position]
        tree.root.node = cutter.block(event, -1)
    else:
        tree.start = text[: start_of(event)]
        cutter.value(tree.root, event, start_of(event), 0)
    tree.root.place(text, len(tree.start), cutter.position, 0)
    tree.end = text[cutter.position :]
    next(cutter.events)
    following = next(cutter.events)
    if not isinstance(following, yaml.StreamEndEvent):
        raise Unreadable("yaml-several-documents", line=line_of(following))


def _skip_heading(text: str, cutter: Cutter, event: yaml.CollectionStartEvent, begin: int) -> None:
    """What stands above the last blank line before the first entry speaks of the file, not of that entry."""
    if begin or event.anchor:
        begin = text.index("\n", max(begin, start_of(event) if event.anchor else 0)) + 1
    heading = _HEADING.match(text, begin)
    cutter.position = heading.end() if heading else begin


def _syntax(error: yaml.MarkedYAMLError, text: str, limits: Limits) -> Unreadable:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Unreadable("yaml-syntax", reason=error.problem or str(error))
    where = {"line": mark.line + 1, "column": mark.column + 1}
    if text[mark.index : mark.index + 1] == "\t":
        return Unreadable("yaml-tab", **where)
    if "nesting depth" in (error.problem or ""):  # libyaml 0.2.6 has a limit of its own, and looks ahead for it
        return Unreadable("yaml-too-deep", limit=limits.depth_max, **where)
    return Unreadable("yaml-syntax", reason=error.problem or str(error), **where)


def _place(text: str, position: int) -> dict[str, int]:
    return {"line": text.count("\n", 0, position) + 1, "column": position - text.rfind("\n", 0, position)}
