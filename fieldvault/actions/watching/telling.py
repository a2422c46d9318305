"""What the watcher says, and what it has said already.

Law: whatever stands in the way is told when it begins, and again when it is another thing; each conflict is told once,
however much comes in beside it (`fv status` counts those that stand). Where all is as it was, nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fieldvault.actions.committing.commit import CommitReport
from fieldvault.actions.deciding.conflicts import OpenConflict
from fieldvault.actions.syncing.report import SyncReport
from fieldvault.actions.watching.keepup import SyncEnded
from fieldvault.core.conflicts import Conflict
from fieldvault.errors import FieldvaultError, system_error

STARTED, COMMITTED, SYNCED, REFUSED = "started", "committed", "synced", "refused"
POLLING, WAITING = "polling", "waiting"


@dataclass(frozen=True)
class Happening:
    """One thing that the watcher did or met. `kind`: started; committed, with drafts and what is held; synced, or the
    hub was not there, with the conflicts that were not told before; refused (the hub said no: a person is needed);
    polling (the system tells of no events, the folder is looked at every few seconds); waiting (nothing can be
    committed now, and why).
    """

    kind: str
    committed: CommitReport | None = None
    synced: SyncReport | None = None
    conflicts: tuple[OpenConflict, ...] = ()
    error: FieldvaultError | None = None


class Telling:
    """One watch's account of itself, handed on happening by happening to `tell`."""

    def __init__(self, tell: Callable[[Happening], None]) -> None:
        self._tell = tell
        self._standing: dict[str, str] = {}  # kind of happening -> the error that was told and still stands
        self._asked: list[Conflict] = []  # what the last sync that was told of left to decide

    def started(self) -> None:
        self._tell(Happening(STARTED))

    def polls(self, error: FieldvaultError) -> None:
        self._tell(Happening(POLLING, error=error))

    def committed(self, report: CommitReport) -> None:
        if report.commit or report.waits or report.merged or report.behind:
            self._tell(Happening(COMMITTED, committed=report))

    def waits(self, error: FieldvaultError | OSError) -> None:
        """Nothing can be committed or looked at now."""
        self._once(WAITING, system_error(error) if isinstance(error, OSError) else error)

    def waits_no_more(self) -> None:
        self._standing.pop(WAITING, None)

    def refused(self, error: FieldvaultError) -> None:
        self._once(REFUSED, error)

    def synced(self, ended: SyncEnded) -> None:
        """A sync that got through, or did not for want of the hub."""
        report = ended.report
        if report is None:
            return
        if report.unreachable is not None:
            worth = self._is_new(SYNCED, report.unreachable) or bool(report.received)
        else:
            before = [self._standing.pop(kind, None) for kind in (SYNCED, REFUSED)]
            worth = any((*before, report.sent, report.received, report.refused, report.behind))
        if worth:
            new = tuple(one for one in ended.conflicts if one.conflict not in self._asked)
            self._asked = [one.conflict for one in ended.conflicts]
            self._tell(Happening(SYNCED, synced=report, conflicts=new))

    def _once(self, kind: str, error: FieldvaultError) -> None:
        if self._is_new(kind, error):
            self._tell(Happening(kind, error=error))

    def _is_new(self, kind: str, error: FieldvaultError) -> bool:
        said = f"{error.kind} {error.facts}"
        known = self._standing.get(kind)
        self._standing[kind] = said
        return known != said
