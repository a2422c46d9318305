"""What an exchange did: what went out, what came in, what became of it.

Law: facts only; output/keeping has the words for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fieldvault.actions.committing.commit import CommitReport
from fieldvault.actions.merging.treemerge import MergedFile
from fieldvault.actions.records.agreement import FileProblem
from fieldvault.actions.syncing.combining import Combined
from fieldvault.core.describe import FileChange
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.store.history import Commit
from fieldvault.errors import FieldvaultError, HubRefused


@dataclass
class SyncReport:
    """`sent` and `received` are commits; `news` what came in, file by file; `unreachable`: the hub was not there, and
    `waiting` commits go later, `delivered` of which it holds already. `refused`: incoming paths that were not taken,
    and why. `restored`: commits that the hub had lost and was given back. `lost`: how often somebody else was quicker.
    """

    committed: CommitReport
    sent: int = 0
    received: list[Commit] = field(default_factory=list)
    news: list[FileChange] = field(default_factory=list)
    merged: list[MergedFile] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    refused_by: str = ""
    problems: list[FileProblem] = field(default_factory=list)  # what the records that came say against others
    behind: dict[str, str] = field(default_factory=dict)
    unreachable: FieldvaultError | None = None
    waiting: int = 0
    delivered: int = 0
    restored: int = 0
    lost: int = 0
    made: list[Oid] = field(default_factory=list)  # the merge commits of this exchange
    confirmed: Oid | None = None  # the tip that the hub holds now
    attachments: list[str] = field(default_factory=list)  # large ones whose contents came
    absent: dict[str, str] = field(default_factory=dict)  # those whose contents did not, and why
    refusal: HubRefused | None = None  # why the hub takes no contents of large ones

    def note_refused(self, combined: Combined) -> None:
        self.refused |= combined.refused
        self.refused_by = combined.refused_by or self.refused_by

    def note_merges(self, combined: Combined) -> None:
        self.merged += combined.files
        self.made += combined.made
