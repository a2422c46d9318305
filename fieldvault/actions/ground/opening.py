"""Opening a vault: where it is, whether fv works in it, and what a killed command left there.

Law: a vault is looked for as git looks for a repository. Opening finishes a change that was cut off, unless the process
that makes it is still alive.
"""

from __future__ import annotations

import os
from pathlib import Path

from fieldvault.actions.ground.recovery import recover
from fieldvault.actions.ground.vault import Vault
from fieldvault.core.names import CONFIG_PATH
from fieldvault.edge.git.gitdir.config import GitConfig
from fieldvault.edge.git.gitdir.repository import unsupported
from fieldvault.errors import FieldvaultError


def find_root(start: Path) -> Path | None:
    """The vault that holds `start`: the nearest folder, it or one above, with `.git` and `fieldvault.yaml`."""
    for folder in (start, *start.parents):
        if (folder / CONFIG_PATH).is_file() and (folder / ".git").exists():
            return folder
    return None


def open_vault(directory: Path | None) -> Vault:
    """The vault at `directory`, else the one around the current folder, else $FV_VAULT, else the person's default.

    Raises `no-vault`, `vault-missing` for a default that is gone, `vault-unsupported` for a kind of repository that fv
    does not work in, `vault-not-yours` for one of another user.
    """
    root = _choose_root(directory)
    reason = unsupported(root / ".git")
    if reason:
        raise FieldvaultError("vault-unsupported", path=str(root), reason=reason)
    _guard_owner(root)
    vault = Vault(root)
    recover(vault)
    return vault


def _choose_root(directory: Path | None) -> Path:
    if directory is not None and not directory.is_dir():
        raise FieldvaultError("folder-missing", path=str(directory))
    start = Path(os.path.realpath(directory)) if directory else Path.cwd()  # ../beside is not in this vault
    root = find_root(start)
    if root is None and directory is None:
        default = os.environ.get("FV_VAULT") or GitConfig(None).get("fieldvault", "vault")
        if default:
            root = find_root(Path(default).expanduser())
            if root is None:
                raise FieldvaultError("vault-missing", path=default)
    if root is None:
        raise FieldvaultError("no-vault", path=str(directory or start))
    return root


def _guard_owner(root: Path) -> None:
    """As git does: what another user prepared could run or read things in our name."""
    if not hasattr(os, "geteuid"):
        return
    owner, me = (root / ".git").stat().st_uid, os.geteuid()
    sudo = os.environ.get("SUDO_UID")
    if owner != me and not (me == 0 and sudo == str(owner)):
        raise FieldvaultError("vault-not-yours", path=str(root))
