"""The part of git's index that remembers which folders equal which trees: the extension TREE.

Law: a folder is only ever called valid where its entries are known to be exactly that tree; when in doubt it is
invalid, and git computes it again. A folder wrongly called valid would make the next `git commit` lose what was staged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from fieldvault.core.snapshot import Oid

_INVALID = -1


@dataclass(slots=True)
class CacheTree:
    """One folder: how many index entries lie below it and the tree they make, or count -1 where that is not known."""

    count: int = _INVALID
    oid: Oid = ""
    folders: dict[bytes, CacheTree] = field(default_factory=dict)


def parse(data: bytes) -> CacheTree:
    """The extension's content; ValueError where it is damaged."""
    tree, end = _parse_node(data, data.index(b"\0") + 1)
    if end != len(data):
        raise ValueError("bytes after the cache tree")
    return tree


def _parse_node(data: bytes, position: int) -> tuple[CacheTree, int]:
    line_end = data.index(b"\n", position)
    count, folders = map(int, data[position:line_end].split(b" "))
    position = line_end + 1
    node = CacheTree(count)
    if count >= 0:
        node.oid = data[position : position + 20].hex()
        position += 20
    for _ in range(folders):
        name_end = data.index(b"\0", position)
        name = data[position:name_end]
        node.folders[name], position = _parse_node(data, name_end + 1)
    return node, position


def encode(tree: CacheTree) -> bytes:
    chunks: list[bytes] = []
    _encode_node(b"", tree, chunks)
    return b"".join(chunks)


def _encode_node(name: bytes, node: CacheTree, chunks: list[bytes]) -> None:
    chunks.append(b"%b\0%d %d\n" % (name, node.count, len(node.folders)))
    if node.count >= 0:
        chunks.append(bytes.fromhex(node.oid))
    for below in sorted(node.folders, key=lambda name: (len(name), name)):  # git's order: short names first
        _encode_node(below, node.folders[below], chunks)


def build(paths: Iterable[bytes], ids: Mapping[bytes, Oid]) -> CacheTree:
    """The cache tree of entries that are exactly the trees in `ids` (by folder, b"" the root)."""
    tree = CacheTree(0, ids[b""])
    for path in paths:
        tree.count += 1
        node, start = tree, 0
        while (slash := path.find(b"/", start)) >= 0:
            node = node.folders.setdefault(path[start:slash], CacheTree(0, ids[path[:slash]]))
            node.count += 1
            start = slash + 1
    return tree


def update(
    tree: CacheTree,
    paths: Iterable[bytes],
    old_ids: Mapping[bytes, Oid],
    new_ids: Mapping[bytes, Oid],
    counts: Callable[[bytes], tuple[int, int]],
) -> None:
    """Bring the folders on the way to changed paths from their old trees to their new ones.

    A folder that is new, or whose node is its old tree, is its new tree after the same change. Every other one becomes
    invalid. `counts` gives the entries below a folder before and after the change.
    """
    folders = {path[:slash] for path in paths for slash in _slashes(path)} | {b""}
    for folder in sorted(folders, key=lambda folder: (folder.count(b"/"), folder)):
        before, after = counts(folder)
        if folder and not after:
            _drop(tree, folder)
            continue
        node, old, new = _find(tree, folder), old_ids.get(folder), new_ids.get(folder)
        known = node.oid == old if node.count >= 0 else before == 0 and old is None
        node.count, node.oid = (after, new) if known and new is not None else (_INVALID, "")


def files_below(paths: Iterable[bytes]) -> Counter[bytes]:
    """How many of these files lie in each folder and the folders below it; b"" is the root."""
    folders: Counter[bytes] = Counter()
    for path in paths:
        folders[b""] += 1
        folders.update(path[:slash] for slash in _slashes(path))
    return folders


def _slashes(path: bytes) -> list[int]:
    return [place for place, byte in enumerate(path) if byte == 0x2F]


def _find(tree: CacheTree, folder: bytes) -> CacheTree:
    """The node of a folder, made where it is missing."""
    for name in folder.split(b"/") if folder else ():
        tree = tree.folders.setdefault(name, CacheTree())
    return tree


def _drop(tree: CacheTree, folder: bytes) -> None:
    *above, name = folder.split(b"/")
    for step in above:
        if step not in tree.folders:  # dropped itself
            return
        tree = tree.folders[step]
    tree.folders.pop(name, None)
