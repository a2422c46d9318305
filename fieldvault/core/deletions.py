"""How many records may go at once before somebody is asked.

Law: more than COUNT_MAX and more than SHARE_MAX of a type within the hour are held, all of them; what else was changed
goes on. The hold has no end of its own: only a person's word releases it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

COUNT_MAX = 10
SHARE_MAX = 0.2
WINDOW_SECONDS = 3600
MASS_DELETION = "mass-deletion"  # why a path is held, as a key of the catalogue
TRAILER = "Fv-Deletions-Allowed"


def held(
    gone: Collection[str], type_of: Callable[[str], str], total: Callable[[str], int], recent: Callable[[str], int]
) -> set[str]:
    """Those of the removed records that are held. `total(type)`: how many there were; `recent(type)`: how many went
    within the last hour before.
    """
    by_type: dict[str, set[str]] = {}
    for path in gone:
        by_type.setdefault(type_of(path), set()).add(path)
    found: set[str] = set()
    for name, paths in by_type.items():
        before = recent(name)
        count = len(paths) + before
        if count > COUNT_MAX and count > SHARE_MAX * (total(name) + before):
            found |= paths
    return found


def allowed_in(message: str) -> int:
    """How many deletions the commit of this message says a person has allowed."""
    found = re.search(rf"^{TRAILER}: ([0-9]+)$", message, re.M)
    return int(found[1]) if found else 0


def with_allowance(message: str, count: int) -> str:
    """The message with the word that this many deletions were meant."""
    return f"{message.rstrip()}\n\n{TRAILER}: {count}\n"
