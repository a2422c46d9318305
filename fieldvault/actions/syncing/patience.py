"""How long one sync goes on after its link was cut.

Law: as long as each try brings bytes across, it goes on; a few tries that bring none end it, and so does its time as a
whole. A hub that is silent at the first question is not there, and is not waited for twice. Only a link that failed is
tried again: a hub that says no has answered.
"""

from __future__ import annotations

import random
import time

from fieldvault.errors import HubUnreachable

TOTAL_SECONDS = 1800.0
# In a row, and in vain; a time-out has waited long already.
_TRIES = {"cut": 6, "garbled": 3, "broken-off": 3, "timeout": 2}
_PAUSE_SECONDS = 0.05  # doubles with each try in vain after the first, with full jitter


class Patience:
    """One sync's. `answered`: the hub has said something; `moved` says that something got across for good."""

    def __init__(self) -> None:
        self._end = time.monotonic() + TOTAL_SECONDS
        self._in_vain = 0
        self.answered = False

    @property
    def calm(self) -> bool:
        """Whether nothing was cut since something got across."""
        return not self._in_vain

    def moved(self) -> None:
        self._in_vain = 0

    def after(self, error: HubUnreachable) -> None:
        """Wait a little before the next try, or raise `error` where there is to be none. The first try comes at once: a
        link that cuts at intervals has just begun a new one.
        """
        self._in_vain += 1
        reason = str(error.facts.get("reason"))
        tries = 1 if reason == "timeout" and not self.answered else _TRIES.get(reason, 1)
        if self._in_vain >= tries or time.monotonic() > self._end:
            raise error
        time.sleep(random.uniform(0, _PAUSE_SECONDS * (2**self._in_vain - 2)))
