"""When a burst of saves is over: one commit for what a person did in one go.

Law: pure; time comes in as seconds of a clock that never goes back. A path has settled when nothing happened to it for
`quiet_seconds`, or `gone_seconds` where it went away, so that an editor that deletes and creates makes one edit and a
file that is moved makes a rename. A burst is over when no path has joined it for `quiet_seconds` and what went away has
settled; paths that are still being written then stay for the next one. New files and removals wait for that, and for
each other; what was saved over an earlier version waits no longer than `patience_seconds` for the others, so that what
stood for three seconds is in history before it is saved over. More than BULK of those are a program's work, and wait
again. Nothing waits longer than `longest_seconds`.
"""

from __future__ import annotations

from dataclasses import dataclass

QUIET_SECONDS = 2.0
GONE_SECONDS = 2.25
PATIENCE_SECONDS = 0.5
LONGEST_SECONDS = 30.0
BULK = 50


@dataclass
class _Path:
    joined: float
    last: float
    gone: bool
    new: bool


class Settler:
    """The paths that something happened to, until they are `ready`."""

    def __init__(
        self,
        quiet_seconds: float = QUIET_SECONDS,
        gone_seconds: float = GONE_SECONDS,
        longest_seconds: float = LONGEST_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._quiet = quiet_seconds
        self._gone = gone_seconds
        self._longest = longest_seconds
        self._patience = patience_seconds
        self._paths: dict[str, _Path] = {}

    def touch(self, path: str, now: float, *, gone: bool = False, new: bool = False) -> None:
        """Something happened to the path; `gone`: nothing stands there any more, `new`: nothing stood there before."""
        known = self._paths.setdefault(path, _Path(now, now, gone, new))
        known.last = now
        known.gone = gone

    def due(self) -> float | None:
        """When `ready` has something to give; None while nothing waits. Later touches may put it off."""
        if not self._paths:
            return None
        waiting = self._paths.values()
        settled = min(map(self._settles, waiting))
        joined = max(path.joined for path in waiting) + self._quiet
        gone = max((self._settles(path) for path in waiting if path.gone), default=settled)
        latest = min(path.joined for path in waiting) + self._longest
        saved_over = [self._settles(path) for path in waiting if not (path.gone or path.new)]
        if 0 < len(saved_over) <= BULK:
            latest = min(latest, min(saved_over) + self._patience)
        return min(max(settled, joined, gone), latest)

    def ready(self, now: float) -> list[str]:
        """The paths of a burst that is over, each once; they are no longer waited for."""
        due = self.due()
        if due is None or now < due:
            return []
        settled = sorted(path for path, known in self._paths.items() if self._settles(known) <= now)
        for path in settled:
            del self._paths[path]
        return settled

    def _settles(self, path: _Path) -> float:
        return min(path.last + (self._gone if path.gone else self._quiet), path.joined + self._longest)
