"""Which commit a commit takes back.

Law: an undo says so in its message, so that every copy of the vault knows; nothing is stored beside it.
"""

from __future__ import annotations

import re

from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.store.history import Commit

_TRAILER = "Fv-Undoes"
_TRAILER_LINE = re.compile(rf"^{_TRAILER}: ([0-9a-f]{{40}})$", re.M)


def undo_message(target: Commit) -> str:
    """The message of the commit that takes back `target`."""
    return f"Undo: {target.subject or target.oid[:10]}\n\n{_TRAILER}: {target.oid}\n"


def taken_back_by(commit: Commit) -> Oid | None:
    """The commit that this one takes back; None for an ordinary one."""
    found = _TRAILER_LINE.search(commit.message)
    return found[1] if found else None
