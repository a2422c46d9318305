"""The budget, simulated over thousands of links that cut: everything gets through, at a bounded price."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean

import pytest

from fieldvault.core.batches import START_BYTES, Budget

RATE = 400_000  # bytes a second
GREETING_SECONDS, GREETING_BYTES = 0.05, 1_500  # of each connection, before the first object


@dataclass
class Link:
    """A link that drops after a drawn time, whether it is used or not; `life` is the mean of that, in seconds."""

    draw: random.Random
    life: float
    regular: bool
    now: float = 0.0
    carried: float = 0.0

    def __post_init__(self) -> None:
        self.drop = self._next()

    def _next(self) -> float:
        wait = self.draw.uniform(0.7, 1.3) * self.life if self.regular else self.draw.expovariate(1 / self.life)
        return self.now + wait

    def send(self, size: int) -> bool:
        end = self.now + GREETING_SECONDS + (size + GREETING_BYTES) / RATE
        if end <= self.drop:
            self.now = end
            self.carried += size + GREETING_BYTES
            return True
        self.carried += max(0.0, self.drop - self.now - GREETING_SECONDS) * RATE
        self.now = self.drop + 0.05
        self.drop = self._next()
        return False


def carry(objects: list[int], link: Link) -> tuple[float, int]:
    """Carry all of it: bytes carried over the payload, and how many connections it took."""
    budget, place, connections = Budget(), 0, 0
    while place < len(objects):
        group = list(budget.group((number, objects[number]) for number in range(place, len(objects))))
        size = sum(objects[number] for number in group)
        connections += 1
        assert connections < 5_000
        if link.send(size):
            place, budget = group[-1] + 1, budget.sent()
        else:
            budget = budget.cut(size)
    return link.carried / sum(objects), connections


@pytest.mark.parametrize("regular", [True, False])
@pytest.mark.parametrize(
    ("life", "piece", "price"), [(3, 300_000, 1.3), (3, 4_000, 1.3), (1, 300_000, 1.7), (1, 4_000, 1.3)]
)
def test_what_it_costs(life: float, piece: int, price: float, regular: bool) -> None:
    objects = [piece] * (3_600_000 // piece)
    runs = [carry(objects, Link(random.Random(seed), life, regular)) for seed in range(300)]
    assert mean(cost for cost, _ in runs) < price
    assert mean(connections for _, connections in runs) < 130


def test_a_link_that_never_cuts_carries_ever_more_at_once() -> None:
    budget = Budget()
    for _ in range(200):
        budget = budget.sent()
    assert budget.size == 1 << 30
    _, connections = carry([4_000] * 10_000, Link(random.Random(1), 1e9, True))
    assert connections < 15  # 40 MB


def test_after_a_cut_the_next_is_well_below_it_and_stays_so_for_a_while() -> None:
    budget = Budget().cut(1_000_000)
    assert (budget.size, budget.ceiling) == (360_000, 600_000)
    budget = budget.sent().sent()
    assert budget.size < 1_000_000


def test_one_bad_night_is_forgotten() -> None:
    budget = Budget()
    for _ in range(30):
        budget = budget.cut(budget.size)
    assert budget == Budget(1, 1)
    sizes = []
    for _ in range(220):
        budget = budget.sent()
        sizes.append(budget.size)
    assert all(earlier <= later for earlier, later in pairwise(sizes))
    assert sizes[-1] > START_BYTES


def test_one_object_always_fits() -> None:
    assert list(Budget(1, 1).group([("video", 1 << 40), ("note", 1)])) == ["video"]
    assert list(Budget(100).group([("a", 60), ("b", 40), ("c", 1)])) == ["a", "b"]
    assert list(Budget(100).group([])) == []
