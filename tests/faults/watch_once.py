"""One cycle of the watcher as a command that ends: what was saved is committed, the hub has it, and that is all.

Law: the watcher's own loop with short waits. It ends with 0 when a sync has got through and nothing waits, with 1 where
that takes too long or an error ends it, and with 130 after Ctrl-C. The sync takes its turn in the loop: strace counts
the calls of each thread from one, so that most points of a thread beside it could not be told from the loop's own.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from fieldvault.actions.watching.keepup import KeepUp, SyncEnded
from fieldvault.actions.watching.telling import Happening
from fieldvault.actions.watching.watch import Timing, Watcher
from fieldvault.core.settle import Settler
from fieldvault.errors import FieldvaultError

QUICK = Timing(settler=lambda: Settler(0.1, 0.2, 1.0), retry=0.1)
PATIENCE_SECONDS = 20.0
AFTER_ERROR_SECONDS = 2.0


class InTurn(KeepUp):
    """Syncs when it is told to, and not beside whoever tells it."""

    def start(self) -> None:
        self._reconnect.started()
        self._exchange()


class Once(Watcher):
    """A watcher that stops when all is done."""

    code = 1
    got_through = False

    def __init__(self, root: Path, tell: Callable[[Happening], None]) -> None:
        super().__init__(root, lambda: (int(time.time()), 0), tell, QUICK)
        self.syncs = InTurn(root, self.now, self.events.put, time.monotonic())

    def _sync_ended(self, event: SyncEnded) -> None:
        super()._sync_ended(event)
        self.got_through = event.report is not None and event.report.unreachable is None

    def _look(self) -> None:
        super()._look()
        now, sync_at = time.monotonic(), self.syncs.due
        if self.got_through and self.settler.due() is None and self.sweep_at > now and (sync_at or now) > now:
            self.code = 0
            self.stop()


def main() -> int:
    def stop_after(seconds: float) -> None:
        timer = threading.Timer(seconds, watcher.stop)
        timer.daemon = True
        timer.start()

    def told(happening: Happening) -> None:
        if happening.error is not None:
            stop_after(AFTER_ERROR_SECONDS)

    watcher = Once(Path.cwd(), told)

    def interrupted(*_: object) -> None:
        watcher.code = 130
        watcher.stop()

    signal.signal(signal.SIGINT, interrupted)
    stop_after(PATIENCE_SECONDS)
    with contextlib.suppress(FieldvaultError, OSError):
        watcher.run()
    return watcher.code


sys.exit(main())
