"""Drafts kept safe: what cannot be read as a record is in history all the same, on a line of its own.

Law: `refs/fv/drafts` is this machine's alone. The tree of its tip holds the drafts that stand; whenever they change
there is one more commit, so that every draft that a commit met can be had back. A good save takes its draft out of the
tree. Thirty days after the last draft was made good the whole line goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fieldvault.actions.ground.vault import Vault
from fieldvault.core.describe import drafts_message
from fieldvault.core.names import lies_in
from fieldvault.core.snapshot import Entry
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import Commit, encode_commit, read_commit
from fieldvault.edge.git.store.trees import list_tree, patch_tree

if TYPE_CHECKING:
    from fieldvault.actions.committing.survey import Edit

DRAFTS = "refs/fv/drafts"
KEPT_SECONDS = 30 * 24 * 3600


def keep_drafts(vault: Vault, at: tuple[int, int], broken: Iterable[Edit], paths: Sequence[str]) -> None:
    """Keep the drafts that a commit of these paths (none: of everything) met; durable. The caller holds `vault.lock`.

    `at`: seconds since 1970, minutes east of UTC.
    """
    tip = vault.refs.read(DRAFTS)
    last = read_commit(vault.objects, tip) if tip and tip in vault.objects else None
    kept = list_tree(vault.objects, last.tree) if last else {}
    stand = {path: entry for path, entry in kept.items() if paths and not any(lies_in(path, one) for one in paths)}
    with Batch(vault.objects) as batch:
        for edit in broken:
            if edit.read is not None and edit.change.new is not None:
                stand[edit.change.path] = Entry(edit.change.new.mode, batch.add("blob", edit.read.data))
        if stand != kept:
            tree = patch_tree(batch, None, stand)
            who = vault.identity()
            words = drafts_message(stand)
            commit = Commit("", tree, (last.oid,) if last else (), who.author, *at, who.committer, *at, words)
            new = batch.add("commit", encode_commit(commit))
            batch.flush()
            vault.refs.compare_and_set(DRAFTS, tip, new)
        elif last and not kept and last.commit_time < at[0] - KEPT_SECONDS:
            vault.refs.compare_and_set(DRAFTS, tip, None)
