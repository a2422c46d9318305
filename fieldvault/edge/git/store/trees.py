"""Trees: read, changed along a few paths, compared.

Law: equal ids are equal trees and are never opened; a change rewrites the folders on its way and no other.
The trap avoided: dulwich's commit builds every tree of the vault anew, 1.4 s for one record among 100,000.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from fieldvault.core.snapshot import FOLDER, Entry, Oid, TreeChange
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.objects import Reader, expect
from fieldvault.errors import Corrupt

_ENTRY = re.compile(rb"([0-7]+) ([^\0/]+)\0(.{20})", re.DOTALL)
_KEPT_MAX, _KEPT_BYTES_MAX = 32, 1 << 17  # one change asks for the same few folders a dozen times
MAX_DEPTH = 100  # folders within folders; a deeper tree is an attack, and ends before Python's stack does

_RawEntry = tuple[bytes, bytes, bytes]  # mode, name, raw id


def read_tree(reader: Reader, oid: Oid) -> tuple[tuple[str, Entry], ...]:
    """The entries of one tree in git's order.

    Corrupt("tree-damaged") where git's own check would call it an error: cut off, a name that is empty, holds a slash
    or stands twice.
    """
    data = expect(reader, oid, "tree")
    return _kept(oid, data) if len(data) <= _KEPT_BYTES_MAX else _parsed(oid, data)


def _parsed(oid: Oid, data: bytes) -> tuple[tuple[str, Entry], ...]:
    return tuple(map(_decoded, _cut(oid, data)))


_kept = lru_cache(_KEPT_MAX)(_parsed)  # by its bytes: whichever reader they come from, a tree is read anew and checked


def _cut(oid: Oid, data: bytes) -> list[_RawEntry]:
    entries: list[_RawEntry] = _ENTRY.findall(data)
    whole = len(b"".join(map(b"".join, entries))) + 2 * len(entries) == len(data)
    if not whole or len({name for _, name, _ in entries}) != len(entries):
        raise Corrupt("tree-damaged", oid=oid)
    return entries


def _decoded(entry: _RawEntry) -> tuple[str, Entry]:
    mode, name, raw = entry
    return name.decode("utf-8", "surrogateescape"), Entry(int(mode, 8), raw.hex())


def encode_tree(entries: Mapping[str, Entry]) -> bytes:
    """The bytes of a tree; git orders names as if a folder's ended in a slash."""
    raw = [(name.encode("utf-8", "surrogateescape"), entry) for name, entry in entries.items()]
    raw.sort(key=lambda item: item[0] + b"/" if item[1].mode == FOLDER else item[0])
    return b"".join(b"%o %b\0%b" % (entry.mode, name, bytes.fromhex(entry.oid)) for name, entry in raw)


def find(reader: Reader, root: Oid, path: str) -> Entry | None:
    """What stands at a path, a folder included; None where nothing does. The path "" is the root itself."""
    entry = Entry(FOLDER, root)
    for name in path.split("/") if path else ():
        found = dict(read_tree(reader, entry.oid)).get(name) if entry.mode == FOLDER else None
        if found is None:
            return None
        entry = found
    return entry


def find_file(reader: Reader, root: Oid, path: str) -> Entry | None:
    """The file that stands at a path; None where nothing does, or a folder."""
    entry = find(reader, root, path)
    return entry if entry and entry.mode != FOLDER else None


def list_tree(reader: Reader, root: Oid) -> dict[str, Entry]:
    """Every file below `root` by path, folders left out; Corrupt("tree-too-deep") beyond MAX_DEPTH."""
    return {path: entry for path, entry in walk_tree(reader, root) if entry.mode != FOLDER}


def walk_tree(reader: Reader, root: Oid, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Entry]]:
    """As `list_tree`, one by one; each folder stands before what it holds."""
    if depth > MAX_DEPTH:
        raise Corrupt("tree-too-deep", oid=root, limit=MAX_DEPTH)
    for name, entry in read_tree(reader, root):
        yield prefix + name, entry
        if entry.mode == FOLDER:
            yield from walk_tree(reader, entry.oid, f"{prefix}{name}/", depth + 1)


def patch_tree(batch: Batch, root: Oid | None, changes: Mapping[str, Entry | None]) -> Oid:
    """The tree `root` (None: empty) with these paths set, or with None removed.

    Folders come and go as needed. A file that takes a folder's place replaces what the folder held; a path below
    a file takes the file's place. Removing concerns files: where a folder stands at the path, it stays.
    """
    patched = _patch(batch, root, _nested(changes), 0)
    return patched if patched is not None else batch.add("tree", b"")


