"""Which files that git does not track are the vault's all the same: those that a walk over the whole folder would meet.

Law: for one path what edge/worktree's walk says of all: no leaving of an editor, nothing that git ignores, and nothing
in another repository.
"""

from __future__ import annotations

import os
from pathlib import PurePosixPath

from fieldvault.actions.ground.vault import Vault
from fieldvault.core.names import is_leaving


def belongs(vault: Vault, path: str) -> bool:
    """Whether an untracked file, or a folder, would be taken in by a commit of everything."""
    if any(name == ".git" or is_leaving(name) for name in path.split("/")):
        return False
    above = [folder for folder in PurePosixPath(path).parents if folder.name]
    nested = any(os.path.lexists(vault.root / folder / ".git") for folder in above)
    return not nested and not vault.ignore.matches(path)
