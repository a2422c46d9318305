"""Records drawn at random: values under a schema that uses every strategy, in formats drawn at random as well."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from decimal import Decimal

from fieldvault.core.schema import Schema
from fieldvault.core.values import Value
from fieldvault.edge import schemas
from fieldvault.edge.yamltext import read

SCHEMA_TEXT = b"""\
type: object
properties:
  id: {type: string, x-merge: immutable}
  name: {type: string}
  postcode: {type: string}
  score: {type: number}
  status: {enum: [draft, sent, paid, cancelled], x-merge: {ladder: [draft, sent, paid], terminal: [cancelled]}}
  stage: {enum: [a, b, c, lost], x-merge: {ladder: [a, b, c], terminal: [lost], group: sale}}
  probability: {type: integer, x-merge: {group: sale}}
  close: {type: string, x-merge: {group: sale}}
  tags: {type: array, items: {type: string}, uniqueItems: true}
  steps: {type: array, items: {type: string}, x-merge: sequence}
  plain: {type: array, items: {type: string}}
  phones:
    type: array
    items:
      type: object
      required: [key]
      properties: {key: {type: string}, number: {type: string, format: phone}, label: {type: string}}
  address: {type: object, x-merge: atomic, properties: {street: {type: string}, city: {type: string}}}
  custom: {type: object}
  samples: {type: integer, x-merge: sum}
  visited: {type: string, x-merge: max}
  since: {type: string, x-merge: min}
  refuses: {type: boolean, x-merge: or}
  secrecy: {enum: [public, client, internal], x-merge: {strictest: [public, client, internal]}}
  erp: {type: string, x-merge: once}
  limit: {type: number, x-merge: hold}
  report: {type: string, x-merge: text}
  notes:
    type: array
    x-merge: {log: id, at: at}
    items: {type: object, properties: {id: {type: string}, at: {type: string}, text: {type: string}}}
"""
SCHEMA: Schema = schemas.load(read(SCHEMA_TEXT), "schema.yaml", "FR")

_WORDS = [
    "Lefèvre", "01000", "no", "a b", "x: y", "- z", "#1", "null", "1.10", "it's", 'q"q', "l1\nl2\n", "p\n\nq", "é",
    "12:30", "",
]  # fmt: skip


def a_value(draw: random.Random) -> dict[str, Value]:
    """A record: each field present or not."""
    makers: dict[str, Callable[[], Value]] = {
        "id": lambda: "cus_1",
        "name": lambda: draw.choice(_WORDS),
        "postcode": lambda: draw.choice(["01000", "06000"]),
        "score": lambda: Decimal(draw.choice(["1", "1.5", "-2"])),
        "status": lambda: draw.choice(["draft", "sent", "paid", "cancelled"]),
        "stage": lambda: draw.choice(["a", "b", "c", "lost"]),
        "probability": lambda: draw.randrange(4),
        "close": lambda: draw.choice(["2026-03-01", "2026-04-01"]),
        "tags": lambda: draw.sample(["bio", "vip", "no", "x y", "a,b"], draw.randrange(5)),
        "steps": lambda: [draw.choice("abcd") for _ in range(draw.randrange(5))],
        "plain": lambda: [draw.choice("ab") for _ in range(draw.randrange(3))],
        "phones": lambda: [_phone(draw, key) for key in draw.sample(["std", "gsm", "fax", "home"], draw.randrange(4))],
        "address": lambda: {"street": draw.choice(_WORDS), "city": draw.choice(["Lyon", "Bourg"])},
        "custom": lambda: {key: _custom(draw) for key in draw.sample("uvw", draw.randrange(3))},
        "samples": lambda: draw.randrange(5),
        "visited": lambda: draw.choice(["2026-03-02", "2026-03-05", "2026-01-01"]),
        "since": lambda: draw.choice(["2020-01-01", "2021-01-01"]),
        "refuses": lambda: draw.random() < 0.5,
        "secrecy": lambda: draw.choice(["public", "client", "internal"]),
        "erp": lambda: draw.choice(["E1", "E2", ""]),
        "limit": lambda: Decimal(draw.choice(["100", "200.50"])),
        "report": lambda: "".join(draw.choices(["one two\n", "three\n", "four five\n"], k=draw.randrange(4))),
        "notes": lambda: [_note(draw, key) for key in draw.sample("klmn", draw.randrange(4))],
        "zzz": lambda: draw.choice([1, Decimal("1.0"), "1", True, None]),
    }  # fmt: skip
    return {name: make() for name, make in makers.items() if name == "id" or draw.random() < 0.4}


def _custom(draw: random.Random) -> Value:
    return draw.choice([draw.choice(_WORDS), {"deep": draw.choice(_WORDS)}])


def _phone(draw: random.Random, key: str) -> Value:
    number = draw.choice(["06 39 98 00 01", "+33639980001", "0199000001"])
    return {"key": key, "number": number, "label": draw.choice(["", "home"])}


def _note(draw: random.Random, key: str) -> Value:
    return {"id": key, "at": f"2026-03-0{draw.randrange(1, 4)}", "text": draw.choice(_WORDS)}


def edited(draw: random.Random, value: dict[str, Value]) -> dict[str, Value]:
    """The record after an afternoon's work: some fields as in another record, some gone, perhaps in another order."""
    other = a_value(draw)
    changed = dict(value)
    for name in {**value, **other}:
        roll = draw.random()
        if roll < 0.25 and name in other:
            changed[name] = other[name]
        elif roll < 0.3 and name != "id":
            changed.pop(name, None)
    if draw.random() < 0.15:
        names = list(changed)
        draw.shuffle(names)
        changed = {name: changed[name] for name in names}
    return changed


