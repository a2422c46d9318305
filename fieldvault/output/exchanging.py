"""What bundle create and bundle apply report.

Law: applying a bundle is told as a sync is; what it brought has come, whichever way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fieldvault.messages import count, say, size
from fieldvault.output.keeping import brought, committed

if TYPE_CHECKING:  # what the reports are; a command loads only its own
    from fieldvault.actions.deciding.conflicts import OpenConflict
    from fieldvault.actions.syncing.bundles import Bundled
    from fieldvault.actions.syncing.report import SyncReport


def bundled(report: Bundled) -> Iterator[str]:
    yield from committed(report.committed, quiet_when_nothing=True)
    what = [count(report.commits, "commit")]
    if report.attachments:
        what.append(count(report.attachments, "attachment"))
    yield say("bundled", path=report.path, what=what, size=size(report.octets))
    yield say("bundle-all") if report.since is None else say("bundle-since", commit=report.since[:10])
    if report.without:
        yield say("bundle-without", what=count(report.without, "attachment"))


def unbundled(report: SyncReport, conflicts: Sequence[OpenConflict]) -> Iterator[str]:
    yield from brought(report, conflicts)
    if not (report.received or report.made):
        yield say("bundle-nothing-new")
