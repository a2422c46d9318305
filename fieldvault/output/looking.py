"""What show, log and diff print.

Law: one line a commit, one a field; whatever comes from a file is made harmless first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fieldvault.core.values import MISSING, Maybe, canonical, to_pointer
from fieldvault.messages import harmless, say
from fieldvault.output.deciding import spoken
from fieldvault.output.phrases import name_of, person, shown_value

if TYPE_CHECKING:  # what the reports are; a command loads only its own
    from pathlib import Path

    from fieldvault.actions.committing.editing import Shown
    from fieldvault.actions.looking.history import LogEntry
    from fieldvault.actions.merging.recordmerge import MergedRecord
    from fieldvault.core.conflicts import Conflict
    from fieldvault.core.describe import FileChange


def shown(report: Shown) -> Iterator[str]:
    yield f"# {harmless(report.found.path)}"
    yield from (harmless(line) for line in report.found.data.decode("utf-8-sig").splitlines())
    for conflict in report.conflicts:
        others = f" {say('or')} ".join(shown_value(value) for value in conflict.also)
        yield say("also-stands", field=spoken(conflict), values=others)


def log(entries: Iterable[LogEntry]) -> Iterator[str]:
    for entry in entries:
        commit = entry.commit
        when = datetime.fromtimestamp(commit.author_time).astimezone().strftime("%Y-%m-%d %H:%M")
        waits = f"  ({say('log-waiting')})" if entry.waiting else ""
        yield harmless(f"{commit.oid[:10]}  {when}  {person(commit.author)}  {commit.subject}{waits}")
        if entry.decided is not None:
            yield from _decisions(entry.decided)


def _decisions(merged: MergedRecord) -> Iterator[str]:
    """What a merge decided about a record, and by which strategy."""
    for notice in merged.notices:
        field, dropped = to_pointer(notice.field)[1:], [shown_value(value) for value in notice.dropped]
        yield say("log-notice", field=field, shown=shown_value(notice.shown), dropped=dropped, strategy=notice.kind)
    for conflict in merged.conflicts:
        yield say("log-conflict", **_open(conflict))
    told = {notice.field for notice in merged.notices}
    fields = [to_pointer(field)[1:] for field in merged.merged_fields if field not in told]
    if fields:
        yield say("log-merged", fields=fields)


def merged_file(path: Path, conflicts: Iterable[Conflict]) -> Iterator[str]:
    """What a merge of files left open."""
    for conflict in conflicts:
        yield say("file-conflict", path=path, **_open(conflict))


def _open(conflict: Conflict) -> dict[str, Any]:
    also = [shown_value(value) for value in conflict.also]
    return {"field": to_pointer(conflict.field)[1:] or say("whole-record"), "also": also}


def diff(changes: Sequence[FileChange]) -> Iterator[str]:
    if not changes:
        yield say("no-diff")
    for change in changes:
        yield f"{name_of(change)}   {harmless(change.path)}"
        for field in change.fields:
            name = harmless(to_pointer(field.path)[1:] or ".")
            yield f"  {name}: {_side(field.old)} → {_side(field.new)}"


def _side(value: Maybe) -> str:
    return say("absent") if value is MISSING else harmless(canonical(value))
