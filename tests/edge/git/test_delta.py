"""Deltas: real git applies them, an edit costs its bytes, and the worst input costs no more than time in proportion."""

from __future__ import annotations

import random
import time

import pytest
from dulwich.pack import apply_delta
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldvault.edge.git.store.delta import make_delta


def applied(kind: str, base: bytes, target: bytes) -> int:
    """The delta's length, once dulwich has made the target of it."""
    delta = make_delta(kind, base, target)
    assert b"".join(apply_delta(base, delta)) == target
    return len(delta)


def tree(ids: dict[str, bytes]) -> bytes:
    return b"".join(b"100644 " + name.encode() + b"\0" + raw for name, raw in sorted(ids.items()))


def draw_tree(draw: random.Random, count: int) -> dict[str, bytes]:
    return {f"lefevre~cus_{number:010}.yaml": draw.randbytes(20) for number in range(count)}


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(["tree", "blob"]), st.binary(max_size=300), st.binary(max_size=300))
def test_any_two_objects(kind: str, base: bytes, target: bytes) -> None:
    applied(kind, base, target)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.sampled_from([b"a\n", b"b: 1\n", b"c" * 600 + b"\n", b"", b"\n", b"d\0"]), max_size=30), st.randoms()
)
def test_shuffled_pieces(pieces: list[bytes], draw: random.Random) -> None:
    other = draw.sample(pieces, draw.randint(0, len(pieces)))
    for kind in ("tree", "blob"):
        applied(kind, b"".join(pieces), b"".join(other))


def test_a_guess_beyond_the_end_of_the_base_copies_nothing_from_there() -> None:
    """Found by drawn pieces: what is longer now ends as the base ends, and goes on."""
    end = b"Sonnez au fond de la cour.\n"
    applied("blob", b"name: A\nnote:\n" + end, b"name: A\nnote:\n" + b"z" * 80 + end + b"new: 1\n")


@pytest.mark.parametrize("changed", [1, 2, 10])
def test_a_tree_costs_the_ids_that_changed(changed: int) -> None:
    draw = random.Random(changed)
    before = draw_tree(draw, 1_000)
    names = draw.sample(sorted(before), changed)
    after = before | {name: draw.randbytes(20) for name in names}
    assert applied("tree", tree(before), tree(after)) <= 14 + changed * (1 + 20 + 7)
    neighbours = sorted(before)[500 : 500 + changed]
    after = before | {name: draw.randbytes(20) for name in neighbours}
    assert applied("tree", tree(before), tree(after)) <= 14 + changed * (1 + 20 + 7)


def test_a_record_costs_what_was_typed() -> None:
    before = b"".join(b"field%d: value %d\n" % (number, number) for number in range(100))
    assert applied("blob", before, before.replace(b"value 50", b"value five and fifty")) < 40
    assert applied("blob", before, before + b"note: new\n") < 30
    assert applied("blob", before, before[200:]) < 20


@pytest.mark.parametrize("kind", ["tree", "blob"])
def test_hostile_sizes_stay_quick(kind: str) -> None:
    same, other = b"a\n" * 100_000, b"\0" * 200_000
    start = time.monotonic()
    for base, target in ((same, other), (other, same), (same, same[1:]), (same + b"b", b"b" + same)):
        applied(kind, base, target)
    assert time.monotonic() - start < 5
