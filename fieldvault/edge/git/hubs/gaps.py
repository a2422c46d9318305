"""What a fetch still lacks, in the order in which a person wants it.

Law: commits, then trees, then records of the newest commit first, attachments last. A commit or tree that git has is
complete and not looked into: objects reach `.git/objects` only when nothing that they name is missing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from typing import NamedTuple

from fieldvault.core.snapshot import FOLDER, SUBMODULE, Oid
from fieldvault.edge.git.hubs.arrivals import Arrivals
from fieldvault.edge.git.store.history import Commit, read_commit
from fieldvault.edge.git.store.trees import read_tree

_RECORDS = (".yaml", ".yml")


class Gaps(NamedTuple):
    """Ids that are missing, each list without what can only be known once the ones before it are here."""

    commits: list[Oid]
    trees: list[Oid]
    records: list[Oid]
    attachments: list[Oid]

    def __bool__(self) -> bool:
        return any(self)


def find_gaps(arrivals: Arrivals, tips: Collection[Oid]) -> Gaps:
    """What `tips` need and is neither in the vault nor among what has arrived."""
    commits: dict[Oid, None] = {}
    trees: dict[Oid, None] = {}
    blobs: dict[Oid, str] = {}
    seen: set[Oid] = set()
    for commit in _arrived(arrivals, tips, commits):
        _look_into(arrivals, commit.tree, seen, trees, blobs)
    records = [oid for oid, path in blobs.items() if path.endswith(_RECORDS)]
    attachments = [oid for oid, path in blobs.items() if not path.endswith(_RECORDS)]
    return Gaps(list(commits), list(trees), records, attachments)


def _arrived(arrivals: Arrivals, tips: Collection[Oid], missing: dict[Oid, None]) -> Iterator[Commit]:
    """The commits that have arrived, the nearest to the tips first; `missing` takes those they name that have not."""
    seen = set(tips)
    waiting = deque(tips)
    while waiting:
        oid = waiting.popleft()
        if oid in arrivals.settled:
            continue
        if oid not in arrivals:
            missing[oid] = None
            continue
        commit = read_commit(arrivals, oid)
        yield commit
        waiting.extend(parent for parent in commit.parents if parent not in seen)
        seen.update(commit.parents)


def _look_into(arrivals: Arrivals, root: Oid, seen: set[Oid], trees: dict[Oid, None], blobs: dict[Oid, str]) -> None:
    """Go down one tree as far as it has arrived."""
    stack = [root]
    while stack:
        oid = stack.pop()
        if oid in seen or oid in arrivals.settled:
            continue
        seen.add(oid)
        if oid not in arrivals:
            trees[oid] = None
            continue
        for name, entry in read_tree(arrivals, oid):
            if entry.mode == FOLDER:
                stack.append(entry.oid)
            elif entry.mode != SUBMODULE and entry.oid not in seen and entry.oid not in arrivals:
                seen.add(entry.oid)
                blobs.setdefault(entry.oid, name)
