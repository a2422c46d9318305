"""Keeping up with the hub while a vault is watched: one sync at a time, in a thread of its own.

Law: a slow link must not keep what is saved out of history, so a sync runs beside the loop and reports into its queue;
everything else here is called by the loop. core/reconnect says when. Only what the network does is tried again by
itself; a refusal is handed to the person, and the next trigger tries again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fieldvault.actions.deciding.conflicts import OpenConflict, list_conflicts
from fieldvault.actions.ground.commits import Now
from fieldvault.actions.ground.opening import open_vault
from fieldvault.actions.syncing.report import SyncReport
from fieldvault.actions.syncing.sync import exchange
from fieldvault.core.reconnect import Reconnect
from fieldvault.core.snapshot import Oid
from fieldvault.errors import Busy, FieldvaultError, system_error

_END_SECONDS = 5.0  # how long a sync under way is waited for at the end; cut off, it loses nothing


@dataclass(frozen=True)
class SyncEnded:
    """What became of one sync; `error`: it ended otherwise than with a report."""

    report: SyncReport | None = None
    conflicts: tuple[OpenConflict, ...] = ()
    error: BaseException | None = None


class KeepUp:
    """The syncs of one watch. `put` is how a thread tells that one has ended. Times are monotonic seconds."""

    def __init__(self, root: Path, now: Now, put: Callable[[SyncEnded], None], clock: float) -> None:
        self._root = root
        self._now = now
        self._put = put
        self._reconnect = Reconnect(clock)
        self._thread: threading.Thread | None = None
        self._head: Oid | None = None

    @property
    def due(self) -> float | None:
        """When the next sync is due; None while one runs, or only a trigger can help."""
        return None if self._thread else self._reconnect.due

    def trigger(self, clock: float, chance: float = 0.0) -> None:
        self._reconnect.trigger(clock, chance)

    def notice(self, head: Oid | None, clock: float) -> None:
        """The head as it stands: whoever committed, it is to go to the hub."""
        if head != self._head:
            self._head = head
            self.trigger(clock)

    def start(self) -> None:
        self._reconnect.started()
        self._thread = threading.Thread(target=self._exchange, name="fv-sync", daemon=True)
        self._thread.start()

    def ended(self, event: SyncEnded, clock: float, chance: float) -> FieldvaultError | None:
        """Take in how a sync ended; returns what a person must hear of."""
        self._thread = None
        report, error = event.report, event.error
        if report is not None and report.unreachable is None:
            self._head = report.confirmed or self._head
            self._reconnect.succeeded(clock)
        elif report is not None:
            self._reconnect.failed(clock, chance, progress=bool(report.sent or report.received))
        elif isinstance(error, Busy):
            self._reconnect.failed(clock, chance)
        elif isinstance(error, FieldvaultError) and error.kind == "no-hub":
            self._reconnect.succeeded(clock)  # there may be one later
        elif isinstance(error, OSError):
            return system_error(error)
        elif isinstance(error, FieldvaultError):
            return error
        elif error is not None:
            raise error
        return None

    def close(self) -> None:
        if self._thread is not None:
            self._thread.join(timeout=_END_SECONDS)

    def _exchange(self) -> None:
        try:
            with open_vault(self._root) as vault:
                report = exchange(vault, self._now)
                self._put(SyncEnded(report, tuple(list_conflicts(vault))))
        except BaseException as error:
            self._put(SyncEnded(error=error))
