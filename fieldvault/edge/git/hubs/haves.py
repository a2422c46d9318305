"""What we say we have, so that a server sends no more than what is missing.

Law: the tips that are complete here, then their first parents at doubling distances; never every commit of the vault.
The nearer ones are what a hub holds as a rule, the farther ones help where it was set back to a backup.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

from dulwich.objects import ObjectID

from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.store.history import read_commit
from fieldvault.edge.git.store.objects import Reader

_HAVES_MAX = 256
_STEPS_MAX = 64


class Haves:
    """The commits, one by one, as dulwich asks for them."""

    shallow: frozenset[ObjectID] = frozenset()

    def __init__(self, reader: Reader, tips: Collection[Oid]) -> None:
        self._oids = islice(_sparse(reader, tips), _HAVES_MAX)

    def __next__(self) -> ObjectID | None:
        oid = next(self._oids, None)
        return None if oid is None else ObjectID(oid.encode("ascii"))

    def ack(self, sha: ObjectID) -> None: ...

    def nak(self) -> None: ...


def _sparse(reader: Reader, tips: Collection[Oid]) -> Iterator[Oid]:
    yield from tips
    for tip in tips:
        oid, step = tip, 1
        while step <= _STEPS_MAX and (parents := read_commit(reader, oid).parents) and parents[0] in reader:
            oid = parents[0]
            if step & (step - 1) == 0:
                yield oid
            step += 1
