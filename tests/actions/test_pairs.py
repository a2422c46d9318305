"""Three hundred pairs of salespeople's edits, two vaults and a hub, one sync, against an oracle that stands apart.

Law: the oracle is written from what two people would expect of each field, on text as PyYAML reads it, and knows
nothing of the merge. For each record it says every value and every conflict; nothing may be asked beside that, nothing
missed, and no comment lost.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.world import Desk, World

pytestmark = pytest.mark.slow

PAIRS = int(os.environ.get("FV_PAIRS", "300"))
SETTINGS = "format: 1\nphone_country: FR\nrecords:\n  customer: {folder: customers, schema: schemas/customer.yaml}\n"
SAMPLE = Path(__file__).parents[2] / "sample-repo"
ABSENT = None

Fields = dict[str, Any]  # pointer of a field -> its text, or a map where people see one thing
Edit = Callable[[str, random.Random], str]


# What people do to a customer's file.


def put(name: str, *values: str) -> Edit:
    """Set a field of one line, or add it at the end."""

    def edit(text: str, draw: random.Random) -> str:
        line = f"{name}: {draw.choice(values)}"
        if re.search(rf"(?m)^{name}:", text):
            return re.sub(rf"(?m)^{name}: *(\"[^\"\n]*\"|[^#\r\n]*[^#\s])", lambda _: line, text)
        return appended(text, line)

    return edit


def appended(text: str, *lines: str) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    return text.rstrip("\r\n") + newline + newline.join(lines) + newline


def tag(text: str, draw: random.Random) -> str:
    """Add a tag, or take the first one away."""
    if not re.search(r"(?m)^tags: *\[", text):
        return text if "\ntags:" in text else appended(text, f"tags: [{draw.choice(['bio', 'vip', 'terrasse'])}]")
    tags = re.search(r"(?m)^tags: *\[(.*)\]", text)[1].split(", ")  # type: ignore[index]
    new = [*tags, draw.choice(["bio2", "vip", "terrasse"])] if draw.random() < 0.7 else tags[1:]
    return re.sub(r"(?m)^tags: *\[.*\]", "tags: [" + ", ".join(dict.fromkeys(new)) + "]", text)


def number(text: str, draw: random.Random) -> str:
    """Correct the first phone number."""
    return re.sub(r'number: *"?\+33[0-9 ]+"?', f'number: "+3363998{draw.randrange(1000, 9999)}"', text, count=1)


def phone(text: str, draw: random.Random) -> str:
    """Add a phone, under a key that both might take; one spells it as it is dialled."""
    found = re.search(r"(?m)^phones:\r?\n( *)- key: ", text)
    key = draw.choice(["gsm2", "atelier2"])
    if not found or f"key: {key}" in text:
        return text
    pad, newline = found[1], "\r\n" if "\r\n" in text else "\n"
    digits = draw.choice(['"+33639981207"', "06 39 98 12 07", '"+33639980044"'])
    item = f"{pad}- key: {key}{newline}{pad}  number: {digits}{newline}"
    at = found.end() - len(f"{pad}- key: ")
    return text[:at] + item + text[at:]


def city(text: str, draw: random.Random) -> str:
    return re.sub(r"(?m)^( +city:) .*?(\r?)$", rf"\1 {draw.choice(['Laval', 'Vitré', 'Redon'])}\2", text, count=1)


def street(text: str, draw: random.Random) -> str:
    line = f"{draw.randrange(1, 99)} rue Neuve"
    return re.sub(r"(?m)^( +lines:) \[.*?\](\r?)$", rf"\1 [{line}]\2", text, count=1)


def note(text: str, draw: random.Random) -> str:
    """Write down a visit."""
    key = f"n{draw.getrandbits(40):010x}"
    day = draw.randrange(10, 28)
    item = [f"- id: {key}", f"  at: 2026-03-{day}T10:00:00+01:00", "  text: Passé en coup de vent"]
    return text if "\nnotes:" in text else appended(text, "notes:", *item)


def comment(text: str, draw: random.Random) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    name = draw.choice(["name:", "status:", "siret:"])
    return re.sub(rf"(?m)^{name}", f"# Remark {draw.getrandbits(32):08x}{newline}{name}", text, count=1)


def quoted(text: str, draw: random.Random) -> str:
    """Somebody's editor quotes a word: no change to anybody."""
    return re.sub(r"(?m)^segment: (\w+)", r"segment: '\1'", text)


EDITS: list[Edit] = [
    put("name", "Boulangerie Neuve", "Le Fournil", "Maison Roux"),
    put("website", "https://a.example", "https://b.example"),
    put("status", "prospect", "active", "dormant", "closed"),
    put("credit_limit", "500", "1200", "1200.00", "3000"),
    put("payment_terms", "30 jours", "45 jours", "comptant"),
    put("last_visit", "2026-03-02", "2026-03-05", "2025-01-01"),
    put("first_contact", "2018-01-01", "2019-06-01"),
    put("do_not_contact", "true", "false"),
    put("visit_frequency_days", "14", "21"),
    tag, number, phone, city, street, note, comment, quoted,
]  # fmt: skip


# What both would expect.


