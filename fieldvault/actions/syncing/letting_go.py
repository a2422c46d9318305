"""Contents that this machine need not keep.

Law: a content goes when the hub has acknowledged it, HEAD does not name it, and it came more than two weeks ago: an old
version, or one that was deleted. `fv get` brings it from the hub when a file names it again. What only this machine has
stays, whatever names it.
"""

from __future__ import annotations

from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.syncing.attachments import named_at_head
from fieldvault.core.pointers import KEPT_DAYS

_KEPT_SECONDS = KEPT_DAYS * 86_400


def let_go(vault: Vault, at: int) -> None:
    """`at`: the time now, in seconds since 1970."""
    contents = vault.contents
    contents.forget_arriving(at - _KEPT_SECONDS)
    unsent = set(contents.unsent())
    old = [one for one in contents.all() if one not in unsent and contents.kept_since(one) < at - _KEPT_SECONDS]
    named = named_at_head(vault) if old else set()
    for pointer in old:
        if pointer.oid not in named:
            contents.drop(pointer)
