"""What a merge decided about one record: made again from its parents, never stored.

Law: the same engine as sync's over the same three versions gives the same decisions; a merge that plain git made, or a
person by hand, is told as what fv would have decided.
"""

from __future__ import annotations

from fieldvault.actions.merging.commitmerge import base_tree
from fieldvault.actions.merging.recordmerge import MergedRecord, Side, merge_record
from fieldvault.actions.records.openconflicts import open_conflicts
from fieldvault.actions.records.types import Types, blob_of, record_id
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import Commit, read_commit
from fieldvault.edge.git.store.trees import diff_trees, find


def decided(batch: Batch, merge: Commit, path: str) -> MergedRecord | None:
    """The merge of the record at `path` by this commit; None where it is no merge, or one side alone had moved."""
    if len(merge.parents) != 2:
        return None
    trees = [base_tree(batch, *merge.parents), *(read_commit(batch, oid).tree for oid in merge.parents)]
    entries = [find(batch, tree, path) if tree else None for tree in trees]
    if entries[1] == entries[0] or entries[2] == entries[0]:
        return None
    texts = [blob_of(batch, entry) for entry in entries]
    key = next((found for text in texts if text and (found := record_id(text))), path)
    sides = [Side(text, open_conflicts(batch, tree, key)) for text, tree in zip(texts, trees, strict=True)]
    return merge_record(sides[0], sides[1], sides[2], Types(batch, merge.tree).schema(path), key)


def touched_by_both(batch: Batch, merge: Commit) -> list[str]:
    """The paths that both parents of a merge changed since they parted."""
    base = base_tree(batch, *merge.parents)
    changed = [{one.path for one in diff_trees(batch, base, read_commit(batch, oid).tree)} for oid in merge.parents]
    return sorted(changed[0] & changed[1])