_Change = Entry | None | dict[str, "_Change"]
_ITSELF = ""  # among the changes below a path: the file that may lie at the path goes as well


def _nested(changes: Mapping[str, Entry | None]) -> dict[str, _Change]:
    """Changes by folder: {"a/b": x} becomes {"a": {"b": x}}. Removals go first, so that what comes stands."""
    root: dict[str, _Change] = {}
    for path, entry in sorted(changes.items(), key=lambda item: item[1] is not None):
        *folders, name = path.split("/")
        level = root
        for folder in folders:
            below = level.get(folder)
            if not isinstance(below, dict):
                assert below is None, f"{path} lies below a file of the same change"
                below = level[folder] = {_ITSELF: None} if folder in level else {}
            level = below
        below = level.get(name)
        if entry is None and isinstance(below, dict):
            below[_ITSELF] = None
        else:
            level[name] = entry
    return root


def _patch(batch: Batch, oid: Oid | None, changes: Mapping[str, _Change], depth: int) -> Oid | None:
    """The id of the changed tree, None where nothing is left in it."""
    if depth > MAX_DEPTH:
        raise Corrupt("tree-too-deep", oid=oid or "", limit=MAX_DEPTH)
    before = dict(read_tree(batch, oid)) if oid is not None else {}
    after = dict(before)
    for name, change in changes.items():
        if isinstance(change, dict):
            old = before.get(name)
            folder = old.oid if old is not None and old.mode == FOLDER else None
            below = _patch(batch, folder, change, depth + 1)
            if below is not None:
                after[name] = Entry(FOLDER, below)
            elif folder is not None or _ITSELF in change:
                after.pop(name, None)
        elif change is not None:
            after[name] = change
        elif name in before and before[name].mode != FOLDER:
            del after[name]
    if not after:
        return None
    if oid is not None and after == before:
        return oid
    return batch.add("tree", encode_tree(after))


def folder_ids(reader: Reader, root: Oid, paths: Iterable[str]) -> dict[str, Oid]:
    """The tree id of every folder on the way to these paths that stands, "" the root: what git's index remembers."""
    found: dict[str, Oid | None] = {"": root}
    trees: dict[str, dict[str, Entry]] = {}  # of folders in which another one is looked for

    def visit(folder: str) -> Oid | None:
        if folder not in found:
            parent, _, name = folder.rpartition("/")
            above = visit(parent)
            if parent not in trees:
                trees[parent] = dict(read_tree(reader, above)) if above is not None else {}
            entry = trees[parent].get(name)
            found[folder] = entry.oid if entry is not None and entry.mode == FOLDER else None
        return found[folder]

    for path in paths:
        visit(path.rpartition("/")[0])
    return {folder: oid for folder, oid in found.items() if oid is not None}


def diff_trees(reader: Reader, old: Oid | None, new: Oid | None) -> list[TreeChange]:
    """Every file that differs, by path; None is the empty tree. Folders with equal ids are skipped unread."""
    return sorted(differences(reader, old, new), key=lambda change: change.path)


def differences(
    reader: Reader, old: Oid | None, new: Oid | None, prefix: str = "", depth: int = 0
) -> Iterator[TreeChange]:
    """As `diff_trees`, one by one and in no order, for whoever may have enough before the end."""
    if depth > MAX_DEPTH:
        raise Corrupt("tree-too-deep", oid=new or old or "", limit=MAX_DEPTH)
    before, after = _apart(reader, old, new)
    for name in before.keys() | after.keys():
        one, other = before.get(name), after.get(name)
        path = prefix + name
        one_folder, one_file = _split(one)
        other_folder, other_file = _split(other)
        if one_folder != other_folder:
            yield from differences(reader, one_folder, other_folder, path + "/", depth + 1)
        if one_file != other_file:
            yield TreeChange(path, one_file, other_file)


def _apart(reader: Reader, old: Oid | None, new: Oid | None) -> list[dict[str, Entry]]:
    """What each of two trees has and the other has not, by name; what they have alike is not decoded."""
    if old == new:
        return [{}, {}]
    before, after = (set(_cut(oid, expect(reader, oid, "tree"))) if oid is not None else set() for oid in (old, new))
    return [dict(map(_decoded, own)) for own in (before - after, after - before)]


def _split(entry: Entry | None) -> tuple[Oid | None, Entry | None]:
    """An entry as (folder's tree, file): one of them is None, or both."""
    if entry is not None and entry.mode == FOLDER:
        return entry.oid, None
    return None, entry
