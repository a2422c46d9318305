"""This copy of the vault, as the hub knows it: ten characters of base 32.

Law: no two copies share one. What the hub says under our name and we never did means that this folder was copied or
restored: then the copy gets a name of its own.
"""

from __future__ import annotations

import base64
import secrets

from fieldvault.actions.ground.vault import Vault

_BYTES, _CHARACTERS = 7, 10


def device(vault: Vault) -> str:
    """The name in `.git/config`; minted where there is none yet."""
    return vault.config.get("fieldvault", "device") or mint_device(vault)


def mint_device(vault: Vault) -> str:
    """A new name for this copy."""
    name = new_device()
    vault.config.set_local("fieldvault", "device", value=name)
    return name


def new_device() -> str:
    return base64.b32encode(secrets.token_bytes(_BYTES))[:_CHARACTERS].decode().lower()
