"""A new hub.

Law: a hub is a bare git repository and nothing else; any git serves it.
"""

from __future__ import annotations

import os
from pathlib import Path

from fieldvault.edge.git.gitdir.repository import create_repository, is_unfinished
from fieldvault.errors import FieldvaultError


def hub_init(directory: Path) -> Path:
    """Make an empty hub: a bare repository with the settings that fv likes; one that was cut off is made
    whole. Raises `folder-not-empty`."""
    root = Path(os.path.realpath(directory))
    if root.exists() and not is_unfinished(root):
        raise FieldvaultError("folder-not-empty", path=str(directory))
    create_repository(root, bare=True)
    return root
