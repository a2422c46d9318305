"""What waits for the hub: the commits that it has not confirmed, and what they weigh.

Law: reads this machine only; loads nothing of the wire.
"""

from __future__ import annotations

import zlib

from fieldvault.actions.vault import HUB_MAIN, Vault
from fieldvault.edge.git.history import Commit, new_commits
from fieldvault.edge.git.packs import objects_to_send


def waiting(vault: Vault) -> list[Commit]:
    """The commits that the hub has not confirmed yet, oldest first."""
    head, known = vault.head(), vault.refs.read(HUB_MAIN)
    return new_commits(vault.objects, head, [known] if known else []) if head else []


def waiting_bytes(vault: Vault) -> int:
    """What those commits weigh as they would travel."""
    head, known = vault.head(), vault.refs.read(HUB_MAIN)
    if head is None:
        return 0
    sent = objects_to_send(vault.objects, [head], [known] if known else [])
    return sum(len(zlib.compress(vault.objects.read(one.oid)[1], 1)) for one in sent)
