"""How many bytes to risk on a link next.

Law: what is cut is lost, so a batch grows while the link holds and shrinks to well below what it cut. A cut may have
been bad luck, so its mark fades: every batch that gets through raises the ceiling again a little.
Measured by simulation (tests/core/test_batches): with a ceiling that never rises, small records on a link that drops at
random times end up one by one, 558 connections for what 73 carry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

START_BYTES = 256 << 10
_MOST_BYTES = 1 << 30  # larger than anything that travels in one piece

_GROWTH = 1.5
_CEILING_GROWTH = 1.1
_AFTER_CUT = 0.6

Item = TypeVar("Item")


class Budget(NamedTuple):
    """`size`: bytes for the next batch; `ceiling`: what it does not grow beyond, None on a link that never cut."""

    size: int = START_BYTES
    ceiling: int | None = None

    def sent(self) -> Budget:
        """A batch got through."""
        grown = min(int(self.size * _GROWTH) + 1, _MOST_BYTES)
        if self.ceiling is None:
            return Budget(grown)
        ceiling = int(self.ceiling * _CEILING_GROWTH) + 1
        return Budget(min(grown, ceiling), ceiling if ceiling < _MOST_BYTES else None)

    def cut(self, batch_bytes: int) -> Budget:
        """The link was cut in a batch of this size."""
        ceiling = max(1, int(batch_bytes * _AFTER_CUT))
        return Budget(max(1, int(ceiling * _AFTER_CUT)), ceiling)

    def group(self, sized: Iterable[tuple[Item, int]]) -> Iterator[Item]:
        """The first of these (item, bytes) that fit together; the very first fits always."""
        left = self.size
        for number, (item, size) in enumerate(sized):
            left -= size
            if left < 0 and number:
                return
            yield item
