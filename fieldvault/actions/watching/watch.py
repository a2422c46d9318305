"""Watching: the folder keeps itself.

Law: events say when to look, the folder says what is there. Every commit and every sync is the commands' own, on a
vault opened anew; nothing is held in between but the lock that keeps a second watcher out. The loop owns all state and
sleeps until something happens or is due; threads only put events into its queue. What cannot be done now is told once
and tried again. A folder that is gone ends the watch, and is never taken for one in which everything was deleted.
"""

from __future__ import annotations

import contextlib
import queue
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fieldvault.actions.committing.belonging import belongs
from fieldvault.actions.committing.commit import commit
from fieldvault.actions.committing.survey import survey
from fieldvault.actions.ground.commits import Now
from fieldvault.actions.ground.opening import open_vault
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.watching.keepup import KeepUp, SyncEnded
from fieldvault.actions.watching.telling import Happening, Telling
from fieldvault.actions.watching.vouching import Vouching
from fieldvault.core.names import IGNORES, is_leaving, is_yaml
from fieldvault.core.settle import LONGEST_SECONDS, Settler
from fieldvault.core.snapshot import Entry
from fieldvault.edge import fswatch
from fieldvault.edge.fswatch import ASKED, FOLDER, GONE, LIMIT, LOST, NEW, FileEvent
from fieldvault.edge.git.store.trees import find_file
from fieldvault.edge.network import slept_seconds, watching_network
from fieldvault.edge.writers import being_written
from fieldvault.errors import Busy, FieldvaultError

LOOK_SECONDS_MAX = 15.0  # the longest sleep: by then a laptop that slept, or a stick that was pulled, is noticed
POLL_COST_MAX = 20  # where the folder is polled, looking at it takes at most one part in so many of the time
LOST_COST_MAX = 5  # the same where events are lost again and again


@dataclass(frozen=True)
class Timing:
    """How long the watcher waits, in seconds. `sweep`: between two looks at the whole folder, in case an event was
    missed; `poll`: the same where there are no events; `retry`: after a commit that could not be made.
    """

    settler: Callable[[], Settler] = Settler
    sweep: float = 600.0
    poll: float = 5.0
    retry: float = 5.0


NORMAL = Timing()


class NetworkChanged:
    """A link, an address or a route appeared."""


class Stop:
    """The watch is to end."""


Event = FileEvent | NetworkChanged | SyncEnded | Stop


