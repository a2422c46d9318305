"""What the watcher tells, as lines and for the desktop.

Law: calm: a line where something moved or waits, with its time, and none where all is as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from fieldvault.messages import error, say
from fieldvault.output import deciding, keeping
from fieldvault.output.phrases import why

if TYPE_CHECKING:
    from fieldvault.actions.watching.telling import Happening


def happened(happening: Happening, root: str) -> Iterator[str]:
    """The lines of one happening, without their time."""
    if happening.committed is not None:
        yield from keeping.committed(happening.committed, quiet_when_nothing=True)
    elif happening.synced is not None:
        yield from keeping.synced(happening.synced, happening.conflicts)
    elif happening.error is not None:
        message, hint = error(happening.error.kind, happening.error.facts)
        yield say(f"watch-{happening.kind}", why=message)
        if hint:
            yield say("hint", hint=hint)
    else:
        yield say("watch-started", path=root)


def stamped(lines: Iterator[str], seconds: int) -> Iterator[str]:
    """The first line with the time of day, the others below it."""
    time = datetime.fromtimestamp(seconds).astimezone().strftime("%H:%M")
    for number, line in enumerate(lines):
        yield f"{'     ' if number else time}  {line}"


def shouted(happening: Happening) -> str | None:
    """What a person should hear of without looking at a terminal: a draft, a refusal, a question; None for the rest."""
    report = happening.committed
    if report is not None and (report.opened or report.stale or report.waits):
        return "\n".join([*keeping.questions(report), *keeping.waiting(report)])
    if happening.error is not None:
        return why(happening.error)
    if happening.synced is not None and happening.synced.received:
        return "\n".join(deciding.to_decide(happening.conflicts)) or None
    return None
