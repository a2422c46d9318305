"""A line of commits of this machine's own, for versions that stand in no other history.

Law: its ref is moved by fv alone, with `vault.lock` in hand, and only when what it names is on the disk. A tip whose
commit is gone counts as none. Thirty days after its last commit a line is old, and may go.
"""

from __future__ import annotations

from fieldvault.actions.ground.vault import Vault
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import read_commit

KEPT_SECONDS = 30 * 24 * 3600


class KeptLine:
    """The line at one ref; `last` is its newest commit, None where it has none."""

    def __init__(self, vault: Vault, ref: str) -> None:
        self._refs = vault.refs
        self._ref = ref
        self._tip = vault.refs.read(ref)
        self.last = read_commit(vault.objects, self._tip) if self._tip and self._tip in vault.objects else None

    @property
    def parents(self) -> tuple[Oid, ...]:
        """Of the next commit."""
        return (self.last.oid,) if self.last else ()

    def is_old(self, at_seconds: int) -> bool:
        return self.last is not None and self.last.commit_time < at_seconds - KEPT_SECONDS

    def move(self, batch: Batch, commit: Oid) -> None:
        """Let the line end in this commit, which is in the batch; durable on return."""
        batch.flush()
        self._refs.compare_and_set(self._ref, self._tip, commit)

    def remove(self) -> None:
        self._refs.compare_and_set(self._ref, self._tip, None)
