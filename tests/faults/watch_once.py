"""One cycle of the watcher as a command that ends: what was saved is committed, the hub has it, and that is all.

Law: the watcher's own loop with short waits. It ends with 0 when a sync has got through and nothing waits, with 1 where
that takes too long or an error ends it, and with 130 after Ctrl-C.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from pathlib import Path

from fieldvault.actions.watching.keepup import SyncEnded
from fieldvault.actions.watching.watch import Timing, Watcher
from fieldvault.core.settle import Settler
from fieldvault.errors import FieldvaultError

QUICK = Timing(settler=lambda: Settler(0.1, 0.2, 1.0), retry=0.1)
PATIENCE_SECONDS = 4.0


class Once(Watcher):
    """A watcher that stops when all is done."""

    code = 1
    got_through = False

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
    watcher = Once(Path.cwd(), lambda: (int(time.time()), 0), lambda happening: None, QUICK)

    def interrupted(*_: object) -> None:
        watcher.code = 130
        watcher.stop()

    signal.signal(signal.SIGINT, interrupted)
    patience = threading.Timer(PATIENCE_SECONDS, watcher.stop)
    patience.daemon = True
    patience.start()
    with contextlib.suppress(FieldvaultError, OSError):
        watcher.run()
    return watcher.code


sys.exit(main())
