"""Keeping the stat cache true to HEAD: the rows follow the tree, whoever moved it.

Law: after `mirrored` the rows name exactly the files of that tree. What fv changed itself it notes at once
(`note_change`); what plain git did is found by comparing two trees, which costs what differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fieldvault.actions.vault import Vault
from fieldvault.core.snapshot import Entry, Oid, TreeChange
from fieldvault.edge.git.trees import diff_trees, list_tree
from fieldvault.edge.index.stats import UNSEEN, Folder, Seen, trusted_key
from fieldvault.edge.worktree import Outcome, Read
from fieldvault.errors import Corrupt

Rows = dict[str, Folder]


def mirrored(vault: Vault, tree: Oid | None) -> Rows:
    """Every row of the cache by folder, brought to `tree` first."""
    rows = vault.stats.all()
    was = vault.stats.tree
    if was == tree:
        return rows
    changed = _bring_to(vault, rows, was, tree)
    vault.stats.update(tree, {folder: rows.get(folder, {}) for folder in changed}, expected=was)
    return rows


def _bring_to(vault: Vault, rows: Rows, was: Oid | None, tree: Oid | None) -> set[str]:
    """Apply what differs between the two trees to the rows; the folders that changed."""
    try:
        changes = diff_trees(vault.objects, was, tree)
    except Corrupt:  # the mirrored tree was never ours to keep: git may have thrown it away
        stale = set(rows)
        rows.clear()
        listed = list_tree(vault.objects, tree) if tree else {}
        return stale | patch_rows(rows, (TreeChange(path, None, entry) for path, entry in listed.items()), {})
    return patch_rows(rows, changes, {})


def patch_rows(rows: Rows, changes: Iterable[TreeChange], stats: Mapping[str, bytes]) -> set[str]:
    """Bring the rows from one tree to the next; `stats` has the packed stat of files seen to hold the new version."""
    touched = set()
    for path, _, new in changes:
        folder, _, name = path.rpartition("/")
        names = rows.setdefault(folder, {})
        if new is None:
            names.pop(name, None)
        else:
            names[name] = Seen(stats.get(path, UNSEEN), new.mode, bytes.fromhex(new.oid))
        touched.add(folder)
    return touched


def note_change(
    vault: Vault,
    tree: Oid,
    was: Oid | None,
    changes: Iterable[TreeChange],
    outcomes: Iterable[Outcome],
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
    if vault.stats.tree != was:
        mirrored(vault, was)
    changes = list(changes)
    folders = {path.rpartition("/")[0] for path in {change.path for change in changes} | stats.keys()}
    rows = {folder: vault.stats.folder(folder) for folder in folders}
    patch_rows(rows, changes, stats)
    for path in stats.keys() - {change.path for change in changes}:  # brought along, though HEAD had it already
        folder, _, name = path.rpartition("/")
        if name in rows[folder]:
            rows[folder][name] = rows[folder][name]._replace(stat=stats[path])
    vault.stats.update(tree, rows, behind, caught_up & vault.stats.behind().keys())
