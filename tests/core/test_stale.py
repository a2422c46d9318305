"""Which version a save came from: random saves of each kind on one record."""

from __future__ import annotations

import copy
import random
from decimal import Decimal

import pytest

from fieldvault.core.schema import Schema
from fieldvault.core.stale import Former, Stale, distance, judge_save
from fieldvault.core.values import MISSING, Value, same

TEXT: dict[str, Value] = {"type": "string"}
PHONE: dict[str, Value] = {
    "type": "object",
    "required": ["key"],
    "properties": {"key": TEXT, "number": TEXT, "note": TEXT},
}
SCHEMA = Schema(
    {
        "type": "object",
        "properties": {
            "id": TEXT,
            "name": TEXT,
            "tags": {"type": "array", "items": TEXT, "uniqueItems": True},
            "phones": {"type": "array", "items": PHONE},
            "address": {"type": "object", "x-merge": "atomic", "properties": {"street": TEXT, "postcode": TEXT}},
            "steps": {"type": "array", "items": TEXT},
            "discount": {"type": "number"},
        },
    }
)
RECORD: dict[str, Value] = {
    "id": "cus_4k7m2x9d8q",
    "name": "Boulangerie Lefèvre",
    "siret": "12345678900011",
    "status": "active",
    "website": "lefevre.example",
    "discount": Decimal("2.5"),
    "tags": ["bio", "vip", "b2b"],
    "phones": [{"key": "std", "number": "1"}, {"key": "gsm", "number": "2"}, {"key": "fax", "number": "3"}],
    "address": {"street": "14 rue de la Monnaie", "postcode": "01000", "town": "Bourg"},
    "steps": ["call", "visit", "offer", "order"],
    "notes": "first line\nsecond line\nthird line\nfourth line\n",
}
PLACES = (
    *(("field", name) for name in ("name", "siret", "status", "website", "discount")),
    *(("tag", name) for name in ("bio", "vip", "b2b", "new1", "new2")),
    *(("phone", name) for name in ("std", "gsm", "fax", "home")),
    *(("address", name) for name in ("street", "postcode", "town")),
    *(("step", name) for name in ("call", "offer")),
    *(("line", name) for name in ("first", "third")),
)


def edited(value: dict[str, Value], places: list[tuple[str, str]], mark: str) -> dict[str, Value]:
    """The record with each of these places edited; `mark` makes every edit a value of its own."""
    value = copy.deepcopy(value)
    phones, tags, steps, address = value["phones"], value["tags"], value["steps"], value["address"]
    assert isinstance(phones, list) and isinstance(tags, list) and isinstance(steps, list) and isinstance(address, dict)
    for kind, name in places:
        if kind == "field":
            value[name] = Decimal(len(mark) + 7) if name == "discount" else f"{name} {mark}"
        elif kind == "tag":
            tags.remove(name) if name in tags else tags.append(name)
        elif kind == "phone":
            found = next((item for item in phones if isinstance(item, dict) and item["key"] == name), None)
            if found is None:
                phones.append({"key": name, "number": mark})
            else:
                found["number"] = mark
        elif kind == "address":
            address[name] = f"{name} {mark}"
        elif kind == "step":
            steps[:] = [f"{name} {mark}" if str(step).startswith(name) else step for step in steps]
        else:
            value["notes"] = "\n".join(
                f"{name} {mark}" if line.startswith(name) else line for line in str(value["notes"]).split("\n")
            )
    return value


