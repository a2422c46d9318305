"""Where files land that were settled one by one: no two at one place, on any machine.

Law: nothing is dropped for want of a place. Of two files for one path the higher id keeps it; a file gives way to a
folder; a name that differs from another only by case or Unicode form gives way to the one that sorts lower. Whoever
gives way lies beside, under a name made from its content, so that every machine chooses the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from fieldvault.core.names import beside, fold
from fieldvault.core.plan import Located
from fieldvault.core.snapshot import FOLDER, Entry, Oid
from fieldvault.edge.git.objects import Reader
from fieldvault.edge.git.trees import find, read_tree

Placed = dict[str, Entry | None]


def place(reader: Reader, tree: Oid | None, gone: Collection[str], come: Collection[Located]) -> Placed:
    """The changes that bring `tree` to hold `come` and no longer `gone`: path -> Entry, None for what goes."""
    placed: Placed = dict.fromkeys(gone)
    for path, entry in sorted(come, key=lambda one: (one.path, one.entry.oid), reverse=True):
        holder = placed.get(path)
        if holder is None or holder == entry:
            placed[path] = entry
        else:
            placed[beside(path, entry.oid[:8])] = entry
    return _apart(reader, tree, placed)


def _apart(reader: Reader, tree: Oid | None, placed: Placed) -> Placed:
    """Move files that stand where a folder must be, or whose name has a twin in its folder."""
    arrived = {path for path, entry in placed.items() if entry and (not tree or find(reader, tree, path) is None)}
    parents = {above for path in arrived for above in _above(path)}
    for path in sorted(arrived | (parents & placed.keys()) | _files_at(reader, tree, parents - placed.keys())):
        entry = placed[path] if path in placed else find(reader, tree, path) if tree else None
        if entry is None:
            continue
        standing = find(reader, tree, path) if tree and path in arrived else None
        if (
            path in parents
            or (standing and standing.mode == FOLDER)
            or (path in arrived and _has_twin(reader, tree, placed, path))
        ):
            placed[path] = None
            placed[beside(path, entry.oid[:8])] = entry
    return placed


def _files_at(reader: Reader, tree: Oid | None, paths: Collection[str]) -> set[str]:
    """Those of the paths at which the tree has a file."""
    found = {path: find(reader, tree, path) for path in paths} if tree else {}
    return {path for path, entry in found.items() if entry and entry.mode != FOLDER}


def _has_twin(reader: Reader, tree: Oid | None, placed: Placed, path: str) -> bool:
    """Whether another name in the same folder is this one on some machine, and sorts lower."""
    folder, _, name = path.rpartition("/")
    names = {
        other.rpartition("/")[2] for other, entry in placed.items() if entry and other.rpartition("/")[0] == folder
    }
    at = find(reader, tree, folder) if tree and folder else Entry(FOLDER, tree) if tree else None
    if at and at.mode == FOLDER:
        prefix = f"{folder}/" if folder else ""
        names |= {other for other, _ in read_tree(reader, at.oid) if placed.get(prefix + other, True)}
    return any(other < name and fold(other) == fold(name) for other in names)


def _above(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
