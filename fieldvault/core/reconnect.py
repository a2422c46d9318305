"""When to try the hub: triggers, a timer, and a back-off that grows while the hub cannot be reached.

Law: pure; times are seconds of a clock that never goes back, chance comes in as numbers from 0 to 1. Every trigger
feeds one and the same sync. After a failure of the network the next try is anywhere within a window that doubles (full
jitter), so that forty colleagues who return at once do not come all at once. A refusal is not retried by itself: only
a trigger tries again, since a person may have put it right.
"""

from __future__ import annotations

FIRST_SECONDS = 2.0
MOST_SECONDS = 60.0
TIMER_SECONDS = 60.0
SPREAD_SECONDS = 2.0  # over how long those who wake together spread


class Reconnect:
    """`due` is when to sync next; None while nothing but a trigger can help."""

    def __init__(self, now: float) -> None:
        self.due: float | None = now
        self._failures = 0

    def trigger(self, now: float, chance: float = 0.0) -> None:
        """Something happened that a sync should follow; `chance` spreads what happens to many at once."""
        self._failures = 0
        at = now + chance * SPREAD_SECONDS
        self.due = at if self.due is None else min(self.due, at)

    def started(self) -> None:
        """A sync is under way; what is triggered from now on asks for another one."""
        self.due = None

    def succeeded(self, now: float) -> None:
        """The hub confirmed our tip."""
        self._failures = 0
        self._not_later_than(now + TIMER_SECONDS)

    def failed(self, now: float, chance: float, *, progress: bool = False) -> None:
        """The network failed; with `progress` something was delivered or came in before it did."""
        self._failures = 1 if progress else self._failures + 1
        window = min(MOST_SECONDS, FIRST_SECONDS * 2.0 ** min(self._failures - 1, 16))
        self._not_later_than(now + chance * window)

    def _not_later_than(self, at: float) -> None:
        self.due = at if self.due is None else min(self.due, at)
