"""Schemas: mistakes are told with their line, records are judged offline and in linear time."""

from __future__ import annotations

import time

import pytest

from fieldvault.core.problems import Problem
from fieldvault.edge import schemas
from fieldvault.edge.yamltext import read
from fieldvault.errors import SchemaInvalid

MISTAKES = {
    "unknown-strategy": ("a: {x-merge: newest}", "schema-unknown-strategy", 4),
    "two-strategies": ("a: {x-merge: {max: null, set: null}}", "schema-several-strategies", 4),
    "no-map": ("a: {x-merge: [max]}", "schema-merge-shape", 4),
    "needless-argument": ("a: {x-merge: {max: 3}}", "schema-bad-argument", 4),
    "keyed-without-key": ("a: {x-merge: keyed}", "schema-bad-argument", 4),
    "log-with-two-keys": ("a: {x-merge: {log: [id, at]}}", "schema-bad-argument", 4),
    "at-of-no-log": ("a: {x-merge: {set: null, at: day}}", "schema-bad-argument", 4),
    "at-of-nothing": ("a: {x-merge: {group: g, at: day}}", "schema-bad-argument", 4),
    "order": ("a: {x-merge: {set: null, order: random}}", "schema-bad-argument", 4),
    "sum-of-texts": ("a:\n    type: string\n    x-merge: sum", "schema-strategy-type", 4),
    "key-not-a-field": (
        "a:\n    type: array\n    x-merge: {keyed: [k]}\n    items: {properties: {id: {}}}",
        "schema-key-missing",
        4,
    ),
    "rung-not-in-enum": ("a: {enum: [x, y], x-merge: {ladder: [x, z]}}", "schema-level-unknown", 4),
    "rung-twice": ("a: {x-merge: {ladder: [x, y], terminal: [y]}}", "schema-level-twice", 4),
    "rung-of-another-type": ("a: {enum: [true], x-merge: {ladder: [1]}}", "schema-level-unknown", 4),
    "rung-twice-as-a-number": ("a: {type: number, x-merge: {ladder: [1, 1.0]}}", "schema-level-twice", 4),
    "group-named-as-a-field": ("a: {x-merge: {group: b}}\n  b: {}", "schema-group-name", 2),
    "unknown-function": ("a: {x-merge: {derived: profit}}", "schema-unknown-function", 4),
    "remote-reference": ('a: {$ref: "http://example.com/x.json"}', "schema-ref", 4),
    "file-reference": ("b: {}\n  a: {$ref: /etc/passwd}", "schema-ref", 5),
    "reference-to-nothing": ('a: {$ref: "#/definitions/x"}', "schema-ref", 4),
    "deep": ("a:\n    type: object\n    properties:\n      b: {x-merge: no}", "schema-unknown-strategy", 7),
}


def schema_text(properties: str) -> bytes:
    return f"# a type\ntype: object\nproperties:\n  {properties}\n".encode()


@pytest.mark.parametrize(("properties", "kind", "line"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_line(properties: str, kind: str, line: int) -> None:
    with pytest.raises(SchemaInvalid) as caught:
        schemas.load(read(schema_text(properties)), "schemas/x.yaml")
    assert (caught.value.kind, caught.value.facts["path"]) == (kind, "schemas/x.yaml")
    assert caught.value.facts["line"] == line


@pytest.mark.parametrize(
    "properties",
    [
        "a: {enum: [1, true], x-merge: {ladder: [1, true]}}",  # two values, although Python calls them equal
        "a: {type: number, enum: [1.0, 2.0], x-merge: {ladder: [1, 2]}}",
    ],
)
def test_levels_are_compared_as_the_merge_compares_them(properties: str) -> None:
    schemas.load(read(schema_text(properties)), "x.yaml")


@pytest.mark.parametrize(
    ("properties", "line"), [("a: {type: strange}", 4), ("b: {}\n  a:\n    pattern: (?=x)y", 6), ("a: {enum: 3}", 4)]
)
def test_what_is_no_json_schema_is_told_with_its_line(properties: str, line: int) -> None:
    document = read(schema_text(properties))
    with pytest.raises(SchemaInvalid) as caught:
        schemas.verify(document, schemas.load(document, "x.yaml"), "x.yaml")
    assert (caught.value.kind, caught.value.facts["line"]) == ("schema-not-valid", line)


def test_an_unusable_schema_stops_no_record() -> None:
    document = read(schema_text("a: {type: strange}"))
    assert schemas.problems(read(b"a: 1\n"), schemas.load(document, "x.yaml")) == []


SCHEMA = schemas.load(
    read(
        b"""\
type: object
required: [id, name]
properties:
  id: {type: string, pattern: "^cus_[a-z0-9]{4}$"}
  size: {type: integer, minimum: 1}
  price: {type: number, multipleOf: 0.01}
  status: {enum: [draft, sent]}
  siret: {type: string, format: siret}
  at: {type: string, format: date}
  evil: {type: string, pattern: "^(a+)+$"}
  phones:
    type: array
    items: {type: object, required: [key], properties: {key: {type: string}, number: {type: string, format: phone}}}
"""
    ),
    "schema.yaml",
    "FR",
)

RIGHT = b"id: cus_0001\nname: NO\nsize: 3\nprice: 1.10\nsiret: 73282932000074\nat: 2024-02-29\n"
WRONG = b"""\
id: cus_1
size: none
price: 6.105
status: lost
siret: "73282932000075"
at: 2024-02-30
phones:
  - key: gsm
    number: "12"
  - number: "0639981207"
"""


def test_a_right_record_has_no_problem() -> None:
    assert schemas.problems(read(RIGHT), SCHEMA) == []


def test_every_problem_is_told_with_field_and_line() -> None:
    found = schemas.problems(read(WRONG), SCHEMA)
    assert [(problem.field, problem.kind, problem.line) for problem in found] == [
        (("id",), "pattern", 1),
        (("name",), "required", 1),
        (("size",), "type", 2),
        (("price",), "multiple-of", 3),
        (("status",), "enum", 4),
        (("siret",), "format", 5),
        (("at",), "format", 6),
        (("phones", "gsm", "number"), "format", 9),
        (("phones", "", "key"), "required", 10),
    ]
    assert isinstance(found[0], Problem) and found[0].facts["value"] == "cus_1"


def test_no_pattern_hangs() -> None:
    started = time.perf_counter()
    record = b"id: cus_0001\nname: x\nevil: " + b"a" * 5000 + b"!\n"
    assert [problem.field for problem in schemas.problems(read(record), SCHEMA)] == [("evil",)]
    assert time.perf_counter() - started < 1
