"""Many records merged by two processes: what one would have made of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from fieldvault.actions.merging import together
from fieldvault.actions.merging.together import merge_all
from fieldvault.actions.merging.treemerge import TreeMerge, merge_trees
from tests.actions.memory import Memory

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="work is shared on Linux only"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),  # xdist's; `pays` would say no
]

SCHEMA = b"""\
type: object
properties:
  id: {type: string}
  price: {type: number, x-merge: hold}
  seen: {type: string, format: date, x-merge: max}
  samples: {type: integer, x-merge: sum}
"""
FRAME: Mapping[str, bytes] = {
    "fieldvault.yaml": b"format: 1\nrecords:\n  visit: {folder: visits, schema: schemas/visit.yaml}\n",
    "schemas/visit.yaml": SCHEMA,
}
BASE = b"id: vis_%d\nname: A\nprice: 1.50\nseen: 2026-03-01\nsamples: 10\ntags: [x]\n"


@dataclass(frozen=True)
class Edit:
    """What one side made of a record."""

    old: bytes
    new: bytes

    def __call__(self, data: bytes) -> bytes | None:
        return data.replace(self.old, self.new) if self.new else None


NAMED, RENAMED = Edit(b"name: A", b"name: B"), Edit(b"name: A", b"name: C")
GONE, BROKEN = Edit(b"", b""), Edit(b"name: A", b"name: [")
COUNTED, PRICED, DEARER = Edit(b": 10", b": 7"), Edit(b"1.50", b"1.75"), Edit(b"1.50", b"2.00")
EARLIER, LATER, TAGGED = Edit(b"03-01", b"03-02"), Edit(b"03-01", b"03-05"), Edit(b"[x]", b"[x, y]")
PAIRS = [
    (NAMED, COUNTED), (COUNTED, COUNTED), (NAMED, RENAMED), (GONE, NAMED), (BROKEN, TAGGED), (BROKEN, BROKEN),
    (PRICED, DEARER), (EARLIER, LATER), (TAGGED, PRICED), (LATER, NAMED),
]  # fmt: skip


def met(memory: Memory) -> TreeMerge:
    """Each pair of edits twice, so that either process meets each."""
    pairs = {f"visits/v{number}.yaml": (BASE % number, pair) for number, pair in enumerate([*PAIRS, PAIRS[0], *PAIRS])}
    base = memory.tree(FRAME | {path: data for path, (data, _) in pairs.items()})
    ours, theirs = (
        memory.tree({path: pair[side](data) for path, (data, pair) in pairs.items()}, base) for side in (0, 1)
    )
    return merge_trees(memory, base, ours, theirs)


def test_two_processes_decide_what_one_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    alone = met(memory)
    assert len(alone.files) == 2 * len(PAIRS) + 1
    monkeypatch.setattr(together, "pays", lambda records: True)
    assert met(memory) == alone


def test_each_does_its_half(monkeypatch: pytest.MonkeyPatch) -> None:
    merge: Callable[[str], int] = lambda record: os.getpid()  # noqa: E731
    assert set(merge_all(merge, "abc").values()) == {os.getpid()}
    monkeypatch.setattr(together, "pays", lambda records: True)
    found = merge_all(merge, "abc")
    assert found["a"] == found["c"] == os.getpid() != found["b"]


def test_what_a_merge_raises_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def merge(record: str) -> str:
        raise MemoryError(record)

    monkeypatch.setattr(together, "pays", lambda records: True)
    with pytest.raises(MemoryError):
        merge_all(merge, "abc")
