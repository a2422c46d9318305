"""Reports as lines for a person.

Law: one line where all is well; what a person must decide comes with the command that decides it. An absent hub is no
error and never red.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fieldvault.core.conflicts import OF_VALUES
from fieldvault.core.describe import count_of, field_words
from fieldvault.core.values import MISSING, Maybe, canonical, to_pointer
from fieldvault.messages import count, error, harmless, problem, reason, say

if TYPE_CHECKING:  # what the reports are; a command loads only its own
    from fieldvault.actions.agreement import FileProblem
    from fieldvault.actions.check import CheckReport
    from fieldvault.actions.commit import CommitReport, Draft
    from fieldvault.actions.conflicts import OpenConflict, Standing, Waiting
    from fieldvault.actions.explain import Example, Explanation
    from fieldvault.actions.history import LogEntry
    from fieldvault.actions.merging import MergedRecord
    from fieldvault.actions.records import Shown
    from fieldvault.actions.setup import SetUp
    from fieldvault.actions.status import StatusReport
    from fieldvault.actions.sync import SyncReport
    from fieldvault.actions.treemerge import MergedFile
    from fieldvault.actions.undo import Undone
    from fieldvault.core.conflicts import Conflict
    from fieldvault.core.describe import FileChange
    from fieldvault.errors import FieldvaultError

NAMES_MAX = 8
AROUND_LINES = 4


def committed(report: CommitReport, *, quiet_when_nothing: bool = False) -> Iterator[str]:
    if report.commit:
        what = count_of(report.changes)
        yield say("committed", what=what, names=_names(report.changes)) if what else say("committed-choice")
    elif not quiet_when_nothing and not report.waits:
        yield say("committed-nothing")
    yield from _merged(report.merged)
    yield from (say("stale-exact" if save.exact else "stale-merged", title=save.title) for save in report.stale)
    yield from waiting(report)


def waiting(report: CommitReport) -> Iterator[str]:
    yield from (say("draft", problem=_problem(draft)) for draft in report.drafts)
    yield from (say("held", path=path, reason=reason(why)) for path, why in report.held.items())
    yield from _behind(report.behind)


def _behind(paths: dict[str, str]) -> Iterator[str]:
    yield from (say("behind", path=path, reason=reason(why)) for path, why in paths.items())


def synced(report: SyncReport, conflicts: Sequence[OpenConflict]) -> Iterator[str]:
    yield from committed(report.committed, quiet_when_nothing=True)
    moved = []
    if report.received:
        authors = list(dict.fromkeys(_name(commit.author) for commit in report.received))
        moved.append(say("received", what=count(len(report.news), "change"), who=authors))
    if report.sent:
        moved.append(say("sent", what=count(report.sent, "commit")))
    if moved:
        yield "     ".join(moved)
    yield from _merged(report.merged)
    for path, why in report.refused.items():
        yield say("refused", path=path, who=_name(report.refused_by), reason=reason(why))
    yield from _behind(report.behind)
    yield from to_decide(conflicts)
    yield from problems(report.problems)
    if report.unreachable is not None:
        message = error(report.unreachable.kind, report.unreachable.facts)[0]
        yield say("unreachable", why=message[:1].upper() + message[1:], what=_wait(report.waiting))
    elif not moved and not report.committed.commit:
        yield say("in-step")


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
        yield say("merged", names=_some(names))


def to_decide(conflicts: Iterable[OpenConflict]) -> Iterator[str]:
    for one in (conflict for conflict in conflicts if conflict.waits):
        values = [_standing(standing) for standing in sorted(one.standing, key=lambda s: -(s.time or 0))]
        yield say("to-decide", title=one.title, field=_spoken(one.conflict), values=f" {say('or')} ".join(values))
        yield _resolve_hint(one)


def asked(one: OpenConflict, text: str) -> Iterator[str]:
    """One open field with the record's text around it, and its values numbered."""
    yield ""
    yield f"{one.title}: {_spoken(one.conflict)}"
    if one.line is not None:
        lines = text.splitlines()
        first = max(0, one.line - 1 - AROUND_LINES)
        yield from (f"  | {harmless(line)}" for line in lines[first : one.line + AROUND_LINES])
    for number, standing in enumerate(one.standing, start=1):
        yield f"  {number}  {_standing(standing)}"


def _resolve_hint(one: OpenConflict) -> str:
    record = one.title if one.conflict.kind in OF_VALUES else one.path
    field = to_pointer(one.conflict.field)[1:]
    return say("resolve-hint", record=_quoted(record), field=f" {field}" if field else "")


def _spoken(conflict: Conflict) -> str:
    field = conflict.field
    if not field:
        return say(f"kind-{conflict.kind}") if conflict.kind not in OF_VALUES else say("whole-record")
    return f"{field[0].removesuffix('s')} {field[1]}" if len(field) > 1 else field[0]


