"""Reading: every byte has an owner, and what a record may not hold is refused with its line."""

from __future__ import annotations

import time

import pytest

from fieldvault.core import layout
from fieldvault.core.schema import DEFAULT
from fieldvault.edge.yamltext import Limits, read
from fieldvault.errors import Unreadable

ANY_DOCUMENT = Limits(map_only=False)

FILES = {
    "comments-above": "# head\n\n# c\na: 1 # t\n\n# Sec\n\nb: 2\n",
    "comments-inside": "a:   # a\n  # main\n  - key: std   # k\n    n: x\n    # in\n  # foot\n# b\nb:\n- 1\n# end\n\n",
    "compact-lists": "- - y\n  - z\n-\n- k: v\n  l: w\n",
    "list-dash-spaces": "a:\n    -   x: 1\n        y: 2\n",
    "block-scalars": "a: |\n  x\n   \n\n  # in\n # out\nb: >-\n  t\nc: |2\n    x\nd: |+\n  k\n\n\n# end\n",
    "multi-line-scalars": "a: plain\n  more   # c\nb: \"x\n y\"\nc:\n  # under\n  plain\n",
    "flow": "a: {\n  x: 1, # one\n  y: 2,\n  }\nb: [ a,b ,  'c' ]\nc: {\"k\":1}\n",
    "odd-flow": "a: [b, c: d, {e}, ]\n",
    "anchors": "a: &x\n  d: 1\nb: *x\nc: &y |\n  t\nd: [&z q, *z]\n",
    "no-value": "a:\nb:   # c\nc:\n\n\nd: \n",
    "document-marks": "%YAML 1.2\n--- # c\na: 1\n...\n# x\n",
    "indented-root": " a: 1\n b:\n  - 2\n",
    "misplaced-comments": "a:\n# left\n  - 1\n # odd\n  - 2\n   \n\nb: 1\n",
    "crlf": "a: 1\r\nb: |\r\n  x\r\n  y\r\n",
    "mixed-line-ends": "a: 1\r\nb: 2\n \r\n\nc: |\n  x\r\n  y\n",
    "bom": "\ufeffa: 1\n",
    "no-final-newline": "a: 1\nb: |\n  x",
    "line-separators": "a: x\u2028y\u2029z\nb: \"\x85\"\nc: \ufeff1\n",
    "escaped-pairs": '{"\\ud83d\\ude00": "\\uD83D\\uDE00\\ud83d\\ude01", "b": \'\\ud83d\\ude00\'} # \\ud83d\\ude00\n',
    "top-list": "- a\n- b\n",
    "top-flow": "--- [a, b] # c\n",
    "top-scalar": "just text\n",
}  # fmt: skip


EMPTY = ["", "\n", "# nothing\n", "---", "---\n", "--- # c\n", "---\n...\n"]


@pytest.mark.parametrize("text", EMPTY)
def test_what_holds_no_node_is_empty(text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(text.encode(), limits=ANY_DOCUMENT)
    assert refused.value.kind == "yaml-empty"


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_what_is_read_is_written_back_to_the_byte(text: str) -> None:
    data = text.encode()
    assert layout.data(read(data, limits=ANY_DOCUMENT).tree) == data


REFUSED = {
    "empty": (b"", "yaml-empty", 1),
    "comments-only": (b"# nothing\n", "yaml-empty", 1),
    "scalar": (b"just text\n", "yaml-not-a-map", 1),
    "list": (b"\n- a\n", "yaml-not-a-map", 2),
    "two-documents": (b"a: 1\n---\nb: 1\n", "yaml-several-documents", 2),
    "tab": (b"a:\n\tb: 1\n", "yaml-tab", 2),
    "duplicate-key": (b"a: 1\nb: 2\na: 3\n", "yaml-duplicate-key", 3),
    "duplicate-key-in-flow": (b"a: {b: 1, b: 2}\n", "yaml-duplicate-key", 1),
    "list-as-key": (b"[a]: 1\n", "yaml-complex-key", 1),
    "question-mark": (b"x: 1\n? a\n: b\n", "yaml-complex-key", 2),
    "no-key": (b": b\n", "yaml-syntax", 1),
    "utf-16": ("a: 1\n".encode("utf-16"), "yaml-not-utf8", 1),
    "utf-16-without-mark": ("a: 1\n".encode("utf-16-le"), "yaml-not-utf8", 1),
    "latin-1": (b"a: 1\nb: caf\xe9\n", "yaml-not-utf8", 2),
    "nul": (b"a: 1\nb: \0\n", "yaml-control-character", 2),
    "billion-laughs": (
        b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 10)) for n in range(9)),
        "yaml-too-many-nodes",
        5,
    ),
    "recursive-alias": (b"a: &a [*a]\n", "yaml-recursive-alias", 1),
    "unknown-alias": (b"a: 1\nb: *c\n", "yaml-unknown-alias", 2),
    "merge-key": (b"a: &a {x: 1}\nb:\n  <<: *a\n", "yaml-merge-key", 3),
    "python-tag": (b"a: !!python/object/apply:os.system [ls]\n", "yaml-tag", 1),
    "unknown-tag": (b"a: 1\nb: !secret x\n", "yaml-tag", 2),
    "tagged-block-scalar": (b"b: !x |\n  t\n", "yaml-tag", 1),
    "tagged-root": (b"!x\nb: 1\n", "yaml-tag", 1),
    "depth-33": (b"a: " + b"[" * 33 + b"]" * 33 + b"\n", "yaml-too-deep", 1),
    "depth-900": (b"a: " + b"[" * 900 + b"]" * 900 + b"\n", "yaml-too-deep", 1),
    "depth-100000-inside": (b"a: " + b"[" * 100_000, "yaml-too-deep", 1),
    "too-large": (b"a: " + b"x" * 300_000, "yaml-too-large", None),
    "too-many-keys": (b"".join(b"k%d: \n" % n for n in range(20_000)), "yaml-too-many-nodes", 10_000),
    "conflict-markers": (b"a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n", "yaml-conflict-markers", 2),
    "missing-colon": (b"a: 1\nb\nc: 1\n", "yaml-syntax", 3),
    "unclosed": (b"a: [1, 2\nb: 1\n", "yaml-syntax", 2),
}  # fmt: skip


