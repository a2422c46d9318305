"""What doctor and the hub commands print.

Law: one line where all is well; else what is wrong first, each with what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fieldvault.messages import count, finding, say, size

if TYPE_CHECKING:  # what the reports are; a command loads only its own
    from fieldvault.actions.tending.doctor import DoctorReport
    from fieldvault.actions.tending.findings import Finding
    from fieldvault.actions.tending.hubhealth import HubHealth
    from fieldvault.actions.tending.leaving_out import LeftOut
    from fieldvault.actions.tending.pruning import Pruned

_ORDER = ("wrong", "away", "hint")


def examined(report: DoctorReport) -> Iterator[str]:
    for one in sorted(report.findings, key=lambda one: _ORDER.index(one.level)):
        yield from _found(one)
    if report.hub is not None and report.hub.reached:
        yield _hub(report.hub)
    if not report.findings:
        yield say("doctor-well")


def _found(one: Finding) -> Iterator[str]:
    sentence, remedy = finding(one.kind, one.facts)
    yield say(f"doctor-{one.level}", message=sentence)
    if one.repair:
        remedy = say("doctor-repair", what=one.repair)
    if remedy:
        yield f"  {remedy}"


def _hub(health: HubHealth) -> str:
    parts = []
    if health.abilities is not None:
        parts.append(say("doctor-protocol", version=health.abilities.protocol))
        parts.append(say("doctor-filters" if health.abilities.filters else "doctor-no-filters"))
    if health.inbox:
        parts.append(say("doctor-inbox", ref=health.inbox))
    return say("doctor-hub", url=health.url, what=", ".join(parts) or say("doctor-answers"))


def repaired(what: str) -> Iterator[str]:
    yield say(f"repaired-{what}")


def left_out(report: LeftOut) -> Iterator[str]:
    yield say("left-out", commit=report.oid[:10], what=count(report.written, "commit"))
    yield from (say("kept-beside", path=path, other=other) for path, other in report.kept.items())
    yield say("left-out-backup", ref=report.backup)


def hub_made(path: Path) -> Iterator[str]:
    yield say("hub-made", path=path)
    yield say("hub-next", path=path)


def pruned(report: Pruned) -> Iterator[str]:
    if report.removed:
        yield say("pruned", what=count(len(report.removed), "inbox"))
    elif report.old is None or not report.old.count:
        yield say("pruned-nothing")
    if report.kept:
        yield say("prune-kept", what=count(len(report.kept), "inbox"))
    yield from (say("prune-refused", ref=ref, reason=why) for ref, why in report.refused.items())
    if (old := report.old) is not None and old.count:
        key = "pruned-contents" if old.removed else "prune-contents"
        yield say(key, what=count(old.count, "old"), size=size(old.octets))
