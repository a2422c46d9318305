"""A watcher at work in a thread, with short waits, and what it tells."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fieldvault.actions.watching.telling import SYNCED, Happening
from fieldvault.actions.watching.watch import Timing, Watcher
from fieldvault.core.settle import Settler
from tests.world import Desk, as_person, now

QUICK = Timing(settler=lambda: Settler(0.2, 0.4, 3.0, 0.2), sweep=60.0, poll=0.2, retry=0.2)


class Watched:
    """What a watcher has told so far."""

    def __init__(self) -> None:
        self.happenings: list[Happening] = []
        self.failure: BaseException | None = None

    def kinds(self) -> list[str]:
        return [one.kind for one in self.happenings]

    def commits(self) -> list[list[str]]:
        """The paths of each commit."""
        reports = [one.committed for one in self.happenings if one.committed and one.committed.commit]
        return [sorted(change.path for change in report.changes) for report in reports]

    def drafts(self) -> list[str]:
        return [draft.path for one in self.happenings if one.committed for draft in one.committed.drafts]

    def syncs(self) -> list[Happening]:
        return [one for one in self.happenings if one.kind == SYNCED]


@contextmanager
def watched(desk: Desk, timing: Timing = QUICK, *, polling: bool = False) -> Iterator[Watched]:
    """The desk's vault, watched. A failure of the watcher is kept, not raised."""
    seen = Watched()
    watcher = Watcher(desk.root, now, seen.happenings.append, timing)

    def run() -> None:
        try:
            watcher.run(polling=polling)
        except BaseException as error:
            seen.failure = error

    with as_person(desk):
        thread = threading.Thread(target=run)
        thread.start()
        try:
            wait_for(lambda: "started" in seen.kinds() or seen.failure)
            time.sleep(0.1)
            yield seen
        finally:
            watcher.stop()
            thread.join(10)
            assert not thread.is_alive()


def wait_for(fact: Callable[[], object], seconds: float = 10.0) -> None:
    """Until it is so; a test that waits in vain fails."""
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
