"""What to send: the objects that new commits bring, and nothing that the other side has.

Law: what is read follows what is new, never the history. Everything an object names stands before it, so that a
receiver that was cut anywhere has no commit without its trees, and no tree without its entries.
The trap avoided: dulwich's MissingObjectFinder walks all of history for every push.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Container, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from fieldvault.core.snapshot import FOLDER, SUBMODULE, Oid
from fieldvault.edge.git.store.delta import make_delta
from fieldvault.edge.git.store.history import commits_here, read_commit, walk
from fieldvault.edge.git.store.objects import Reader, expect
from fieldvault.edge.git.store.packentry import NUMBERS, REF_DELTA
from fieldvault.errors import Corrupt

if TYPE_CHECKING:
    from dulwich.pack import UnpackedObject

_ENTRY = re.compile(rb"([0-7]{5,6}) ([^\0]+)\0(.{20})", re.DOTALL)
_NOT_THERE = ("object-missing", "object-damaged")
_TREES_KEPT = 256  # parsed trees of the commit before, which the next one shares nearly all of
_DELTA_BYTES_MAX = 1 << 20  # larger objects travel whole: two of them in memory, and seldom alike
_CHAIN_MAX = 50  # deltas of deltas; as deep as git makes them

_TreeEntry = tuple[bytes, bytes, bytes]  # mode, name, raw id


class Sent(NamedTuple):
    """One object to send. `path` is where it stands in its tree ("" for commits and roots), `base` what stood there in
    the commit before: the receiver has it, and the two are alike."""

    oid: Oid
    path: str
    base: Oid | None = None


def objects_to_send(reader: Reader, new: Iterable[Oid], known: Iterable[Oid]) -> list[Sent]:
    """The objects of the commits `new` and their ancestors that no commit in `known` contains.

    `known` may name what `reader` does not have, or what is no commit; that tells nothing. A file's content is listed,
    not read. Raises Corrupt("object-missing", oid) for a commit or tree that is not there.
    """
    hidden = commits_here(reader, known)
    commits = list(walk(reader, list(new), hidden))
    trees = _Trees(reader)
    root_of = {commit.oid: commit.tree for commit in commits}
    listed: dict[Oid, Sent] = {}
    for commit in reversed(commits):
        above = commit.parents or hidden  # one without parents follows what is there: a device's chunks
        bases = [root_of.get(parent) or read_commit(reader, parent).tree for parent in above]
        for sent in _new_in_tree(trees, commit.tree, bases, listed):
            listed[sent.oid] = sent
        listed[commit.oid] = Sent(commit.oid, "")
    return list(listed.values())


def missing_objects(
    reader: Reader, new: Iterable[Oid], known: Iterable[Oid], arrived: Container[Oid] = ()
) -> list[Oid]:
    """What is not there of all that `objects_to_send` names: empty when `new` can be followed.

    `arrived` came a moment ago, and is not looked for again. Raises Corrupt for what is there and makes no sense.
    """
    try:
        needed = objects_to_send(reader, new, known)
        return [sent.oid for sent in needed if sent.oid not in arrived and sent.oid not in reader]
    except Corrupt as error:
        if error.kind not in _NOT_THERE:
            raise
        return [str(error.facts["oid"])]


def pack_entries(reader: Reader, wanted: Iterable[Sent]) -> Iterator[UnpackedObject]:
    """The objects as dulwich packs them, read one by one; as a delta where that is smaller. The pack is a thin one."""
    from dulwich.pack import UnpackedObject

    for oid, number, base, data in _entries(reader, wanted):
        raw_base = bytes.fromhex(base) if base else None
        yield UnpackedObject(number, delta_base=raw_base, sha=bytes.fromhex(oid), decomp_chunks=[data])


def packed_bytes(reader: Reader, wanted: Iterable[Sent], enough: float = math.inf) -> int:
    """About how many bytes these take on the wire; where that is more than `enough`, not how many more."""
    octets = 0
    for _, _, _, data in _entries(reader, wanted):
        octets += len(zlib.compress(data)) + 4
        if octets > enough:
            break
    return octets


def _entries(reader: Reader, wanted: Iterable[Sent]) -> Iterator[tuple[Oid, int, Oid | None, bytes]]:
    """(id, number of the kind, what a delta is made from, content or delta) of each."""
    chains = _Chains()
    for sent in wanted:
        kind, data = reader.read(sent.oid)
        base = chains.base_of(sent)
        delta = _delta(reader, base, kind, data) if base else None
        if base is None or delta is None:
            yield sent.oid, NUMBERS[kind], None, data
        else:
            chains.add(sent, base)
            yield sent.oid, REF_DELTA, base, delta


def _delta(reader: Reader, base: Oid, kind: str, data: bytes) -> bytes | None:
    """None where the whole object is smaller, or the two are too large to compare."""
    before_kind, before = reader.read(base)
    if before_kind != kind or max(len(before), len(data)) > _DELTA_BYTES_MAX:
        return None
    delta = make_delta(kind, before, data)
    return delta if len(delta) < len(data) // 2 else None


class _Chains:
    """Which deltas lean on deltas of the same pack. Where a chain is too long, the next delta leans on the chain's head
    instead, and is the head of another one.
    """

    def __init__(self) -> None:
        self._depth: dict[Oid, int] = {}
        self._head: dict[Oid, Oid] = {}

    def base_of(self, sent: Sent) -> Oid | None:
        base = sent.base
        if base is not None and self._depth.get(base, 0) >= _CHAIN_MAX:
            base = self._head[base]
            return base if self._depth[base] < _CHAIN_MAX else None
        return base

    def add(self, sent: Sent, base: Oid) -> None:
        self._depth[sent.oid] = self._depth.get(base, 0) + 1
        self._head[sent.oid] = self._head.get(base, sent.oid) if base == sent.base else sent.oid


def _new_in_tree(trees: _Trees, root: Oid, bases: Sequence[Oid], listed: Container[Oid]) -> Iterator[Sent]:
    """Contents before the tree that names them. Without recursion: a tree may be deeper than Python's stack."""
    stack: list[tuple[Oid, str, Sequence[Oid], bool]] = [(root, "", bases, False)]
    while stack:
        oid, path, below, complete = stack.pop()
        if complete:
            yield Sent(oid, path, next(iter(below), None))
            continue
        if oid in listed or oid in below:
            continue
        stack.append((oid, path, below, True))
        entries, known = trees.entries(oid), [trees.entries(base) for base in below]
        changed_from = [{name: (mode, raw.hex()) for mode, name, raw in old - entries} for old in known]
        for mode, name, raw in sorted(entries.difference(*known), key=itemgetter(1)):
            child, child_path = raw.hex(), f"{path}/{name.decode('utf-8', 'surrogateescape')}".lstrip("/")
            stood = [old[name][1] for old in changed_from if name in old and _alike(old[name][0], mode)]
            if int(mode, 8) == FOLDER:
                stack.append((child, child_path, stood, False))
            elif int(mode, 8) != SUBMODULE and child not in listed:
                yield Sent(child, child_path, next(iter(stood), None))


def _alike(one: bytes, other: bytes) -> bool:
    """Whether two modes are of the same kind: both folders, or both files."""
    return (int(one, 8) == FOLDER) == (int(other, 8) == FOLDER) and SUBMODULE not in (int(one, 8), int(other, 8))


class _Trees:
    """Parsed trees, the latest kept."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._kept: dict[Oid, frozenset[_TreeEntry]] = {}

    def entries(self, oid: Oid) -> frozenset[_TreeEntry]:
        if oid in self._kept:
            return self._kept[oid]
        data = expect(self._reader, oid, "tree")
        found = _ENTRY.findall(data)
        if sum(len(mode) + len(name) + 22 for mode, name, _ in found) != len(data):
            raise Corrupt("object-damaged", oid=oid)
        if len(self._kept) >= _TREES_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[oid] = frozenset(found)
        return self._kept[oid]
