"""What to send: the objects that new commits bring, and nothing that the other side has.

Law: what is read follows what is new, never the history. Everything an object names stands before it, so that a
receiver that was cut anywhere has no commit without its trees, and no tree without its entries.
The trap avoided: dulwich's MissingObjectFinder walks all of history for every push.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from fieldvault.core.snapshot import FOLDER, Oid
from fieldvault.edge.git.history import read_commit, walk
from fieldvault.edge.git.objects import Reader, expect
from fieldvault.errors import Corrupt

if TYPE_CHECKING:
    from dulwich.pack import UnpackedObject

_ENTRY = re.compile(rb"([0-7]{5,6}) ([^\0]+)\0(.{20})", re.DOTALL)
_NOT_THERE = ("object-missing", "object-damaged")
_SUBMODULE = 0o160000
_TREES_KEPT = 256  # parsed trees of the commit before, which the next one shares nearly all of

_TreeEntry = tuple[bytes, bytes, bytes]  # mode, name, raw id


class Sent(NamedTuple):
    """One object to send. `path` is where it stands in its tree ("" for commits and roots): versions of one path are
    alike, which whoever makes deltas wants to know."""

    oid: Oid
    path: str


def objects_to_send(reader: Reader, new: Iterable[Oid], known: Iterable[Oid]) -> list[Sent]:
    """The objects of the commits `new` and their ancestors that no commit in `known` contains.

    `known` may name commits that `reader` does not have; they tell nothing. A file's content is listed, not read.
    Raises Corrupt("object-missing", oid) for a commit or tree that is not there.
    """
    hidden = [oid for oid in known if oid in reader]
    commits = list(walk(reader, list(new), hidden))
    trees = _Trees(reader)
    root_of = {commit.oid: commit.tree for commit in commits}
    listed: dict[Oid, str] = {}
    for commit in reversed(commits):
        bases = [root_of.get(parent) or read_commit(reader, parent).tree for parent in commit.parents]
        for sent in _new_in_tree(trees, commit.tree, bases, listed):
            listed[sent.oid] = sent.path
        listed[commit.oid] = ""
    return [Sent(oid, path) for oid, path in listed.items()]


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
    """The objects as dulwich packs them, read one by one."""
    from dulwich.pack import UnpackedObject

    numbers = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
    for sent in wanted:
        kind, data = reader.read(sent.oid)
        yield UnpackedObject(numbers[kind], sha=bytes.fromhex(sent.oid), decomp_chunks=[data])


def _new_in_tree(trees: _Trees, root: Oid, bases: Sequence[Oid], listed: dict[Oid, str]) -> Iterator[Sent]:
    """Contents before the tree that names them. Without recursion: a tree may be deeper than Python's stack."""
    stack: list[tuple[Oid, str, Sequence[Oid], bool]] = [(root, "", bases, False)]
    while stack:
        oid, path, below, complete = stack.pop()
        if complete:
            yield Sent(oid, path)
            continue
        if oid in listed or oid in below:
            continue
        stack.append((oid, path, (), True))
        known = [trees.entries(base) for base in below]
        for mode, name, raw in sorted(trees.entries(oid).difference(*known), key=itemgetter(1)):
            child, child_path = raw.hex(), f"{path}/{name.decode('utf-8', 'surrogateescape')}".lstrip("/")
            if int(mode, 8) == FOLDER:
                stack.append((child, child_path, [base for base in (_folder(k, name) for k in known) if base], False))
            elif int(mode, 8) != _SUBMODULE and child not in listed:  # a submodule's commit is another repository's
                yield Sent(child, child_path)


def _folder(entries: frozenset[_TreeEntry], name: bytes) -> Oid | None:
    """The tree of that name."""
    return next((raw.hex() for mode, found, raw in entries if found == name and int(mode, 8) == FOLDER), None)


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
