"""Merging two commits: which tree they merge over.

Law: the base of two commits is their merge base; where they have several, those merge first, by this same engine, in
the order of their ids, and what stands open in that stands open in the base. So a change enters once, whoever merged
with whom before.
"""

from __future__ import annotations

from collections.abc import Sequence

from fieldvault.actions.merging.treemerge import TreeMerge, merge_trees
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import encode_commit, merge_bases, read_commit


def merge_commits(batch: Batch, ours: Oid, theirs: Oid) -> TreeMerge:
    """Merge two commits over their merge base."""
    base = base_tree(batch, ours, theirs)
    return merge_trees(batch, base, read_commit(batch, ours).tree, read_commit(batch, theirs).tree)


def base_tree(batch: Batch, ours: Oid, theirs: Oid) -> Oid | None:
    """The tree over which two commits merge; None where their histories have nothing in common."""
    bases = merge_bases(batch, ours, theirs)
    return tree_of_bases(batch, bases) if bases else None


def tree_of_bases(batch: Batch, bases: Sequence[Oid]) -> Oid:
    """Several bases as one: they are merged, by this same engine."""
    merged = bases[0]
    for other in bases[1:]:
        tree = merge_commits(batch, merged, other).tree
        # A commit that stands for the merge of these two only while we look for the bases of the next one.
        stand_in = read_commit(batch, merged)._replace(tree=tree, parents=(merged, other), message="")
        merged = batch.add("commit", encode_commit(stand_in))
    return read_commit(batch, merged).tree
