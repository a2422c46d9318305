"""What waits for the hub: the commits that it has not confirmed, and what they weigh.

Law: reads this machine only; loads nothing of the wire.
"""

from __future__ import annotations

from collections.abc import Sequence

from fieldvault.actions.ground.vault import HUB_MAIN, Vault
from fieldvault.actions.syncing.hubnotes import HubNotes
from fieldvault.edge.git.store.history import Commit, is_ancestor, new_commits


def waiting(vault: Vault) -> list[Commit]:
    """The commits that the hub has not confirmed yet, oldest first."""
    head, known = vault.head(), vault.refs.read(HUB_MAIN)
    return new_commits(vault.objects, head, [known] if known else []) if head else []


def waiting_bytes(vault: Vault) -> int:
    """What those commits weigh as they would travel."""
    from fieldvault.edge.git.hubs.packs import objects_to_send, packed_bytes  # most often nothing waits

    head, known = vault.head(), vault.refs.read(HUB_MAIN)
    if head is None:
        return 0
    return packed_bytes(vault.objects, objects_to_send(vault.objects, [head], [known] if known else []))


def delivered(vault: Vault, notes: HubNotes, left: Sequence[Commit]) -> int:
    """How many of the waiting commits `left` the hub holds already, not yet merged."""
    tip = notes.delivered
    if tip is None or tip not in vault.objects:
        return 0
    return sum(is_ancestor(vault.objects, commit.oid, tip) for commit in left)
