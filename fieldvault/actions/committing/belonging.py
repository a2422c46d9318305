"""Which files that git does not track are the vault's all the same: those that a walk over the whole folder would meet.

Law: for one path what edge/worktree's walk says of all: no leaving of an editor but a folder of that name that git
tracks, nothing that git ignores, and nothing in another repository.
"""

from __future__ import annotations

import os
from pathlib import PurePosixPath

from fieldvault.actions.ground.vault import Vault
from fieldvault.core.names import is_leaving
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.trees import find


def belongs(vault: Vault, tree: Oid | None, path: str) -> bool:
    """Whether an untracked file, or a folder, would be taken in by a commit of everything. `tree` is HEAD's."""
    above = [folder for folder in PurePosixPath(path).parents if folder.name]
    if is_leaving(path.rpartition("/")[2]) or any(_is_left(vault, tree, folder) for folder in above):
        return False
    nested = any(os.path.lexists(vault.root / folder / ".git") for folder in above)
    return not nested and not vault.ignore.matches(path)


def _is_left(vault: Vault, tree: Oid | None, folder: PurePosixPath) -> bool:
    return folder.name == ".git" or (
        is_leaving(folder.name) and (tree is None or find(vault.objects, tree, str(folder)) is None)
    )