class Watcher:
    """One watch of the vault at `root`."""

    def __init__(self, root: Path, now: Now, tell: Callable[[Happening], None], timing: Timing = NORMAL) -> None:
        self.root = root
        self.now = now
        self.telling = Telling(tell)
        self.timing = timing
        self.place = _place(root)
        self.vouching = Vouching(root)
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.settler = timing.settler()
        self.syncs = KeepUp(root, now, self.events.put, time.monotonic())
        self.stopped = False
        self.polling = False
        self.sweep_at = time.monotonic()
        self.sweep_not_before = 0.0
        self.swept: dict[str, Entry | None] = {}  # the edits that the last sweep found
        self.commit_not_before = 0.0
        self.slept = slept_seconds()

    def run(self, *, polling: bool = False) -> None:
        """Keep the vault until `stop`. `polling`: do without the system's events.

        Raises `watch-running` where another watcher does already, `vault-gone` when the folder is taken away.
        """
        with open_vault(self.root) as vault:
            lock = vault.watch_lock()
        try:
            lock.acquire()
        except Busy as error:
            raise Busy("watch-running", path=str(self.root)) from error
        with lock, contextlib.ExitStack() as stack:
            stack.callback(self.syncs.close)
            stack.enter_context(watching_network(lambda: self.events.put(NetworkChanged())))
            self.telling.started()
            try:
                if polling:
                    raise FieldvaultError("watch-polling")
                stack.enter_context(self._watching())
            except FieldvaultError as error:
                self._poll(error)
            while not self.stopped:
                self._look()
                self._wait()

    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        with (
            self.vouching.asked() as questions,
            fswatch.watching(self.root, self.events.put, _skip, questions),
        ):
            yield

    def stop(self) -> None:
        """End the watch as soon as what it is doing is done; from any thread, or a signal's handler."""
        self.events.put(Stop())

    def _wait(self) -> None:
        """Sleep until something happens or is due, and take in what has happened."""
        now = time.monotonic()
        settled = self.settler.due()
        due = [now + LOOK_SECONDS_MAX, self.sweep_at]
        due += [] if settled is None else [max(settled, self.commit_not_before)]
        sync_due = self._sync_due()
        due += [] if sync_due is None else [sync_due]
        with contextlib.suppress(queue.Empty):
            self._happened(self.events.get(timeout=max(0.0, min(due) - now)))
            while True:
                self._happened(self.events.get_nowait())

    def _happened(self, event: Event) -> None:
        now = time.monotonic()
        if isinstance(event, Stop):
            self.stopped = True
        elif isinstance(event, NetworkChanged):
            self.syncs.trigger(now, random.random())
        elif isinstance(event, SyncEnded):
            self._sync_ended(event)
        elif event.kind == LIMIT:
            self._poll(FieldvaultError("watch-limit", path=str(self.root)))
        elif event.kind == ASKED:
            self.vouching.answer(event.path)
        elif event.kind == LOST or event.path.rpartition("/")[2] in ("", IGNORES):
            self._lost()
        else:
            self._touched(event, now)

    def _touched(self, event: FileEvent, now: float) -> None:
        if not self.vouching.touched(event.path):
            self._lost()
        if event.kind != FOLDER and not is_leaving(event.path.rpartition("/")[2]):
            self.settler.touch(event.path, now, gone=event.kind == GONE, new=event.kind == NEW)

    def _lost(self) -> None:
        """What the events have told is not all: look at everything, soon."""
        self.vouching.withdraw()
        self.sweep_at = max(time.monotonic(), self.sweep_not_before)

    def _look(self) -> None:
        """Do what is due."""
        if self.place is None or _place(self.root) != self.place:
            raise FieldvaultError("vault-gone", path=str(self.root))
        now = time.monotonic()
        slept = slept_seconds()
        if slept > self.slept + 1:
            self.syncs.trigger(now, random.random())
        self.slept = slept
        if now >= self.sweep_at:
            self._sweep()
        if now >= self.commit_not_before:
            paths = self._complete(self.settler.ready(now))
            if paths:
                self._commit(paths)
        sync_due = self._sync_due()
        if sync_due is not None and now >= sync_due:
            self.syncs.start()

    def _sync_due(self) -> float | None:
        """When to sync: after what was just saved is committed, for a file with an edit in it stays behind when HEAD
        moves on; but also beside somebody who never stops saving.
        """
        due = self.syncs.due
        return due if due is None or self.settler.due() is None else due + LONGEST_SECONDS

    def _poll(self, error: FieldvaultError) -> None:
        if not self.polling:
            self.polling = True
            self._lost()
            self.telling.polls(error)

    def _sweep(self) -> None:
        """Look at the whole folder: what differs, and did not when it was last looked at, was touched."""
        started = time.monotonic()
        self.sweep_at = started + self.timing.retry
        with self._trying(), open_vault(self.root) as vault:
            outside = vault.ignore.outside()
            seen = survey(vault, [""])
            found = {edit.change.path: edit.change.new for edit in seen.edits}
            for path, entry in found.items():
                if path not in self.swept or self.swept[path] != entry:
                    self.settler.touch(path, started, gone=entry is None)
            self.swept = found
            if not self.polling:
                self.vouching.looked(seen, outside)
            self.syncs.notice(vault.head(), time.monotonic())
            ended = time.monotonic()
            took = ended - started
            pause = max(self.timing.poll, POLL_COST_MAX * took) if self.polling else self.timing.sweep
            self.sweep_at, self.sweep_not_before = ended + pause, ended + LOST_COST_MAX * took

    def _complete(self, paths: Sequence[str]) -> list[str]:
        """The paths without attachments that a program still writes: these wait on."""
        attachments = {self.root / path: path for path in paths if not is_yaml(path)}
        writing = {attachments[path] for path in being_written(list(attachments))}
        for path in writing:
            self.settler.touch(path, time.monotonic())
        return [path for path in paths if path not in writing]

    def _commit(self, paths: list[str]) -> None:
        with self._trying(paths), open_vault(self.root) as vault:
            wanted = _of_vault(vault, paths)
            if wanted:
                self.telling.committed(commit(vault, self.now, paths=wanted))
            self.syncs.notice(vault.head(), time.monotonic())

    @contextlib.contextmanager
    def _trying(self, paths: Sequence[str] = ()) -> Iterator[None]:
        """What cannot be done now is told, and tried again a little later."""
        try:
            yield
            self.telling.waits_no_more()
        except (FieldvaultError, OSError) as error:
            now = time.monotonic()
            self.commit_not_before = now + self.timing.retry
            for path in paths:
                self.settler.touch(path, now)
            self.telling.waits(error)

    def _sync_ended(self, event: SyncEnded) -> None:
        error = self.syncs.ended(event, time.monotonic(), random.random())
        if error is not None:
            self.telling.refused(error)
        else:
            self.telling.synced(event)


def _skip(path: str, is_folder: bool) -> bool:
    """What no event is wanted of: git's own files."""
    return path.rpartition("/")[2] == ".git"


def _of_vault(vault: Vault, paths: Sequence[str]) -> list[str]:
    """Those of the paths that a commit of everything would look at."""
    tree = vault.head_tree()
    return [path for path in paths if (tree and find_file(vault.objects, tree, path)) or belongs(vault, path)]


def _place(root: Path) -> tuple[int, ...] | None:
    """Which folder this is, and which repository is in it; None where either is gone."""
    try:
        return tuple(one for path in (root, root / ".git") for one in (path.stat().st_dev, path.stat().st_ino))
    except OSError:
        return None
