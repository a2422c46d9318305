"""Judging what a tree brings, before any of it is committed here or written into the folder.

Law: a refused path keeps its last good version, what came is kept under `refs/fv/quarantine/`, and everything else is
taken. The merge that follows has the bad commit as its parent, so the first client that syncs heals it for all. A
format of the vault that only a newer fv knows is no bad path: it is neither followed nor healed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from fieldvault.actions.committing.masses import gone_records, held_there
from fieldvault.actions.ground.recovery import locked
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.before import Before
from fieldvault.actions.records.types import Types
from fieldvault.core.deletions import MASS_DELETION
from fieldvault.core.judge import refuse
from fieldvault.core.names import CONFIG_PATH
from fieldvault.core.snapshot import Entry, Oid
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import Commit, read_commit
from fieldvault.edge.git.store.trees import diff_trees, find, patch_tree


@dataclass(frozen=True)
class Incoming:
    """`tree`: what is taken of the incoming commit; `refused`: path -> why; `author`: whose commit it was."""

    tree: Oid
    refused: dict[str, str] = field(default_factory=dict)
    author: str = ""


def judge(vault: Vault, batch: Batch, base: Oid, theirs: Oid, new: Iterable[Commit]) -> Incoming:
    """Judge what `theirs` changed since the tree `base`, by its commits `new`. Raises `config-newer`."""
    commit = read_commit(vault.objects, theirs)
    changes = diff_trees(batch, base, commit.tree)
    if any(change.path == CONFIG_PATH for change in changes):
        _ = Types(batch, commit.tree).settings  # raises where nobody here knows them
    refused = refuse(changes, Before(batch, base, commit.tree))
    if not vault.allow_deletions:
        gone = gone_records(batch, changes)
        refused |= dict.fromkeys(held_there(batch, base, gone, new), MASS_DELETION)
    if not refused:
        return Incoming(commit.tree)
    with locked(vault, "sync"):
        vault.refs.compare_and_set(f"refs/fv/quarantine/{theirs}", None, theirs)
    return Incoming(_healed(batch, base, commit.tree, refused), refused, commit.author)


def _healed(batch: Batch, base: Oid, tree: Oid, refused: dict[str, str]) -> Oid:
    """The incoming tree with the last good version at each refused path."""
    good: dict[str, Entry | None] = {path: find(batch, base, path) for path in refused}
    return patch_tree(batch, tree, good)
