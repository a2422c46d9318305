"""What attach, get, drop and pin report.

Law: of each attachment that is not as it was asked for, why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fieldvault.messages import reason, say
from fieldvault.output.phrases import some

if TYPE_CHECKING:  # what the reports are; a command loads only its own
    from fieldvault.actions.attaching.keeping import Dropped
    from fieldvault.actions.syncing.bringing import Brought


def brought(report: Brought) -> Iterator[str]:
    yield from attached(report.shown, report.left)
    if not report.shown and not report.left:
        yield say("no-attachments")


def attached(shown: Sequence[str], left: dict[str, str]) -> Iterator[str]:
    """Large attachments: those that came, and those that are not on this machine."""
    if shown:
        yield say("came-here", paths=some(list(shown)))
    yield from (say("not-here", path=path, reason=reason(why)) for path, why in left.items())


def dropped(report: Dropped) -> Iterator[str]:
    if report.dropped:
        yield say("dropped", paths=some(report.dropped))
    yield from (say("not-dropped", path=path, reason=reason(why)) for path, why in report.left.items())
    if not report.dropped and not report.left:
        yield say("no-attachments")