def fields(data: bytes) -> Fields:
    """The record taken apart into what people change and are asked about, one by one; texts as they stand."""
    record = yaml.load(data.decode("utf-8-sig"), yaml.BaseLoader)
    found: Fields = {}
    for name, value in record.items():
        if name == "tags":
            found |= {f"/tags/{each}": "there" for each in value}
        elif name in ("phones", "emails"):
            found |= {f"/{name}/{item['key']}/{part}": text for item in value for part, text in item.items()}
        elif name == "addresses":
            found |= {f"/{name}/{item['key']}": item for item in value}
        elif name == "notes":
            found |= {f"/{name}/{item['id']}": item for item in value}
        elif name in ("opening_hours", "custom"):
            found |= {f"/{name}/{part}": text for part, text in value.items()}
        else:
            found[f"/{name}"] = value
    return found


def meant(at: str, value: Any) -> str | None:
    """A value so that two are equal where people would say so."""
    if value is ABSENT:
        return None
    if re.fullmatch(r"/phones/.*/number", at):
        value = re.sub(r"^0", "+33", value.replace(" ", ""))
    elif at in ("/credit_limit", "/discount_pct"):
        value = format(Decimal(value).normalize(), "f")
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def expected(base: Fields, ours: Fields, theirs: Fields) -> tuple[dict[str, str], dict[str, set[str | None]]]:
    """What the fields should hold, and what else stands at those that both changed to different things."""
    shown: dict[str, str | None] = {}
    also: dict[str, set[str | None]] = {}
    for at in base.keys() | ours.keys() | theirs.keys():
        was, left, right = (meant(at, side.get(at, ABSENT)) for side in (base, ours, theirs))
        if left in (was, right):
            shown[at] = right
        elif right == was:
            shown[at] = left
        elif at in ("/last_visit", "/do_not_contact"):
            shown[at] = max(left or "", right or "")
        elif at == "/first_contact":
            shown[at] = min(left or "~", right or "~")
        elif at in ("/credit_limit", "/payment_terms") and was:
            shown[at], also[at] = was, {left, right}
        else:
            lower, shown[at] = sorted((left or "", right or ""))
            also[at] = {lower or None}
    return {at: value for at, value in shown.items() if value is not None}, also


def comments(data: bytes) -> set[str]:
    return set(re.findall(r"(?m)^ *(#.*?)\r?$", data.decode("utf-8-sig")))


# The run.


@pytest.fixture(scope="module")
def records() -> dict[str, bytes]:
    """The sample's customers, over and over, each time with an id of its own."""
    found = sorted(SAMPLE.glob("customers/*/*.yaml"))
    copies = {}
    for place in range(PAIRS):
        source = found[place % len(found)]
        old, new = source.stem.rpartition("~")[2], f"cus_{place:010}"
        data = source.read_bytes().replace(old.encode(), new.encode())
        copies[f"customers/{place % 100:02}/{source.stem.replace(old, new)}.yaml"] = data
    return copies


def edit_all(desk: Desk, draw: random.Random) -> None:
    """One to three edits to every record, of the same five that the other desk chooses from, so that they meet."""
    for path in sorted(path for path in desk.files() if path.startswith("customers/")):
        text = (desk.root / path).read_bytes().decode()
        for edit in draw.sample(random.Random(path).sample(EDITS, 5), draw.randrange(1, 4)):
            text = edit(text, draw)
        desk.write(path, text)


@pytest.mark.parametrize("seed", [int(os.environ.get("FV_SEED", "1"))])
def test_every_pair_comes_out_as_both_would_expect(tmp_path: Path, records: dict[str, bytes], seed: int) -> None:
    world = World(tmp_path)
    schema = (SAMPLE / "schemas/customer.yaml").read_bytes()
    marc = world.first("Marc", files={"fieldvault.yaml": SETTINGS, "schemas/customer.yaml": schema, **records})
    ines = world.join("Ines")
    edit_all(marc, random.Random(seed))
    edit_all(ines, random.Random(seed + 1000))
    left, right = marc.files(), ines.files()
    ines.sync()
    marc.sync()
    ines.sync()
    files = marc.files()
    assert files == ines.files()
    assert not marc.sync().sent and not ines.sync().sent
    found = opened(files)
    for path, base in records.items():
        problem = judged(base, left[path], right[path], files[path], found.pop(identity(base), {}))
        texts = "\n--- ".join(one.decode() for one in (base, left[path], right[path], files[path]))
        assert not problem, f"{path}: {problem}\n{texts}"
    assert not found
    marc.assert_clean()


def identity(data: bytes) -> str:
    return str(yaml.load(data.decode("utf-8-sig"), yaml.BaseLoader)["id"])


def opened(files: Mapping[str, bytes]) -> dict[str, dict[str, list[Any]]]:
    """The conflicts by record and field, read as a person would read the files."""
    found: dict[str, dict[str, list[Any]]] = {}
    for path, data in files.items():
        if path.startswith("conflicts/"):
            conflict = yaml.load(data, yaml.BaseLoader)
            found.setdefault(conflict["record"], {})[conflict["field"]] = conflict["also"]
    return found


def judged(base: bytes, ours: bytes, theirs: bytes, merged: bytes, conflicts: Mapping[str, list[Any]]) -> str:
    """What is wrong with the merge of one pair; nothing if it is as expected."""
    values, also = expected(fields(base), fields(ours), fields(theirs))
    got = {at: meant(at, value) for at, value in fields(merged).items()}
    if got != values:
        return f"values: {sorted(map(str, got.items() ^ values.items()))}"
    stands = {at: {meant(at, one) for one in found} for at, found in conflicts.items()}
    if stands != also:
        return f"asked {stands} instead of {also}"
    lost = (comments(ours) | comments(theirs)) - comments(merged) - (comments(base) - comments(ours) & comments(theirs))
    return f"comments lost: {lost}" if lost else ""
