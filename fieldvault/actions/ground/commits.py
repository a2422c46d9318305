"""A commit in the name of the person whose vault it is.

Law: who comes from git's settings and is never invented, when comes from the caller. The commit is in a batch, and no
branch names it yet (ground/change).
"""

from __future__ import annotations

from collections.abc import Callable

from fieldvault.actions.ground.vault import Vault
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import Commit, encode_commit

Moment = tuple[int, int]  # seconds since 1970, minutes east of UTC
Now = Callable[[], Moment]


def write_commit(vault: Vault, batch: Batch, at: Moment, tree: Oid, parents: tuple[Oid, ...], message: str) -> Oid:
    """Add one commit to the batch. Raises `no-identity`."""
    who = vault.identity()
    commit = Commit("", tree, parents, who.author, *at, who.committer, *at, message)
    return batch.add("commit", encode_commit(commit))
