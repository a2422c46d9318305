"""Keeping the stat cache true to HEAD: the rows follow the tree, whoever moved it.

Law: after `mirrored` the rows name exactly the files of that tree. What fv changed itself it notes at once
(`note_change`); what plain git did is found by comparing two trees, which costs what differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING

from fieldvault.actions.ground.vault import Vault
from fieldvault.core.names import is_record
from fieldvault.core.snapshot import Entry, Oid, TreeChange
from fieldvault.edge.git.store.trees import diff_trees, list_tree
from fieldvault.edge.index.rows import UNSEEN, Folder, Rows, entry_of, seen, trusted_key
from fieldvault.edge.index.stats import FV, GIT, SAVE
from fieldvault.edge.worktree.files import Read
from fieldvault.errors import Corrupt

if TYPE_CHECKING:
    from fieldvault.edge.worktree.replacing import Outcome


def mirrored(vault: Vault, tree: Oid | None, paths: Iterable[str] = ("",)) -> Rows:
    """The rows of `tree`, by folder, for the folders that these paths name or lie in, with all below; "" for all."""
    paths = list(paths)
    was, rows = vault.stats.read(paths)
    if was == tree:
        return rows
    try:
        changes = diff_trees(vault.objects, was, tree)
    except Corrupt:  # the mirrored tree was never ours to keep: git may have thrown it away
        return _anew(vault, was, tree)
    touched = {path.rpartition("/")[0] for path, _, _ in changes}
    again, more = vault.stats.read(touched - rows.keys())
    if again != was:  # another process brings the rows along at this moment
        return _anew(vault, again, tree)
    rows.update(more)
    patch_rows(rows, changes, {})
    left = [(path, old.oid, GIT) for path, old, new in changes if old and new and is_record(path)]
    vault.stats.update(tree, {folder: rows[folder] for folder in touched}, expected=was, left=left)
    return rows


def _anew(vault: Vault, was: Oid | None, tree: Oid | None) -> Rows:
    """Rows of which none has been seen: every file is read."""
    rows = Rows({})
    rows.update((folder, {}) for folder in vault.stats.folders())
    listed = list_tree(vault.objects, tree) if tree else {}
    patch_rows(rows, (TreeChange(path, None, entry) for path, entry in listed.items()), {})
    vault.stats.update(tree, rows, expected=was)
    return rows


def patch_rows(rows: MutableMapping[str, Folder], changes: Iterable[TreeChange], stats: Mapping[str, bytes]) -> None:
    """Bring the rows from one tree to the next; `stats` has the packed stat of files seen to hold the new version."""
    for path, _, new in changes:
        folder, _, name = path.rpartition("/")
        names = rows.setdefault(folder, {})
        if new is None:
            names.pop(name, None)
        else:
            names[name] = seen(stats.get(path, UNSEEN), new)


def note_change(
    vault: Vault,
    tree: Oid,
    was: Oid | None,
    changes: Iterable[TreeChange],
    outcomes: Sequence[Outcome],
    read: Mapping[str, Read],
) -> None:
    """Note what one change of the vault did: the new tree's rows, and which working files stayed behind.

    A file is behind when the new version could not be put in its place: its base is then the version it came from.
    """
    stats = {path: trusted_key(one.stat) for path, one in read.items()}
    behind: dict[str, Entry | None] = {}
    caught_up = set(read)
    for done in outcomes:
        path = done.change.path
        if done.problem:
            behind[path] = done.base
            continue
        caught_up.add(path)
        if done.stat is not None:
            stats[path] = trusted_key(done.stat)
    changes = list(changes)
    folders = {path.rpartition("/")[0] for path in {change.path for change in changes} | stats.keys()}
    standing = mirrored(vault, was, folders)
    rows = {folder: standing.get(folder, {}) for folder in folders}
    patch_rows(rows, changes, stats)
    for path in stats.keys() - {change.path for change in changes}:  # brought along, though HEAD had it already
        folder, _, name = path.rpartition("/")
        if name in rows[folder]:
            rows[folder][name] = seen(stats[path], entry_of(rows[folder][name]))
    left = _left(changes, outcomes, read)
    vault.stats.update(tree, rows, behind, caught_up & vault.stats.behind().keys(), left=left)


def _left(
    changes: Iterable[TreeChange], outcomes: Iterable[Outcome], read: Mapping[str, Read]
) -> Iterator[tuple[str, Oid, str]]:
    """The versions that records held until now, in the order in which others took their place."""
    was = {path: old.oid for path, old, _ in changes if old and is_record(path)}
    for path in read.keys() & was.keys():
        yield path, was[path], SAVE
    for done in outcomes:
        path, old, _ = done.change
        if done.problem is None and old is not None and is_record(path):
            if was.get(path, old.oid) != old.oid:
                yield path, was[path], SAVE
            yield path, old.oid, FV
