"""Attaching: files of any size, copied beside a record and committed.

Law: all of them or none, and nothing that stands is replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from fieldvault.actions.committing.commit import CommitReport, commit
from fieldvault.actions.ground.commits import Now
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.lookup import find_record
from fieldvault.core.names import judge_path
from fieldvault.edge.worktree.adding import add_file
from fieldvault.errors import FieldvaultError

FOLDER = "attachments"


def attach(vault: Vault, now: Now, record: str, files: Sequence[Path]) -> CommitReport:
    """Copy files into the record's own folder, `attachments/<id>/`, and commit them.

    Raises `file-missing`, `attach-exists` (path), `attach-name` (path); nothing was copied then.
    """
    found = find_record(vault, record)
    folder = f"{FOLDER}/{found.record or PurePosixPath(found.path).stem}"
    targets = {f"{folder}/{file.name}": file for file in files}
    for path, file in targets.items():
        if not file.is_file():
            raise FieldvaultError("file-missing", path=str(file))
        if judge_path(path):
            raise FieldvaultError("attach-name", path=str(file))
        if vault.worktree.stat(path):
            raise FieldvaultError("attach-exists", path=path)
    for path, file in targets.items():
        add_file(file, vault.worktree.path(path))
    return commit(vault, now, paths=list(targets))
