"""A new vault.

Law: nothing is written before everything that can be asked has been asked (who, where); what stands in the folder
already stays, uncommitted. The files come with their commit, as one change; cut off, the same call goes on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from fieldvault.actions.committing.commit import commit
from fieldvault.actions.committing.rewriting import new_file
from fieldvault.actions.ground.commits import Now
from fieldvault.actions.ground.opening import find_root
from fieldvault.actions.ground.recovery import recover
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.setting_up.equipment import SetUp, equip, make_default
from fieldvault.core.names import ATTRIBUTES_PATH, CONFIG_PATH
from fieldvault.core.schema import DEFAULT
from fieldvault.core.settings import settings_from
from fieldvault.edge import yamltext
from fieldvault.edge.git.gitdir.config import GitConfig
from fieldvault.edge.git.store.trees import list_tree
from fieldvault.edge.template import template_files
from fieldvault.errors import FieldvaultError

EDITOR_PATH = ".vscode/settings.json"
EMPTY_SETTINGS = b"format: 1\n"
ATTRIBUTES = b"""\
# Records keep their own line endings; fv merges them field by field.
*.yaml merge=fieldvault -text
*.yml merge=fieldvault -text
"""


def init(directory: Path, now: Now, *, sample: bool = False, empty: bool = False, hub: str | None = None) -> SetUp:
    """Make a vault in `directory` and its first commit. Raises `vault-exists`, `vault-inside`, `no-identity`."""
    root = Path(os.path.realpath(directory))
    around = find_root(root)
    if around is not None:
        raise FieldvaultError("vault-exists" if around == root else "vault-inside", path=str(around))
    if root.exists() and not root.is_dir():
        raise FieldvaultError("folder-is-file", path=str(directory))
    if GitConfig(root / ".git" if (root / ".git").is_dir() else None).identity() is None:
        raise FieldvaultError("no-identity")
    files = {CONFIG_PATH: EMPTY_SETTINGS} if empty else dict(template_files(sample))
    files |= {ATTRIBUTES_PATH: ATTRIBUTES, EDITOR_PATH: _editor_settings(files)}
    root.mkdir(parents=True, exist_ok=True)
    with Vault(root) as vault:
        equip(vault, hub)
        recover(vault)
        new = [new_file(path, data) for path, data in files.items() if vault.worktree.stat(path) is None]
        commit(vault, now, "Start the vault", list(files), new)
        tree = vault.head_tree()
        made = len(list_tree(vault.objects, tree)) if tree else 0
    make_default(root)
    return SetUp(root, made, hub)


def _editor_settings(files: Mapping[str, bytes]) -> bytes:
    """Completion and checks in VS Code: which schema belongs to which folder."""
    settings = settings_from(yamltext.read(files[CONFIG_PATH]).value(DEFAULT))
    kinds = [kind for kind in settings.records.values() if kind.schema]
    schemas = {f"./{kind.schema}": f"{kind.folder}/**/*.yaml" for kind in kinds}
    return json.dumps({"yaml.schemas": schemas}, indent=2).encode() + b"\n"
