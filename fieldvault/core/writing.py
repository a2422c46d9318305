"""Writing: nodes for values that no file holds yet, in the house style.

Law: what is written reads back as the same value under every rule that gave it, and as text for every other YAML
reader: a string that looks like a number, a date-time, a boolean or null stands in quotes. Block style, two spaces,
literal blocks for texts of several lines. Calendar dates stay plain, as people write them.
"""

from __future__ import annotations

import json
import re

from fieldvault.core.nodes import Collection, Entry, Node, Scalar, Tree, indent, lines_of
from fieldvault.core.values import Value, canonical

_OTHER = re.compile(  # what YAML 1.1 or 1.2 readers take for something other than a string
    r"|[~=]|<<|[-+]?\.(?:inf|nan)|null|true|false|yes|no|on|off|y|n"
    r"|[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-f_]+|[0-9][0-9_]*(?::[0-5]?[0-9])*)"
    r"|[-+]?(?:[0-9][0-9_]*)?\.?[0-9_]*(?:e[-+]?[0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:t|[ \t]).*",
    re.IGNORECASE,
)
_UNPRINTABLE = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff"
_UNPLAIN = re.compile(rf"[\t\n{_UNPRINTABLE}]" r"|^[-?:,\[\]{}#&*!|>'\"%@`\s]|: |:$| #|\s$|^\.\.\.")
_FLOW_REFUSES = re.compile(r"[,\[\]{}?]|^:|:$")  # of what may stand plain in a block
_BLOCK_REFUSES = re.compile(rf"[\t{_UNPRINTABLE}]" r"|[ \t]\n|\A[ \n]|[ \t]\Z")
_ESCAPES = {"\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P", "\ufeff": "\\uFEFF", "\x7f": "\\x7F"}


def tree_of(value: dict[str, Value] | list[Value]) -> Tree:
    """A new file."""
    return Tree(Entry(None, node_of(value, outer=None)))


def node_of(value: Value, *, flow: bool = False, outer: Collection | None = None) -> Node:
    """A node for a value. In flow style it stands on one line; an empty map or list always does."""
    if isinstance(value, dict | list) and value:
        node = Collection(isinstance(value, dict), [], flow=flow, indent=2 if outer else 0)
        if isinstance(value, dict):
            node.entries = [entry_of(key, item, node) for key, item in value.items()]
        else:
            node.entries = [entry_of(None, item, node) for item in value]
        for place, entry in enumerate(node.entries if flow else ()):
            entry.first, entry.lead = place == 0, "" if place == 0 else " "
        return node
    if isinstance(value, dict | list):
        return Collection(isinstance(value, dict), [], flow=True)
    return scalar_of(value, flow=flow)


def entry_of(key: str | None, value: Value, within: Collection) -> Entry:
    """A new entry for a collection, in its style and, in a list, in that of the items that stand in it."""
    flow = within.flow
    like_items = key is None and bool(within.entries) and all(_is_flow(entry.node) for entry in within.entries)
    node = node_of(value, flow=flow or like_items, outer=within)
    head = ("" if flow else "-") if key is None else scalar_of(key, flow=True).raw + ":"
    entry = Entry(key, node, head=head, gap=" ")
    entry.flow, entry.lead = flow, within.spacing if flow else ""
    if key is None and flow:
        entry.gap = ""
    elif isinstance(node, Collection) and not node.flow:
        entry.gap = ""
        node.inline = key is None
    return entry


def _is_flow(node: Node) -> bool:
    return isinstance(node, Collection) and node.flow and bool(node.entries)


def scalar_of(value: Value, *, flow: bool = False, style: str = "", like: str | None = None) -> Scalar:
    """A scalar in a style that holds it: the given one, else plain, literal or double quotes.

    `like` is the plain text that stood there: what looks like something else may be plain where that did as well.
    """
    if not isinstance(value, str):
        text = "null" if value is None else str(value) if not isinstance(value, bool) else canonical(value)
        return Scalar(text, text)
    if style == "'" and "\n" not in value and not _BLOCK_REFUSES.search(value + "."):
        return Scalar(value, "'" + value.replace("'", "''") + "'", "'")
    if style in ("", "|", ">") and "\n" in value and not flow and not _BLOCK_REFUSES.search(value):
        return _literal(value)
    odd = _OTHER.fullmatch(value) is not None and not (like is not None and _OTHER.fullmatch(like))
    if style != '"' and not odd and not _UNPLAIN.search(value) and not (flow and re.search(r"[,\[\]{}]", value)):
        return Scalar(value, value)
    quoted = json.dumps(value, ensure_ascii=False)
    for sign, escape in _ESCAPES.items():
        quoted = quoted.replace(sign, escape)
    quoted = re.sub(f"[{_UNPRINTABLE}]", lambda sign: f"\\u{ord(sign.group()):04X}", quoted)
    return Scalar(value, quoted, '"')


def _literal(value: str) -> Scalar:
    body = value.rstrip("\n")
    ends = len(value) - len(body)
    header = "|" + ("-" if ends == 0 else "" if ends == 1 else "+")
    return Scalar(value, header + indent("\n" + body, 2) + "\n" * max(ends - 1, 0), "|")


def to_block(entry: Entry) -> Entry:
    """An entry of a flow collection as one of a block; its node keeps its style."""
    if not entry.flow:
        return entry
    lead = "".join(line.strip() + "\n" for line in lines_of(entry.lead) if line.strip())
    empty = isinstance(entry.node, Scalar) and not entry.node.raw
    head = "-" if entry.key is None else entry.head
    block = Entry(entry.key, entry.node, lead=lead, head=head, gap="" if empty else " ")
    block.line = entry.line
    return block


def to_flow(entry: Entry, spacing: str = " ") -> Entry:
    """An entry of a block collection as one of a flow; its comments have no place there."""
    if entry.flow:
        return entry
    node = _flow_node(entry.node)
    head = entry.head if entry.head[:1] in ("'", '"') else ""
    if entry.key is not None and not head:
        head = scalar_of(entry.key, flow=True).raw + ":"
    flow = Entry(entry.key, node, lead=spacing, head=head, gap=" " if entry.key is not None else "")
    flow.flow, flow.line = True, entry.line
    return flow


def _flow_node(node: Node) -> Node:
    if isinstance(node, Scalar):
        if node.block or "\n" in node.raw:
            return scalar_of(node.value, flow=True, style='"')
        if node.plain and _FLOW_REFUSES.search(node.raw):
            return scalar_of(node.value, flow=True, style='"')
        return Scalar("null", "null") if node.plain and not node.raw else node
    if not isinstance(node, Collection) or node.flow:
        return node
    flow = Collection(node.mapping, [to_flow(entry) for entry in node.entries], flow=True)
    for place, entry in enumerate(flow.entries):
        entry.first, entry.lead = place == 0, "" if place == 0 else " "
    return flow


def has_comment(entry: Entry) -> bool:
    """Whether a comment stands in a block entry: one that flow style on one line has no place for."""
    if entry.lead.strip() or (entry.trail.strip() and not entry.flow):
        return True
    node = entry.node
    if not isinstance(node, Collection) or node.flow:
        return False
    return bool(node.foot.strip()) or any(map(has_comment, node.entries))