def _standing(standing: Standing) -> str:
    value = shown_value(standing.value)
    if standing.author and standing.time:
        when = (
            datetime.fromtimestamp(standing.time)
            .astimezone()
            .strftime("%-d %b %H:%M" if Path("/").exists() else "%d %b %H:%M")
        )
        value = say("by", value=value, author=_name(standing.author), time=when)
    return say("shown", value=value) if standing.shown else value


def _short_time(seconds: int) -> str:
    when = datetime.fromtimestamp(seconds).astimezone()
    return f"{when.day} {when:%b %H:%M}"


def shown_value(value: Maybe) -> str:
    if value is MISSING:
        return say("removed")
    return harmless(canonical(value))


def numbered(report: Waiting) -> Iterator[str]:
    """Every open conflict with its standing values numbered as `--take` counts them, then what does not agree."""
    conflicts = report.conflicts
    if not conflicts and not report.problems:
        yield say("no-conflicts")
    if conflicts:
        yield say("heading-conflicts")
    for one in conflicts:
        yield f"{one.title}: {_spoken(one.conflict)}   [{one.conflict.kind}]"
        for number, standing in enumerate(one.standing, start=1):
            yield f"  {number}  {_standing(standing)}"
        if one.conflict.base is not MISSING:
            yield f"     {say('base', value=shown_value(one.conflict.base))}"
        yield _resolve_hint(one)
    if report.problems:
        yield say("heading-problems")
        yield from problems(report.problems)


def status(report: StatusReport, now: int) -> Iterator[str]:
    parts = [report.branch or "HEAD"]
    if report.hub is None:
        parts.append(say("status-no-hub"))
    elif report.waiting:
        parts.append(_wait_of(report))
    if report.hub is not None:
        synced_at = report.confirmed_at
        parts.append(say("status-synced", ago=_ago(now - synced_at)) if synced_at else say("status-never"))
    if report.conflicts:
        parts.append(say("status-decide", number=report.conflicts))
    if report.drafts:
        parts.append(say("status-draft", what=count(len(report.drafts), "draft"), problem=_problem(report.drafts[0])))
    if report.edits:
        parts.append(say("status-edits", what=count(len(report.edits), "change")))
    if not (report.waiting or report.waits or report.edits or report.behind):
        parts.append(say("status-nothing"))
    if report.watched:
        parts.append(say("status-watched"))
    yield " · ".join(parts)
    yield from (f"  {harmless(path)}" for path in report.edits[:20])
    yield from (say("draft", problem=_problem(draft)) for draft in report.drafts[1:])
    yield from (say("held", path=path, reason=reason(why)) for path, why in report.held.items())
    yield from (say("behind-now", path=path) for path in report.behind)


def _wait_of(report: StatusReport) -> str:
    key = "status-waits" if report.waiting == 1 else "status-waiting"
    return say(key, what=count(report.waiting, "commit"), size=size(report.waiting_bytes))


