"""What in a commit a hub, or a link, does not take.

Law: the files that the hub names in its refusal; where it names none and speaks of size, the largest; else all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fieldvault.core.snapshot import Oid, TreeChange
from fieldvault.edge.git.store.history import read_commit
from fieldvault.edge.git.store.objects import Reader
from fieldvault.edge.git.store.trees import diff_trees

_ABOUT_SIZE = re.compile(r"size|large|big|exceed|maximum|limit|quota|space", re.IGNORECASE)


def commit_facts(reader: Reader, oid: Oid, said: str | None = None) -> Mapping[str, object]:
    """`oid`, `commit` (its first digits) and `subject`; `paths` that are suspected, the largest first; that one's
    `file` and `octets`. `said`: the hub's words; None where the commit was too much for the link.
    """
    commit = read_commit(reader, oid)
    before = read_commit(reader, commit.parents[0]).tree if commit.parents else None
    sizes = {
        change: len(reader.blob(change.new.oid)) for change in diff_trees(reader, before, commit.tree) if change.new
    }
    suspects = _suspected(sorted(sizes, key=sizes.__getitem__, reverse=True), said)
    return {
        "oid": oid,
        "commit": oid[:10],
        "subject": commit.subject,
        "paths": [change.path for change in suspects],
        "file": suspects[0].path if suspects else "",
        "octets": sizes[suspects[0]] if suspects else 0,
    }


def _suspected(largest_first: Sequence[TreeChange], said: str | None) -> Sequence[TreeChange]:
    if said is None:
        return largest_first[:1]
    named = [change for change in largest_first if any(name in said for name in _names(change))]
    return named or (largest_first[:1] if _ABOUT_SIZE.search(said) else largest_first)


def _names(change: TreeChange) -> tuple[str, ...]:
    """What a server may call a file: by its path, by its name, or by its content's id."""
    assert change.new is not None
    return change.path, change.path.rpartition("/")[2], change.new.oid
