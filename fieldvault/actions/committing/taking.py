"""Which of the person's edits a commit takes, and which of them wait.

Law: content is never a reason to refuse one. Held back, and named, is only what a commit cannot hold as it stands: a
file that cannot be read as a record (its draft is kept apart), a large attachment that is being written just now, a
name that another machine could not hold, and a mass deletion without the person's word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fieldvault.actions.committing.contents import keep_contents
from fieldvault.actions.committing.drafts import keep_drafts
from fieldvault.actions.committing.masses import gone_records, held_here
from fieldvault.actions.committing.rewriting import Rewrite, rewritten
from fieldvault.actions.committing.survey import Edit, Survey
from fieldvault.actions.committing.unreadable import Draft, draft_in
from fieldvault.actions.ground.commits import Moment
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.before import Before
from fieldvault.core.deletions import MASS_DELETION
from fieldvault.core.judge import refuse
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.trees import patch_tree


class Taken(NamedTuple):
    """`edits`: those that are taken; their blobs are in the batch. `held`: paths that wait, with a key of the catalogue
    each. `allowed`: how many records are removed by the person's word.
    """

    edits: list[Edit]
    drafts: list[Draft]
    held: dict[str, str]
    allowed: int


def take(
    vault: Vault, batch: Batch, seen: Survey, at: Moment, paths: Sequence[str], rewrites: Iterable[Rewrite]
) -> Taken:
    """What a commit of these paths (none: of everything) takes of what was seen, with what fv changes itself."""
    held = dict(seen.problems)
    edits, drafts = _without_drafts(vault, seen, at, paths)
    edits = keep_contents(vault, edits, held)
    for edit in edits:
        if edit.read is not None:
            batch.add("blob", edit.read.data)
    edits = _acceptable(batch, seen, rewritten(batch, seen, edits, rewrites), held)
    gone = gone_records(batch, (edit.change for edit in edits))
    waiting = held_here(vault, batch, seen.tree, seen.head, gone, at[0])
    held |= dict.fromkeys(sorted(waiting), MASS_DELETION)
    edits = [edit for edit in edits if edit.change.path not in waiting]
    return Taken(edits, drafts, held, len(gone) if vault.allow_deletions else 0)


def _without_drafts(vault: Vault, seen: Survey, at: Moment, paths: Sequence[str]) -> tuple[list[Edit], list[Draft]]:
    """The edits that can be read, and the drafts that the others are; these are kept safe."""
    readable, broken, drafts = [], [], []
    for edit in seen.edits:
        draft = draft_in(edit)
        if draft is None:
            readable.append(edit)
        else:
            broken.append(edit)
            drafts.append(draft)
    keep_drafts(vault, at, broken, paths)
    return readable, drafts


def _acceptable(batch: Batch, seen: Survey, edits: list[Edit], held: dict[str, str]) -> list[Edit]:
    """The edits without those whose names another machine could not hold; these stay here, and are `held`."""
    tree = patch_tree(batch, seen.tree, {edit.change.path: edit.change.new for edit in edits})
    refused = refuse((edit.change for edit in edits), Before(batch, seen.tree, tree))
    held |= refused
    return [edit for edit in edits if edit.change.path not in refused]