def size(octets: int) -> str:
    """`18 kB`: decimal units, as git counts."""
    number = float(octets)
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if number >= 10 or unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def _ago(seconds: int) -> str:
    for limit, unit, divisor in ((60, "moment", 60), (3600, "min", 60), (172800, "h", 3600)):
        if seconds < limit:
            return say(f"ago-{unit}", number=seconds // divisor)
    return say("ago-days", number=seconds // 86400)


def log(entries: Iterable[LogEntry]) -> Iterator[str]:
    for entry in entries:
        commit = entry.commit
        when = datetime.fromtimestamp(commit.author_time).astimezone().strftime("%Y-%m-%d %H:%M")
        subject = commit.message.splitlines()[0] if commit.message.strip() else ""
        waits = f"  ({say('log-waiting')})" if entry.waiting else ""
        yield harmless(f"{commit.oid[:10]}  {when}  {_name(commit.author)}  {subject}{waits}")
        if entry.decided is not None:
            yield from _decisions(entry.decided)


def _decisions(merged: MergedRecord) -> Iterator[str]:
    """What a merge decided about a record, and by which strategy."""
    for notice in merged.notices:
        field, dropped = to_pointer(notice.field)[1:], [shown_value(value) for value in notice.dropped]
        yield say("log-notice", field=field, shown=shown_value(notice.shown), dropped=dropped, strategy=notice.kind)
    for conflict in merged.conflicts:
        also = [shown_value(value) for value in conflict.also]
        yield say("log-conflict", field=to_pointer(conflict.field)[1:] or say("whole-record"), also=also)
    told = {notice.field for notice in merged.notices}
    fields = [to_pointer(field)[1:] for field in merged.merged_fields if field not in told]
    if fields:
        yield say("log-merged", fields=fields)


def diff(changes: Sequence[FileChange]) -> Iterator[str]:
    if not changes:
        yield say("no-diff")
    for change in changes:
        yield f"{_name_of(change)}   {harmless(change.path)}"
        for field in change.fields:
            name = harmless(to_pointer(field.path)[1:] or ".")
            yield f"  {name}: {_side(field.old)} → {_side(field.new)}"


def _side(value: Maybe) -> str:
    return say("absent") if value is MISSING else harmless(canonical(value))


def shown(report: Shown) -> Iterator[str]:
    yield f"# {harmless(report.found.path)}"
    yield from (harmless(line) for line in report.found.data.decode("utf-8-sig").splitlines())
    for conflict in report.conflicts:
        others = f" {say('or')} ".join(shown_value(value) for value in conflict.also)
        yield say("also-stands", field=_spoken(conflict), values=others)


def checked(report: CheckReport) -> Iterator[str]:
    for path, failure in report.unreadable:
        yield error(failure.kind, {"path": path, **failure.facts})[0]
    yield from problems(report.problems)
    number = len(report.unreadable) + len(report.problems)
    yield say(
        "checked",
        files=count(report.files, "file"),
        problems=count(number, "problem") if number else say("all-well"),
    )


def explained(report: Explanation) -> Iterator[str]:
    for one in report.fields:
        policy = one.policy
        names = [str(each) for each in (*policy.keys, *policy.levels, *filter(None, (policy.function,)))]
        detail = f" [{', '.join(names)}]" if names else ""
        detail += say("explain-group", group=policy.group) if policy.group else ""
        title = say("explain-title", title=one.title) if one.title else ""
        path = "  " * (len(one.path) - 1) + one.path[-1]
        why = say(f"why-{policy.why}")
        yield say("explain-field", path=path, title=title, strategy=policy.strategy, detail=detail, why=why)
    for example in report.examples:
        yield ""
        yield say("example", strategy=example.strategy)
        for key in ("base", "ours", "theirs", "expected"):
            yield f"  -- {_side_name(key, example)}"
            yield from (f"     {line}" for line in str(getattr(example, key)).splitlines())


def _side_name(key: str, example: Example) -> str:
    if key != "expected":
        return say(f"{key}-of")
    fields = [line.split(": ", 1)[1] for line in example.conflicts.splitlines() if "field: " in line]
    return say("example-both", fields=fields) if fields else say("example-clean")


def problems(found: Iterable[FileProblem]) -> Iterator[str]:
    """`path:12: phones/std: ...` for each problem."""
    for one in found:
        where = f"{one.path}:{one.problem.line}" if one.problem.line else one.path
        field = to_pointer(one.problem.field)[1:]
        yield harmless(f"{where}: {field + ': ' if field else ''}") + problem(one.problem.kind, one.problem.facts)


def undone(report: Undone) -> Iterator[str]:
    subject = report.commit.message.splitlines()[0] if report.commit.message.strip() else report.commit.oid[:10]
    yield say("undone", subject=subject)
    yield from _merged(report.report.merged)
    yield from _behind(report.report.behind)


def set_up(report: SetUp, cloned: bool) -> Iterator[str]:
    key = "vault-cloned" if cloned else "vault-made"
    yield say(key, path=report.root, url=report.hub or "", what=count(report.files, "file"))


def hub_made(path: Path) -> Iterator[str]:
    yield say("hub-made", path=path)
    yield say("hub-next", path=path)


def meter(moved: Mapping[str, int]) -> str:
    return say("meter", received=size(moved["received"]), sent=size(moved["sent"]))


def mended(keys: Iterable[str]) -> Iterator[str]:
    yield from (say(key) for key in keys)


def failure(cause: FieldvaultError) -> Iterator[str]:
    message, hint = error(cause.kind, cause.facts)
    yield say("error", message=message)
    if hint:
        yield say("hint", hint=hint)


def _problem(draft: Draft) -> str:
    return error(draft.problem.kind, draft.problem.facts)[0]


def _names(changes: Sequence[FileChange]) -> str:
    return _some([_name_of(change) for change in changes])


def _some(names: Sequence[str]) -> str:
    more = [say("more", number=len(names) - NAMES_MAX)] if len(names) > NAMES_MAX else []
    return ", ".join([*names[:NAMES_MAX], *more])


def _name_of(change: FileChange) -> str:
    if change.kind == "new":
        return say("new", type=change.type or say("file"), title=change.title)
    if change.kind == "removed":
        return say("gone", title=change.title)
    if change.kind == "renamed":
        return say("moved", title=change.title, path=change.path)
    words = ", ".join(field_words(change.fields))
    return harmless(f"{change.title} ({words})" if words else change.title)


def _name(person: str) -> str:
    return harmless(person.partition(" <")[0])


def _quoted(text: str) -> str:
    return '"' + harmless(text).replace('"', '\\"') + '"'