def drawn(chance: random.Random) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Places of two people, none in common."""
    places = list(PLACES)
    chance.shuffle(places)
    first = chance.randint(1, 4)
    return places[:first], places[first : first + chance.randint(1, 4)]


def foreign(*values: Value) -> list[Former]:
    return [Former(value, own=False) for value in values]


@pytest.mark.parametrize("seed", range(300))
def test_a_stale_save_is_known_and_an_ordinary_one_too(seed: int) -> None:
    chance = random.Random(seed)
    hers, incoming = drawn(chance)
    head = edited(RECORD, incoming, "in")
    assert judge_save(edited(RECORD, hers, "hers"), head, foreign(RECORD), SCHEMA) == Stale(0, exact=False)
    assert judge_save(edited(head, hers, "hers"), head, foreign(RECORD), SCHEMA) is None


@pytest.mark.parametrize("seed", range(100))
def test_two_syncs_since_the_record_was_opened(seed: int) -> None:
    chance = random.Random(seed)
    hers, incoming = drawn(chance)
    middle = edited(RECORD, incoming[:1], "one")
    head = edited(middle, [place for place in PLACES if place not in hers and place not in incoming[:1]][:2], "two")
    save = edited(RECORD, hers, "hers")
    assert judge_save(save, head, foreign(middle, RECORD), SCHEMA) == Stale(1, exact=False)
    assert judge_save(edited(middle, hers, "hers"), head, foreign(middle, RECORD), SCHEMA) == Stale(0, exact=False)
    assert judge_save(edited(head, hers, "hers"), head, foreign(middle, RECORD), SCHEMA) is None


@pytest.mark.parametrize("seed", range(50))
def test_an_old_version_saved_as_it_was_is_a_question(seed: int) -> None:
    _, incoming = drawn(random.Random(seed))
    head = edited(RECORD, incoming, "in")
    assert judge_save(copy.deepcopy(RECORD), head, foreign(RECORD), SCHEMA) == Stale(0, exact=True)


@pytest.mark.parametrize("seed", range(50))
def test_saving_what_head_has_is_ordinary_whatever_was_before(seed: int) -> None:
    _, incoming = drawn(random.Random(seed))
    head = edited(RECORD, incoming, "in")
    assert judge_save(copy.deepcopy(head), head, foreign(RECORD, head), SCHEMA) is None


def test_the_second_save_of_a_buffer_that_was_merged() -> None:
    head = edited(RECORD, [("field", "name")], "in")
    first = edited(RECORD, [("field", "status"), ("tag", "new1")], "hers")
    merged = edited(head, [("field", "status"), ("tag", "new1")], "hers")
    second = edited(first, [("field", "website")], "again")
    history = [Former(first, own=False), Former(head, own=True), Former(RECORD, own=False)]
    assert judge_save(second, merged, history, SCHEMA) == Stale(0, exact=False)


def test_to_undo_ones_own_edit_in_the_editor_is_ordinary() -> None:
    once = edited(RECORD, [("field", "name")], "once")
    assert judge_save(RECORD, once, [Former(RECORD, own=True)], SCHEMA) is None
    then = edited(RECORD, [("tag", "new1")], "then")
    assert judge_save(then, once, [Former(RECORD, own=True)], SCHEMA) is None


def test_what_came_before_ones_own_saves_still_counts() -> None:
    head = edited(RECORD, [("field", "name"), ("field", "siret")], "in")
    own = edited(head, [("tag", "new1")], "own")
    save = edited(RECORD, [("field", "status")], "stale")
    history = [Former(head, own=True), Former(RECORD, own=False)]
    assert judge_save(save, own, history, SCHEMA) == Stale(1, exact=False)


def test_a_third_value_for_the_one_node_that_came_in_stands() -> None:
    head = edited(RECORD, [("phone", "std")], "in")
    assert judge_save(edited(RECORD, [("phone", "std")], "hers"), head, foreign(RECORD), SCHEMA) is None


def test_a_version_that_could_not_be_read_is_passed_over() -> None:
    head = edited(RECORD, [("field", "name")], "in")
    history = [Former(MISSING, own=False), Former(RECORD, own=False)]
    assert judge_save(edited(RECORD, [("tag", "new1")], "hers"), head, history, SCHEMA) == Stale(1, exact=False)


def test_distance_counts_nodes() -> None:
    for place in PLACES:
        assert distance(RECORD, edited(RECORD, [place], "x"), SCHEMA) in (1, 2), place
    moved = copy.deepcopy(RECORD)
    moved["tags"] = ["vip", "b2b", "bio"]
    moved["discount"] = Decimal("2.50")
    assert not same(moved["tags"], RECORD["tags"]) and distance(RECORD, moved, SCHEMA) == 0
