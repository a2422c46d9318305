"""Merges that plain git made: what they left open is noted as conflicts.

Law: each is looked at once, by whoever commits next; until then whoever looks sees what it will note.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldvault.actions.ground.vault import Vault
from fieldvault.edge.git.store.history import walk

if TYPE_CHECKING:
    from fieldvault.core.conflicts import Conflict


def left_open(vault: Vault) -> dict[str, Conflict]:
    """What merges of plain git left open and no file says, of those since the last look: by the path of its file."""
    head, looked_at = vault.head(), vault.looked_at()
    if head is None or looked_at in (head, None) or looked_at not in vault.objects:
        return {}
    merges = [commit for commit in walk(vault.objects, [head], [looked_at]) if len(commit.parents) == 2]
    if not merges:
        return {}
    from fieldvault.actions.committing.remerging import left_by  # which hardly a command needs

    return left_by(merges, vault.objects, head)
