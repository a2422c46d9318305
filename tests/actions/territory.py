"""A small territory whose every written word is a token, so that a test can see what became of it.

Law: a token is written once, by one person, and is told apart from all others (`w17w`). Whoever looks for a lost value
looks for tokens in the bytes of a tree: records, attachments, and what else stands in conflict files. Edits are made as
a person makes them: to the text that stands there, one thing at a time.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import count

from fieldvault.core.names import is_conflict
from fieldvault.core.schema import Schema
from fieldvault.core.values import MISSING, Maybe
from fieldvault.edge import schemas
from fieldvault.edge.yamltext import read

SETTINGS = "format: 1\nrecords:\n  customer: {folder: customers, schema: schemas/customer.yaml}\n"
SCHEMA_TEXT = """\
$schema: http://json-schema.org/draft-07/schema#
title: Customer
type: object
properties:
  id: {type: string, x-merge: immutable}
  name: {type: string}
  address: {type: object, x-merge: atomic}
  tags: {type: array, items: {type: string}, uniqueItems: true}
  phones:
    type: array
    items: {type: object, required: [key], properties: {key: {type: string}, number: {type: string}}}
  notes:
    type: array
    x-merge: {log: id, at: at}
    items: {type: object, required: [id], properties: {id: {type: string}, at: {type: string}, text: {type: string}}}
  samples: {type: integer, x-merge: sum}
  custom: {type: object}
"""
SCHEMA_PATH = "schemas/customer.yaml"
SCHEMA: Schema = schemas.load(read(SCHEMA_TEXT.encode()), SCHEMA_PATH)
COUNTER = "customers/counter~cus_counter.yaml"  # never removed nor moved: what stands in it is checked to the letter

_TOKEN = re.compile(rb"w\d+w")


def tokens(path: str, data: bytes) -> set[str]:
    """The tokens that stand in a file. What a conflict file tells its reader of the base does not stand there."""
    standing = data.rpartition(b"\nalso:")[2] if is_conflict(path) else data
    return {found.decode() for found in _TOKEN.findall(standing)}


class Words:
    """A source of tokens."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count(1)

    def __call__(self) -> str:
        return f"w{next(self._numbers)}w"


def start() -> dict[str, bytes]:
    """The files with which everybody starts."""
    files = {"fieldvault.yaml": SETTINGS, SCHEMA_PATH: SCHEMA_TEXT}
    for name in ("counter", "lefevre", "simon"):
        files[f"customers/{name}~cus_{name}.yaml"] = record(f"cus_{name}", "new")
    files |= {"notes.txt": "one\ntwo\nthree\n", "brochure.pdf": "%PDF\0"}
    return {path: text.encode() for path, text in files.items()}


def record(key: str, name: str) -> str:
    return f"""\
# Customer {key}
id: {key}
name: {name}
address: {{street: "-", city: Lyon}}
tags: [bio]

phones:
  - key: std
    number: "-"   # the shop
samples: 10
"""


def edited(data: bytes, draw: random.Random, word: Words) -> bytes:
    """The record after one edit by a person."""
    document = read(data)
    value = document.value(SCHEMA)
    assert isinstance(value, dict)
    return document.with_edits([_edit(value, draw, word)], SCHEMA)


def commented(data: bytes, draw: random.Random, word: Words) -> bytes:
    """A comment of one's own above a field that nobody removes."""
    lines = data.split(b"\n")
    places = [at for at, line in enumerate(lines) if re.match(rb"(name|tags|phones|samples):", line)]
    lines.insert(draw.choice(places), f"# {word()}".encode())
    return b"\n".join(lines)


def reformed(data: bytes, draw: random.Random, word: Words) -> bytes:
    """The schema after one change by a person, which lets no value give way: a title, a field, how a field merges."""
    ways = {
        "tags": ("{type: array, items: {type: string}, uniqueItems: true}", "{type: array, items: {type: string}}"),
        "custom": ("{type: object}", "{type: object, x-merge: atomic}"),
        "address": ("{type: object, x-merge: atomic}", "{type: object}"),
    }
    kind = draw.choice(["title", "field", *ways])
    if kind == "title":
        return re.sub(rb"(?m)^title: .*$", f"title: {word()}".encode(), data)
    if kind == "field":
        return data.rstrip(b"\n") + f"\n  {word()}: {{type: string}}\n".encode()
    return re.sub(rf"(?m)^  {kind}: .*$".encode(), f"  {kind}: {draw.choice(ways[kind])}".encode(), data)


def _edit(value: dict, draw: random.Random, word: Words) -> tuple[tuple[str, ...], Maybe]:
    kind = draw.choice(["name", "address", "tag", "untag", "phone", "number", "unphone", "note", "samples", "custom"])
    phones = [phone["key"] for phone in value.get("phones", [])]
    if kind == "address":
        return ("address",), {"street": word(), "city": draw.choice(["Lyon", "Bourg"])}
    if kind == "tag" or (kind == "untag" and not value.get("tags")):
        return ("tags",), [*value.get("tags", []), word()]
    if kind == "untag":
        gone = draw.choice(value["tags"])
        return ("tags",), [tag for tag in value["tags"] if tag != gone]
    if kind == "phone" or (kind in ("number", "unphone") and not phones):
        key = draw.choice(["std", "gsm", "fax", "home"])
        return ("phones", key, "number") if key in phones else ("phones", key), (
            word() if key in phones else {"key": key, "number": word()}
        )
    if kind == "number":
        return ("phones", draw.choice(phones), "number"), word()
    if kind == "unphone":
        return ("phones", draw.choice(phones)), MISSING
    if kind == "note":
        key = word()
        return ("notes", key), {"id": key, "at": f"2026-03-0{draw.randrange(1, 9)}", "text": word()}
    if kind == "samples":
        return ("samples",), int(value.get("samples", 0)) + draw.choice([-3, -2, -1, 1, 2])
    if kind == "custom":
        return ("custom", draw.choice("uv")), word()
    return ("name",), word()
