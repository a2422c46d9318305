"""How things stand: what is not committed, what waits for the hub, what waits for a person.

Law: reads this machine only. "Synced" is said only with the time at which the hub last confirmed our tip.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fieldvault.actions.committing.adopting import left_open
from fieldvault.actions.committing.survey import Survey, survey
from fieldvault.actions.committing.unmerged import unmerged
from fieldvault.actions.committing.unreadable import Draft, draft_in
from fieldvault.actions.ground.absent import choices_of
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.openconflicts import all_conflicts
from fieldvault.actions.syncing.attachments import at_head
from fieldvault.actions.syncing.hubnotes import notes_of
from fieldvault.actions.syncing.outbox import delivered, waiting, waiting_bytes
from fieldvault.core.deletions import MASS_DELETION
from fieldvault.core.names import is_record
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.store.batch import Batch
from fieldvault.errors import FieldvaultError

if TYPE_CHECKING:
    from fieldvault.actions.ground.commits import Now


@dataclass
class StatusReport:
    """`edits`: the paths that the next commit takes; `held`: those that it does not take, with a key of the
    catalogue each. `waiting`: commits the hub has not confirmed, `waiting_bytes` as they would travel, `delivered` how
    many of them the hub holds, not yet merged. `confirmed_at`: when the hub last had what we have; `answered_at`: when
    it last answered at all; both seconds since 1970, None for never. `failure`: why the last sync did not get through.
    `attachments_waiting`: large ones that the hub does not hold, of `attachments_waiting_bytes` together;
    `attachments_absent`: those that are to come here, and have not.
    """

    branch: str | None
    head: Oid | None
    hub: str | None
    waiting: int = 0
    waiting_bytes: int = 0
    delivered: int = 0
    confirmed_at: int | None = None
    answered_at: int | None = None
    failure: FieldvaultError | None = None
    conflicts: int = 0
    edits: list[str] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    behind: list[str] = field(default_factory=list)
    attachments_waiting: int = 0
    attachments_waiting_bytes: int = 0
    attachments_absent: int = 0
    watched: bool = False  # whether a watcher commits and syncs here by itself

    @property
    def waits(self) -> bool:
        """Whether something waits for a person."""
        return bool(self.conflicts or self.drafts or self.held)


def status(vault: Vault, now: Now) -> StatusReport:
    """The facts of `fv status`."""
    branch, head = vault.refs.head()
    report = StatusReport(branch, head, vault.config.origin_url())
    report.watched = vault.watch_lock().is_held()
    seen = survey(vault)
    report.held = dict(seen.problems) | dict.fromkeys(sorted(_held_deletions(vault, seen, now)), MASS_DELETION)
    report.behind = sorted(seen.behind)
    for edit in seen.edits:
        draft = draft_in(edit)
        if draft:
            report.drafts.append(draft)
        elif edit.change.path not in report.held:
            report.edits.append(edit.change.path)
    changed = {edit.change.path for edit in seen.edits}
    report.edits += sorted(path for path in unmerged(vault) if path not in changed)
    conflicts = left_open(vault) | all_conflicts(vault.objects, seen.tree)
    report.conflicts = sum(conflict.waits for conflict in conflicts.values())
    confirmed = vault.confirmed()
    report.confirmed_at = confirmed[1] if confirmed else None
    if report.hub is not None:
        left, notes = waiting(vault), notes_of(vault, report.hub)
        report.waiting, report.delivered = len(left), delivered(vault, notes, left)
        report.waiting_bytes = waiting_bytes(vault) if left else 0
        report.answered_at, report.failure = notes.answered_at, notes.failure
    unsent = [pointer.size for pointer in at_head(vault, vault.contents.unsent())] if report.hub is not None else []
    report.attachments_waiting, report.attachments_waiting_bytes = len(unsent), sum(unsent)
    report.attachments_absent = len(choices_of(vault).absent)
    return report


def _held_deletions(vault: Vault, seen: Survey, now: Now) -> set[str]:
    """The records that were removed here, and that a commit would not remove without the person's word."""
    if all(edit.change.new for edit in seen.edits):
        return set()
    from fieldvault.actions.committing.masses import gone_records, held_here  # most often nothing was removed

    with Batch(vault.objects) as batch:
        for edit in seen.edits:
            if edit.read is not None and is_record(edit.change.path):
                batch.add("blob", edit.read.data)
        gone = gone_records(batch, (edit.change for edit in seen.edits))
        return held_here(vault, batch, seen.tree, seen.head, gone, now()[0])
