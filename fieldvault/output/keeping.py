"""What commit, sync, status and undo report.

Law: one line where all is well. An absent hub is no error and never red.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from fieldvault.core.deletions import MASS_DELETION
from fieldvault.messages import count, error, harmless, reason, say, size
from fieldvault.output.files import attached
from fieldvault.output.phrases import ago, names, person, problems, some, why

if TYPE_CHECKING:  # what the reports are; a command loads only its own
    from fieldvault.actions.committing.commit import CommitReport
    from fieldvault.actions.deciding.conflicts import OpenConflict
    from fieldvault.actions.deciding.undo import Undone
    from fieldvault.actions.looking.status import StatusReport
    from fieldvault.actions.merging.treemerge import MergedFile
    from fieldvault.actions.syncing.report import SyncReport

EDITS_MAX = 20  # of which status has a line each


def committed(report: CommitReport, *, quiet_when_nothing: bool = False) -> Iterator[str]:
    if report.commit:
        from fieldvault.core.describe import count_of

        what = count_of(report.changes)
        if what:
            yield say("committed", what=what, names=names(report.changes))
        elif not report.stale:  # what a stale save left open is nobody's choice
            yield say("committed-choice")
    elif not quiet_when_nothing and not report.waits and not report.opened:
        yield say("committed-nothing")
    yield from _merged(report.merged)
    yield from questions(report)
    yield from waiting(report)


def questions(report: CommitReport) -> Iterator[str]:
    """What merges left open, and saves from editors that held an old version."""
    if report.opened:
        yield say("left-open", what=count(report.opened, "field"))
    yield from (say("stale-exact" if save.exact else "stale-merged", title=save.title) for save in report.stale)


def waiting(report: CommitReport) -> Iterator[str]:
    yield from (say("draft", problem=why(draft.problem)) for draft in report.drafts)
    yield from _held(report.held)
    yield from _behind(report.behind)


def _masses_apart(held: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Mass deletions, of which one line tells, and what is told path by path, with its reason."""
    masses = [path for path, kind in held.items() if kind == MASS_DELETION]
    return masses, {path: kind for path, kind in held.items() if kind != MASS_DELETION}


def _held(held: Mapping[str, str]) -> Iterator[str]:
    masses, others = _masses_apart(held)
    yield from (say("held", path=path, reason=reason(kind)) for path, kind in others.items())
    if masses:
        yield say("held-deletions", what=count(len(masses), "deletion"), names=some(masses))


def _behind(paths: Mapping[str, str]) -> Iterator[str]:
    yield from (say("behind", path=path, reason=reason(kind)) for path, kind in paths.items())


def synced(report: SyncReport, conflicts: Sequence[OpenConflict]) -> Iterator[str]:
    yield from brought(report, conflicts)
    if report.unreachable is not None:
        message, hint = error(report.unreachable.kind, report.unreachable.facts)
        yield say("unreachable", why=message[:1].upper() + message[1:], what=_wait(report.waiting))
        if hint:
            yield say("hint", hint=hint)
        if report.delivered:
            yield say("delivered", what=count(report.delivered, "commit"))
    elif not (report.received or report.sent or report.committed.commit):
        yield say("in-step")


def brought(report: SyncReport, conflicts: Sequence[OpenConflict]) -> Iterator[str]:
    """What went, what came, and what became of it."""
    yield from committed(report.committed, quiet_when_nothing=True)
    moved = []
    if report.received:
        authors = list(dict.fromkeys(person(commit.author) for commit in report.received))
        what = count(len(report.news), "change") if report.news else count(len(report.received), "commit")
        moved.append(say("received", what=what, who=authors))
    if report.sent:
        moved.append(say("sent", what=count(report.sent, "commit")))
    if moved:
        yield "     ".join(moved)
    yield from _merged(report.merged)
    masses, others = _masses_apart(report.refused)
    who = person(report.refused_by)
    yield from (say("refused", path=path, who=who, reason=reason(kind)) for path, kind in others.items())
    if masses:
        yield say("refused-deletions", what=count(len(masses), "deletion"), names=some(masses), who=who)
    yield from _behind(report.behind)
    if report.restored:
        yield say("restored", what=count(report.restored, "commit"))
    yield from attached(report.attachments, report.absent)
    if report.refusal is not None:
        yield say("contents-refused", why=why(report.refusal))
    if conflicts:
        from fieldvault.output.deciding import to_decide

        yield from to_decide(conflicts)
    yield from problems(report.problems)


def _wait(commits: int) -> str:
    if not commits:
        return say("nothing-waits")
    return say("wait-one" if commits == 1 else "wait-many", what=count(commits, "commit"))


def _merged(files: Iterable[MergedFile]) -> Iterator[str]:
    names = []
    for file in files:
        if file.other:
            yield say("kept-both", path=file.path, other=file.other)
        elif file.record is None or file.record.merged_fields:
            fields = len(file.record.merged_fields) if file.record else 0
            names.append(f"{file.title} ({count(fields, 'field')})" if fields else file.title)
    if names:
        yield say("merged", names=some(names))


def status(report: StatusReport, now: int) -> Iterator[str]:
    yield " · ".join(_standing(report, now))
    if report.failure is not None:
        yield say("status-failure", why=why(report.failure))
    yield from (f"  {harmless(path)}" for path in report.edits[:EDITS_MAX])
    yield from (say("draft", problem=why(draft.problem)) for draft in report.drafts[1:])
    yield from _held(report.held)
    yield from (say("behind-now", path=path) for path in report.behind)


def _standing(report: StatusReport, now: int) -> Iterator[str]:
    """The parts of the one line that says how things stand."""
    yield report.branch or "HEAD"
    if report.hub is None:
        yield say("status-no-hub")
    elif report.waiting:
        yield _waits(report.waiting, "commit", report.waiting_bytes)
    if report.hub is not None:
        at = report.confirmed_at
        yield say("status-synced", ago=ago(now - at)) if at else say("status-never")
    if report.delivered:
        yield say("status-delivered", what=count(report.delivered, "commit"))
    if report.conflicts:
        yield say("status-decide", number=report.conflicts)
    if report.drafts:
        problem = why(report.drafts[0].problem)
        yield say("status-draft", what=count(len(report.drafts), "draft"), problem=problem)
    if report.edits:
        yield say("status-edits", what=count(len(report.edits), "change"))
    if report.attachments_waiting:
        yield _waits(report.attachments_waiting, "attachment", report.attachments_waiting_bytes)
    if report.attachments_absent:
        yield say("status-absent", what=count(report.attachments_absent, "attachment"))
    under_way = report.waiting or report.attachments_waiting or report.attachments_absent
    if not (under_way or report.waits or report.edits or report.behind):
        yield say("status-nothing")
    if report.watched:
        yield say("status-watched")


def _waits(number: int, noun: str, octets: int) -> str:
    return say("status-waits" if number == 1 else "status-waiting", what=count(number, noun), size=size(octets))


def undone(report: Undone) -> Iterator[str]:
    yield say("undone", subject=report.commit.subject or report.commit.oid[:10])
    yield from _merged(report.report.merged)
    yield from _behind(report.report.behind)
