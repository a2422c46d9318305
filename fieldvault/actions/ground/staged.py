"""What was only staged: versions that `git add` put into git's index, and that stand nowhere else.

Law: a change that writes another version of such a file into the index keeps the staged one first, on a line of this
machine's own, `refs/fv/staged`: git's `commit -a` lets it go. Thirty days later a new line begins.
"""

from __future__ import annotations

from collections.abc import Mapping

from fieldvault.actions.ground.keptline import KeptLine
from fieldvault.actions.ground.vault import Vault
from fieldvault.core.describe import staged_message
from fieldvault.core.snapshot import Entry, Oid
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import Commit, encode_commit, read_commit
from fieldvault.edge.git.store.trees import patch_tree

STAGED = "refs/fv/staged"


def keep_staged(vault: Vault, versions: Mapping[str, Entry], head: Oid) -> None:
    """Keep these versions of files; `head` is the commit that comes in their place. The caller holds `vault.lock`."""
    versions = {path: entry for path, entry in versions.items() if entry.oid in vault.objects}
    if not versions:
        return
    line = KeptLine(vault, STAGED)
    new = read_commit(vault.objects, head)
    with Batch(vault.objects) as batch:
        tree = patch_tree(batch, None, versions)
        if line.last and line.last.tree == tree:  # a change that goes on after a cut
            return
        parents = () if line.is_old(new.commit_time) else line.parents
        when = (new.commit_time, new.commit_offset_min)
        kept = Commit("", tree, parents, new.committer, *when, new.committer, *when, staged_message(versions))
        line.move(batch, batch.add("commit", encode_commit(kept)))