@pytest.mark.parametrize(("data", "kind", "line"), REFUSED.values(), ids=REFUSED)
def test_refused_with_its_line(data: bytes, kind: str, line: int | None) -> None:
    started = time.perf_counter()
    with pytest.raises(Unreadable) as caught:
        read(data)
    assert (caught.value.kind, caught.value.facts.get("line")) == (kind, line)
    assert time.perf_counter() - started < 1


PAIRS = {  # JSON escapes a character beyond U+FFFF as two
    '"\\ud83d\\ude00"': "😀",
    '"a\\uD83D\\uDE00\\ud83d\\ude01z"': "a😀😁z",
    '"\\\\\\ud83d\\ude00"': "\\😀",
    '"\\\\ud83d\\\\ude00"': "\\ud83d\\ude00",
    "'\\ud83d\\ude00'": "\\ud83d\\ude00",
    "\\ud83d\\ude00": "\\ud83d\\ude00",
    "|-\n  \\ud83d\\ude00 \ue000": "\\ud83d\\ude00 \ue000",
}


@pytest.mark.parametrize(("written", "value"), PAIRS.items())
def test_two_escapes_are_one_character_in_double_quotes(written: str, value: str) -> None:
    assert read(f"a: {written}\n".encode()).value() == {"a": value}


@pytest.mark.parametrize(
    "written", ['"\\ud83d"', '"\\ude00"', '"\\ud83d\\ud83d"', '"\\\\ud83d\\ude00"', '"\\ude00\\ud83d"']
)
def test_half_a_pair_is_no_character(written: str) -> None:
    with pytest.raises(Unreadable) as failure:
        read(f"a: {written}\n".encode())
    assert (failure.value.kind, failure.value.facts["line"]) == ("yaml-syntax", 1)


def test_a_key_of_two_escapes() -> None:
    key = '"\\ud83d\\ude00"'
    assert read(f"{key}: 1\n".encode()).value() == {"😀": 1}
    with pytest.raises(Unreadable, match="yaml-duplicate-key"):
        read(f"{key}: 1\n😀: 2\n".encode())


def test_a_key_twice_names_both_lines() -> None:
    with pytest.raises(Unreadable) as caught:
        read(b"name: a\nid: x\nname: b\n")
    assert caught.value.facts == {"key": "name", "first_line": 1, "line": 3, "column": 1}


def test_aliases_within_the_limit_are_read() -> None:
    assert read(b"a: &a {x: 1}\nb: *a\n").value() == {"a": {"x": 1}, "b": {"x": 1}}


def test_a_root_of_a_hundred_thousand_brackets_is_no_map_and_too_deep() -> None:
    """Which of the two is said is libyaml's: 0.2.6 looks ahead for its own limit of depth."""
    with pytest.raises(Unreadable) as caught:
        read(b"[" * 100_000)
    assert caught.value.kind in ("yaml-not-a-map", "yaml-too-deep") and caught.value.facts["line"] == 1


def test_a_root_of_a_hundred_thousand_brackets_is_refused_where_any_document_is_taken() -> None:
    with pytest.raises(Unreadable) as caught:
        read(b"[" * 100_000, limits=ANY_DOCUMENT)
    assert caught.value.kind == "yaml-too-deep"


@pytest.mark.parametrize(
    "text",
    ["0123", "no", "1.10.1", "12:30:45", "2024-02-30", "1e999999999", "9" * 5000, "+33 6", "0x1F", "1_000", ".5"],
)
def test_what_other_readers_guess_at_stays_text(text: str) -> None:
    data = f"a: {text}\n".encode()
    assert read(data).value(DEFAULT) == {"a": text}
