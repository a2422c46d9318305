"""What commit, sync, status and undo report.

Law: one line where all is well. An absent hub is no error and never red.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from fieldvault.core.deletions import MASS_DELETION
from fieldvault.messages import count, error, harmless, reason, say, size
from fieldvault.output.files import attached
from fieldvault.output.phrases import ago, names, person, problems, some

if TYPE_CHECKING:  # what the reports are; a command loads only its own
    from fieldvault.actions.committing.commit import CommitReport
    from fieldvault.actions.committing.unreadable import Draft
    from fieldvault.actions.deciding.conflicts import OpenConflict
    from fieldvault.actions.deciding.undo import Undone
    from fieldvault.actions.looking.status import StatusReport
    from fieldvault.actions.merging.treemerge import MergedFile
    from fieldvault.actions.syncing.report import SyncReport


def committed(report: CommitReport, *, quiet_when_nothing: bool = False) -> Iterator[str]:
    if report.commit:
        from fieldvault.core.describe import count_of

        what = count_of(report.changes)
        yield say("committed", what=what, names=names(report.changes)) if what else say("committed-choice")
    elif not quiet_when_nothing and not report.waits and not report.opened:
        yield say("committed-nothing")
    if report.opened:
        yield say("left-open", what=count(report.opened, "field"))
    yield from _merged(report.merged)
    yield from (say("stale-exact" if save.exact else "stale-merged", title=save.title) for save in report.stale)
    yield from waiting(report)


def waiting(report: CommitReport) -> Iterator[str]:
    yield from (say("draft", problem=draft_problem(draft)) for draft in report.drafts)
    masses = [path for path, why in report.held.items() if why == MASS_DELETION]
    others = {path: why for path, why in report.held.items() if why != MASS_DELETION}
    yield from (say("held", path=path, reason=reason(why)) for path, why in others.items())
    if masses:
        yield say("held-deletions", what=count(len(masses), "deletion"), names=some(masses))
    yield from _behind(report.behind)


def _behind(paths: dict[str, str]) -> Iterator[str]:
    yield from (say("behind", path=path, reason=reason(why)) for path, why in paths.items())


def synced(report: SyncReport, conflicts: Sequence[OpenConflict]) -> Iterator[str]:
    yield from brought(report, conflicts)
    if report.unreachable is not None:
        message = error(report.unreachable.kind, report.unreachable.facts)[0]
        yield say("unreachable", why=message[:1].upper() + message[1:], what=_wait(report.waiting))
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
        moved.append(say("received", what=count(len(report.news), "change"), who=authors))
    if report.sent:
        moved.append(say("sent", what=count(report.sent, "commit")))
    if moved:
        yield "     ".join(moved)
    yield from _merged(report.merged)
    masses = [path for path, why in report.refused.items() if why == MASS_DELETION]
    others = {path: why for path, why in report.refused.items() if why != MASS_DELETION}
    for path, why in others.items():
        yield say("refused", path=path, who=person(report.refused_by), reason=reason(why))
    if masses:
        who = person(report.refused_by)
        yield say("refused-deletions", what=count(len(masses), "deletion"), names=some(masses), who=who)
    yield from _behind(report.behind)
    if report.restored:
        yield say("restored", what=count(report.restored, "commit"))
    yield from attached(report.attachments, report.absent)
    if report.refusal is not None:
        yield say("contents-refused", why=error(report.refusal.kind, report.refusal.facts)[0])
    if conflicts:
        from fieldvault.output.deciding import to_decide

        yield from to_decide(conflicts)
    yield from problems(report.problems)


def _wait(commits: int) -> str:
    return (
        say("nothing-waits")
        if not commits
        else say("wait-one" if commits == 1 else "wait-many", what=count(commits, "commit"))
    )


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
    parts = [report.branch or "HEAD"]
    if report.hub is None:
        parts.append(say("status-no-hub"))
    elif report.waiting:
        parts.append(_wait_of(report))
    if report.hub is not None:
        synced_at = report.confirmed_at
        parts.append(say("status-synced", ago=ago(now - synced_at)) if synced_at else say("status-never"))
    if report.delivered:
        parts.append(say("status-delivered", what=count(report.delivered, "commit")))
    if report.conflicts:
        parts.append(say("status-decide", number=report.conflicts))
    if report.drafts:
        parts.append(
            say("status-draft", what=count(len(report.drafts), "draft"), problem=draft_problem(report.drafts[0]))
        )
    if report.edits:
        parts.append(say("status-edits", what=count(len(report.edits), "change")))
    if report.attachments_waiting:
        parts.append(_attachments_wait_of(report))
    if report.attachments_absent:
        parts.append(say("status-absent", what=count(report.attachments_absent, "attachment")))
    under_way = report.waiting or report.attachments_waiting or report.attachments_absent
    if not (under_way or report.waits or report.edits or report.behind):
        parts.append(say("status-nothing"))
    if report.watched:
        parts.append(say("status-watched"))
    yield " · ".join(parts)
    if report.failure is not None:
        yield say("status-failure", why=error(report.failure.kind, report.failure.facts)[0])
    yield from (f"  {harmless(path)}" for path in report.edits[:20])
    yield from (say("draft", problem=draft_problem(draft)) for draft in report.drafts[1:])
    yield from (say("held", path=path, reason=reason(why)) for path, why in report.held.items())
    yield from (say("behind-now", path=path) for path in report.behind)


def _wait_of(report: StatusReport) -> str:
    key = "status-waits" if report.waiting == 1 else "status-waiting"
    return say(key, what=count(report.waiting, "commit"), size=size(report.waiting_bytes))


def _attachments_wait_of(report: StatusReport) -> str:
    key = "status-waits" if report.attachments_waiting == 1 else "status-waiting"
    return say(key, what=count(report.attachments_waiting, "attachment"), size=size(report.attachments_waiting_bytes))


def undone(report: Undone) -> Iterator[str]:
    yield say("undone", subject=report.commit.subject or report.commit.oid[:10])
    yield from _merged(report.report.merged)
    yield from _behind(report.report.behind)


def draft_problem(draft: Draft) -> str:
    return error(draft.problem.kind, draft.problem.facts)[0]
