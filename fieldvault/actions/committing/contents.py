"""The contents of large attachments, when a commit is to name them.

Law: a commit that names a content is made only when this machine has it.
"""

from __future__ import annotations

from fieldvault.actions.committing.survey import Edit
from fieldvault.actions.ground.vault import Vault


def keep_contents(vault: Vault, edits: list[Edit], held: dict[str, str]) -> list[Edit]:
    """Keep what the pointers among these edits point to; without those that changed meanwhile, which are `held`."""
    kept = []
    for edit in edits:
        if _is_kept(vault, edit):
            kept.append(edit)
        else:
            held[edit.change.path] = "file-changing"
    return kept


def _is_kept(vault: Vault, edit: Edit) -> bool:
    read, new = edit.read, edit.change.new
    if read is None or read.pointer is None or new is None or new.oid != read.oid:
        return True
    try:
        with vault.worktree.path(edit.change.path).open("rb") as file:
            return vault.contents.keep(file, read.pointer)
    except FileNotFoundError:
        return False