class Style:
    """How one person writes: drawn once for a file, with whims line by line."""

    def __init__(self, draw: random.Random, whims: float) -> None:
        self.draw = draw
        self.whims = whims
        self.step = draw.choice([2, 2, 2, 4])
        self.list_step = draw.choice([0, 2])
        self.newline = draw.choice(["\n", "\n", "\n", "\r\n"])
        self.bom = draw.random() < 0.1
        self.start = draw.choice(["", "", "---\n", "# head\n\n"])
        self.final = draw.random() < 0.9
        self.as_json = draw.random() < 0.1

    def whim(self) -> bool:
        return self.draw.random() < self.whims

    def file(self, value: dict[str, Value]) -> bytes:
        record = self.json(value) if self.as_json else "".join(self.map(value, 0))
        text = self.start + record + ("# the end\n" if self.whim() else "")
        text = text if self.final else text.removesuffix("\n")
        return (("\ufeff" if self.bom else "") + text.replace("\n", self.newline)).encode()

    def json(self, value: dict[str, Value]) -> str:
        return json.dumps(value, indent=self.step, ensure_ascii=False, default=float) + "\n"

    def map(self, value: dict[str, Value], column: int) -> list[str]:
        if not value:
            return [" " * column + "{}\n"]
        return [
            line for key, item in value.items() for line in self.entry(f"{self.key(key)}:", item, column, self.step)
        ]

    def entry(self, head: str, item: Value, column: int, step: int) -> list[str]:
        pad = " " * column
        leads = [f"{pad}# about {head}\n", "\n", f"\n{pad}# {head}\n", f"\n{pad}# Part\n\n"]
        lead = self.draw.choice(leads) if self.whim() else ""
        trail = self.draw.choice(["   ", f"  # beside {head}"]) if self.whim() else ""
        if isinstance(item, dict) and item and not self.whim():
            if head == "-":
                first, *rest = self.map(item, column + 2)
                if first.strip()[:1] not in ("", "#") and "\n" not in first[:-1]:
                    return [lead, f"{pad}- {first[column + 2 :]}", *rest]
            return [f"{lead}{pad}{head}{trail}\n", *self.map(item, column + step)]
        if isinstance(item, list) and item and not self.whim():
            inner = column + (self.list_step if head != "-" else 2)
            lines = [line for each in item for line in self.entry("-", each, inner, 2)]
            foot = f"{' ' * inner}# foot\n" if self.whim() and inner > column else ""
            return [f"{lead}{pad}{head}{trail}\n", *lines, foot]
        return [f"{lead}{pad}{head} {self.beside(item, column, trail)}\n"]

    def beside(self, item: Value, column: int, trail: str) -> str:
        if isinstance(item, dict):
            fields = (f"{self.key(key)}: {self.scalar(each, True)}" for key, each in item.items())
            return "{" + ", ".join(fields) + "}" + trail
        if isinstance(item, list):
            return "[" + ", ".join(self.scalar(each, True) for each in item) + "]" + trail
        lines = isinstance(item, str) and item.endswith("\n") and not item.endswith("\n\n") and item[0] != "\n"
        if lines and not self.whim():
            assert isinstance(item, str)
            body = "\n".join(" " * (column + 2) + line if line else "" for line in item[:-1].split("\n"))
            return f"|{trail}\n{body}"
        return self.scalar(item, False) + trail

    def key(self, key: str) -> str:
        return f'"{key}"' if self.whim() else key

    def scalar(self, item: Value, flow: bool) -> str:
        if isinstance(item, dict):
            return "{" + ", ".join(f"{key}: {self.scalar(each, True)}" for key, each in item.items()) + "}"
        if item is None:
            return "null"
        if isinstance(item, bool):
            return "true" if item else "false"
        if not isinstance(item, str):
            return str(item)
        if "\n" in item or self.whim() or not item:
            return '"' + item.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        if not item.isalnum() or item.lower() in ("no", "null") or item[0].isdigit():
            return "'" + item.replace("'", "''") + "'"
        return item
