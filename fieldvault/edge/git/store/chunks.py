"""The tree in which a device keeps contents on the hub: `<sha256[:2]>/<sha256>/<n>`, a chunk a blob.

Law: one ref a device, one commit without parents, put in the place of the one before by compare-and-set: a ref for each
content would cost everybody its line in every greeting of the hub. Whoever looks for a content reads trees only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from fieldvault.core.pointers import Pointer
from fieldvault.core.snapshot import FILE, Entry, Oid
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import Commit, encode_commit, read_commit
from fieldvault.edge.git.store.objects import Reader, expect
from fieldvault.edge.git.store.trees import find, list_tree, patch_tree, read_tree
from fieldvault.errors import Corrupt

SHELVES = ("refs/fv/1/att/", "refs/heads/fv/att/")  # where a hub may take them, the best first


def chunk_ids(reader: Reader, commit: Oid, pointer: Pointer) -> list[Oid]:
    """The ids of the content's chunks that this commit has, from the first up to the first that is missing."""
    folder = find(reader, read_commit(reader, commit).tree, _folder(pointer))
    held = {name: entry.oid for name, entry in read_tree(reader, folder.oid)} if folder else {}
    ids: list[Oid] = []
    while (oid := held.get(str(len(ids)))) is not None and len(ids) < pointer.chunks:
        ids.append(oid)
    return ids


def all_chunks(reader: Reader, commit: Oid) -> set[Oid]:
    """The ids of the chunks of every content that this commit has; none where its trees cannot be read."""
    try:
        return {entry.oid for entry in list_tree(reader, read_commit(reader, commit).tree).values()}
    except Corrupt:
        return set()


def with_chunks(batch: Batch, before: Oid | None, pointer: Pointer, first: int, ids: Iterable[Oid], person: str) -> Oid:
    """The commit that has all that `before` has, and these chunks of the content, numbered from `first`."""
    tree = read_commit(batch, before).tree if before else None
    chunks: dict[str, Entry | None] = {
        f"{_folder(pointer)}/{number}": Entry(FILE, oid) for number, oid in enumerate(ids, first)
    }
    return _commit(batch, patch_tree(batch, tree, chunks), person)


def without_contents(batch: Batch, before: Oid, pointers: Iterable[Pointer], person: str) -> Oid:
    """The commit that has what `before` has but these contents."""
    tree = read_commit(batch, before).tree
    found = {_folder(pointer): find(batch, tree, _folder(pointer)) for pointer in pointers}
    chunks = {f"{path}/{name}": None for path, one in found.items() if one for name, _ in read_tree(batch, one.oid)}
    return _commit(batch, patch_tree(batch, tree, chunks), person)


def empty_shelf(batch: Batch, person: str) -> Oid:
    """The first commit of a device, with nothing in it: whether a hub takes it is known before bytes are spent."""
    return _commit(batch, patch_tree(batch, None, {}), person)


def _commit(batch: Batch, tree: Oid, person: str) -> Oid:
    commit = Commit("", tree, (), person, 0, 0, person, 0, 0, "Attachments\n")
    return batch.add("commit", encode_commit(commit))


class Sending:
    """What is sent with such a commit: a `Reader` of its trees, and of chunks that are read when they are asked for."""

    def __init__(self, batch: Batch, chunks: Mapping[Oid, Callable[[], bytes]]) -> None:
        self._batch = batch
        self._chunks = chunks

    def __contains__(self, oid: Oid) -> bool:
        return oid in self._chunks or oid in self._batch

    def read(self, oid: Oid) -> tuple[str, bytes]:
        return ("blob", self._chunks[oid]()) if oid in self._chunks else self._batch.read(oid)

    def blob(self, oid: Oid) -> bytes:
        return expect(self, oid, "blob")


def _folder(pointer: Pointer) -> str:
    return f"{pointer.sha256[:2]}/{pointer.sha256}"
