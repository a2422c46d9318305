"""Our main and everything the hub holds, as one commit.

Law: each incoming tip is judged before it is merged; what was refused keeps its last good version. Into objects only: a
commit that is not published is thrown away, and made anew from what the hub holds then. The order of merging is the
caller's, and the result the same in any.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from fieldvault.actions.ground.commits import Now, write_commit
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.merging.commitmerge import tree_of_bases
from fieldvault.actions.merging.treemerge import MergedFile, merge_trees
from fieldvault.actions.syncing.incoming import judge
from fieldvault.core.describe import merge_message
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import merge_bases, new_commits, read_commit


@dataclass
class Combined:
    """`made`: the merge commits, the last one first merged last; `refused`: path -> why, of the author `refused_by`."""

    tip: Oid
    made: list[Oid] = field(default_factory=list)
    files: list[MergedFile] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    refused_by: str = ""


def combine(vault: Vault, batch: Batch, now: Now, ours: Oid, others: Iterable[Oid]) -> Combined:
    """Merge `others`, which are complete here, into `ours`. One that shares no history with it is left out."""
    combined = Combined(ours)
    for theirs in others:
        ours = combined.tip
        bases = merge_bases(batch, ours, theirs)
        if not bases or theirs in bases:
            continue
        base = tree_of_bases(batch, bases)
        new = new_commits(batch, theirs, [ours])
        incoming = judge(vault, batch, base, theirs, new)
        if incoming.refused:
            combined.refused |= incoming.refused
            combined.refused_by = incoming.author
        elif ours in bases:
            combined.tip = theirs
            continue
        merged = merge_trees(batch, base, read_commit(batch, ours).tree, incoming.tree)
        message = merge_message(one.author for one in new)
        combined.tip = write_commit(vault, batch, now(), merged.tree, (ours, theirs), message)
        combined.made.append(combined.tip)
        combined.files += merged.files
    return combined
