"""The tree that a commit leaves: HEAD's, joined with what the person did.

Law: an edit changes the version that it came from. Where HEAD has another one by now, because the file was left behind
or an editor held an old version, the edit is merged with HEAD's. What is left open then, by us or by plain git, stands
in the same tree as a conflict; a conflict that the result makes void goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from fieldvault.actions.committing.gitspointers import take_up_pointers
from fieldvault.actions.committing.stale import StaleSave, leave_open, stale_saves
from fieldvault.actions.committing.survey import Edit, Survey
from fieldvault.actions.committing.unmerged import as_they_stand, left_standing, unmerged
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.merging.voids import void_conflicts
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.trees import differences, patch_tree
from fieldvault.edge.worktree.files import Read

if TYPE_CHECKING:
    from fieldvault.actions.merging.treemerge import MergedFile


class Joined(NamedTuple):
    """`stale`: saves of old versions among the edits. `opened`: how many fields a merge, ours or of plain git, left
    open. `settled`: the files at paths that git holds as unmerged, and that are merged with this tree.
    """

    tree: Oid
    merged: list[MergedFile]
    stale: list[StaleSave]
    opened: int
    settled: Mapping[str, Read]


def join(vault: Vault, batch: Batch, seen: Survey, edits: Sequence[Edit], *, everything: bool) -> Joined:
    """HEAD's tree with these edits of it. `everything`: the commit is of the whole folder, as plain git wants it for
    paths that it left unmerged.
    """
    stale = stale_saves(vault, batch, seen.tree, [edit for edit in edits if edit.read])
    tree, merged = _merged_with_head(batch, seen, edits, stale)
    voids = void_conflicts(batch, tree, differences(batch, seen.tree, tree))  # as merged, not as saved
    adopted = take_up_pointers(vault, batch, seen.head, (edit.change for edit in edits))
    left = unmerged(vault) if everything else {}
    opened = dict(left_standing(batch, tree, left))
    tree = patch_tree(batch, tree, adopted | opened | dict.fromkeys(voids))
    tree = leave_open(batch, tree, stale)
    fields = len(opened) + sum(len(file.record.conflicts) for file in merged if file.record)
    return Joined(tree, merged, stale, fields, dict(as_they_stand(vault, batch, tree, left)))


def _merged_with_head(
    batch: Batch, seen: Survey, edits: Sequence[Edit], stale: Sequence[StaleSave]
) -> tuple[Oid, list[MergedFile]]:
    """HEAD's tree with the edits; those of a version older than HEAD's are merged with it."""
    mine = {edit.change.path: edit.change.new for edit in edits}
    if not stale and mine.keys().isdisjoint(seen.behind):
        return patch_tree(batch, seen.tree, mine), []
    from fieldvault.actions.merging.treemerge import merge_trees  # files are left behind seldom

    came_from = {edit.change.path: edit.change.old for edit in edits} | {save.path: save.base for save in stale}
    base = patch_tree(batch, seen.tree, came_from)
    merged = merge_trees(batch, base, patch_tree(batch, base, mine), seen.tree)
    return merged.tree, merged.files
