"""Drafts kept safe: what cannot be read as a record is in history all the same, on a line of its own.

Law: `refs/fv/drafts` is this machine's alone. The tree of its tip holds the drafts that stand; whenever they change
there is one more commit, so that every draft that a commit met can be had back. A good save takes its draft out of the
tree. Thirty days after the last draft was made good the whole line goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fieldvault.actions.ground.commits import Moment, write_commit
from fieldvault.actions.ground.keptline import KeptLine
from fieldvault.actions.ground.vault import Vault
from fieldvault.core.describe import drafts_message
from fieldvault.core.names import lies_in
from fieldvault.core.snapshot import Entry
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.trees import list_tree, patch_tree

if TYPE_CHECKING:
    from fieldvault.actions.committing.survey import Edit

DRAFTS = "refs/fv/drafts"


def keep_drafts(vault: Vault, at: Moment, broken: Iterable[Edit], paths: Sequence[str]) -> None:
    """Keep the drafts that a commit of these paths (none: of everything) met; durable, with `vault.lock` in hand."""
    line = KeptLine(vault, DRAFTS)
    kept = list_tree(vault.objects, line.last.tree) if line.last else {}
    stand = {path: entry for path, entry in kept.items() if paths and not any(lies_in(path, one) for one in paths)}
    with Batch(vault.objects) as batch:
        for edit in broken:
            if edit.read is not None and edit.change.new is not None:
                stand[edit.change.path] = Entry(edit.change.new.mode, batch.add("blob", edit.read.data))
        if stand != kept:
            tree = patch_tree(batch, None, stand)
            line.move(batch, write_commit(vault, batch, at, tree, line.parents, drafts_message(stand)))
        elif not kept and line.is_old(at[0]):
            line.remove()
