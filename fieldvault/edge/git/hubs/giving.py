"""What is asked for by its id, given from a repository on this machine: a hub in a folder, a bundle that was unpacked.

Law: a tree is given after those below it, and a commit after its trees, so that what was cut lacks no part.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from fieldvault.core.snapshot import FOLDER, Oid
from fieldvault.edge.git.hubs.arrivals import Arrivals
from fieldvault.edge.git.hubs.link import Progress
from fieldvault.edge.git.store.history import read_commit
from fieldvault.edge.git.store.objects import Reader
from fieldvault.edge.git.store.trees import read_tree


def give_trees(reader: Reader, into: Arrivals, commits: Collection[Oid], progress: Progress) -> None:
    """These commits, which have no parents, and their trees, without the files' contents."""
    trees = [tree for oid in commits for tree in _trees(reader, read_commit(reader, oid).tree)]
    _give(reader, into, [*trees, *commits], progress)


def give_objects(reader: Reader, into: Arrivals, oids: Collection[Oid], progress: Progress) -> None:
    """Those of these blobs that are there."""
    _give(reader, into, [oid for oid in oids if oid in reader], progress)


def _give(reader: Reader, into: Arrivals, oids: Collection[Oid], progress: Progress) -> None:
    def contents() -> Iterator[tuple[str, bytes]]:
        for oid in oids:
            kind, data = reader.read(oid)
            yield kind, data
            progress(len(data), 1, "received")

    into.add(contents())


def _trees(reader: Reader, root: Oid) -> Iterator[Oid]:
    for _, entry in read_tree(reader, root):
        if entry.mode == FOLDER:
            yield from _trees(reader, entry.oid)
    yield root
