"""Reading a version from another one gives what reading the whole gives, slot for slot."""

from __future__ import annotations

import random
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldvault.core.nodes import Alias, Entry, Node, Scalar, Tree
from fieldvault.edge.yamltext import Document, read
from fieldvault.errors import Unreadable
from tests.actions.drawn import Style, a_value, edited
from tests.edge.yamltext.test_glance import PIECES, SAMPLES


def slots(node: Node) -> object:
    """Everything that a node holds, but the lines on which it stood."""
    if isinstance(node, Scalar):
        return node.value, node.raw, node.style, node.anchor
    if isinstance(node, Alias):
        return node.name, slots(node.target)
    style = (node.mapping, node.flow, node.indent, node.inline, node.foot, node.opening, node.verbatim, node.aliased)
    return style, node.anchor, [entry_slots(entry) for entry in node.entries]


def entry_slots(entry: Entry) -> object:
    around = (entry.key, entry.lead, entry.head, entry.gap, entry.trail, entry.flow, entry.first)
    return around, entry.source(), slots(entry.node)


def whole(document: Document) -> object:
    frame = [getattr(document.tree, field.name) for field in fields(Tree) if field.name != "root"]
    assert document.reading.starts is None or all(
        document.reading.text[start:].startswith(entry.lead + entry.head)
        for start, entry in zip(document.reading.starts, document.reading.entries, strict=False)
    )
    return frame, entry_slots(document.tree.root), document.reading.starts


def assert_same_either_way(base: bytes, *versions: bytes) -> None:
    try:
        known = read(base)
    except Unreadable:
        return
    for data in versions:
        try:
            expected = read(data)
        except Unreadable as error:
            with pytest.raises(Unreadable) as refused:
                read(data, like=known)
            assert (refused.value.kind, refused.value.facts) == (error.kind, error.facts)
            continue
        found = read(data, like=known)
        assert whole(found) == whole(expected)
        assert found.reading.nodes == expected.reading.nodes
        known = found  # and from a reading that was itself one of these


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32))
def test_edits_of_drawn_records(seed: int) -> None:
    draw = random.Random(seed)
    value, style = a_value(draw), draw.getrandbits(32)
    values = [value, edited(draw, value), edited(draw, value)]
    whims = draw.choice([0.0, 0.05, 0.2])
    assert_same_either_way(*(Style(random.Random(style), whims).file(one) for one in values))


@st.composite
def versions(draw: st.DrawFn) -> list[bytes]:
    """A sample, and two copies with pieces put in or cut out."""
    text = draw(st.sampled_from(SAMPLES)).read_text(encoding="utf-8", errors="surrogateescape")[:600]
    found = [text]
    for _ in range(2):
        for _ in range(draw(st.integers(1, 2))):
            at = draw(st.integers(0, len(text)))
            end = min(len(text), at + draw(st.integers(0, 12)))
            text = text[:at] + draw(st.sampled_from(["", *PIECES, text[at:end] * 2])) + text[end:]
        found.append(text)
    return [text.encode("utf-8", "surrogateescape") for text in found]


@settings(max_examples=800, deadline=None)
@given(versions())
def test_pieces_put_in_and_cut_out(found: list[bytes]) -> None:
    assert_same_either_way(*found)


BASE = """\
# head

id: x
# of a
a: 1
b: |
  text

c:
  - d
  # foot
# of e
e: [1,
  2]
f: "x
y"
g: 1
# end
"""
EDITS = {
    "nothing": ("", ""),
    "a value": ("a: 1", "a: 2"),
    "a block's end": ("b: |", "b: |+"),
    "a comment that turns into text": ("# of e", "  # of e"),
    "a foot that becomes a lead": ("  # foot", "# foot"),
    "a blank line below a block": ("  text\n\n", "  text\n\n\n"),
    "a quote that is not closed": ("a: 1", 'a: "1'),
    "a bracket that closes later": ("a: 1", "a: [1"),
    "a key twice": ("a: 1", "a: 1\ng: 2"),
    "an anchor": ("a: 1", "a: &x 1"),
    "a document's end": ("# of e", "..."),
    "a second document": ("# of e", "---"),
    "a directive": ("# of a", "%YAML 1.2"),
    "the last value": ("g: 1", "g: 2"),
    "what stands at the end": ("# end\n", "# the end\n\n"),
    "no end of the last line": ("# end\n", "# end"),
    "an entry goes": ("a: 1\n", ""),
    "all but the first go": (BASE[BASE.index("# of a") :], ""),
    "the first key": ("id: x", "ID: x"),
    "deeper": ("a: 1", "  a: 1"),
    "tabs": ("a: 1", "a:\t1"),
    "a comment that ends as the entry did": ("g: 1", "n: 1\ng: 2 # g: 1"),
    "a line end of YAML 1.1": ("a: 1", "a: 1\u2028b: 2"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), EDITS.values(), ids=EDITS)
def test_one_edit_either_way(old: str, new: str) -> None:
    after = BASE.replace(old, new, 1) if old else BASE
    assert_same_either_way(BASE.encode(), after.encode(), BASE.encode())
    assert_same_either_way(after.encode(), BASE.encode(), after.encode())


def test_what_two_versions_have_alike_is_one_object() -> None:
    known = read(BASE.encode())
    other = read(BASE.replace("c:", "c: # here").encode(), like=known)
    same = [entry is before for entry, before in zip(other.reading.entries, known.reading.entries, strict=True)]
    assert same == [True, True, True, False, True, True, True]
