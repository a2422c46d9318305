"""git's index: as it stands, and as one change leaves it.

Law: written for plain git's sake. The entry of a working file that holds its version has the file's stat; every other
file is left to git to look at. A missing or unreadable index is made anew. What was only staged and gives way is told.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from fieldvault.actions.ground.vault import Vault
from fieldvault.core.snapshot import FOLDER, Entry, Oid, TreeChange
from fieldvault.edge.git.gitdir.index import FilePieces, GitIndex, IndexEntry, build_index, entry_from_stat
from fieldvault.edge.git.store.history import read_commit
from fieldvault.edge.git.store.trees import find_file, folder_ids, walk_tree
from fieldvault.errors import Corrupt

Stats = Mapping[str, os.stat_result]  # of working files that hold the version that the index is to name


def read_index(vault: Vault) -> GitIndex | None:
    """The index as it stands; None where there is none, or none that can be read."""
    try:
        return GitIndex((vault.git_dir / "index").read_bytes())
    except (FileNotFoundError, Corrupt):
        return None


class NextIndex:
    """The index after a change of HEAD, in which these paths differ."""

    def __init__(self, vault: Vault, old_head: Oid | None, new_head: Oid, changes: Sequence[TreeChange]) -> None:
        self._vault = vault
        self._objects = vault.objects
        self._changes = changes
        self.old_tree = read_commit(vault.objects, old_head).tree if old_head else None
        self.new_tree = read_commit(vault.objects, new_head).tree
        self.overwritten: dict[str, Entry] = {}  # versions that were only staged

    def data(self, stats: Stats) -> FilePieces:
        """The whole file."""
        index = read_index(self._vault)
        return self._anew(stats) if index is None else self._patched(index, stats)

    def _anew(self, stats: Stats) -> FilePieces:
        folders = {path: entry.oid for path, entry in walk_tree(self._objects, self.new_tree) if entry.mode == FOLDER}
        files = ((path, entry) for path, entry in walk_tree(self._objects, self.new_tree) if entry.mode != FOLDER)
        entries = ((path, _entry(entry, stats.get(path))) for path, entry in files)
        return build_index(entries, folders | {"": self.new_tree})

    def _patched(self, index: GitIndex, stats: Stats) -> FilePieces:
        changes: dict[str, IndexEntry | None] = {}
        for path, old, new in self._changes:
            held = index.get(path)
            if held is not None and held.oid not in (old and old.oid, new and new.oid):
                self.overwritten[path] = Entry(held.mode, held.oid)
            changes[path] = _entry(new, stats.get(path)) if new else None
        for path in stats.keys() - changes.keys():
            held, here = index.get(path), find_file(self._objects, self.new_tree, path)
            if held and here and (held.stage or held.oid == here.oid):  # else another version is staged, and stays so
                changes[path] = entry_from_stat(stats[path], here.oid, here.mode)
        paths = [change.path for change in self._changes]
        old_ids = folder_ids(self._objects, self.old_tree, paths) if self.old_tree else {}
        return index.patched(changes, old_ids, folder_ids(self._objects, self.new_tree, paths))


def _entry(entry: Entry, stat: os.stat_result | None) -> IndexEntry:
    return entry_from_stat(stat, entry.oid, entry.mode) if stat else IndexEntry(entry.mode, entry.oid)
