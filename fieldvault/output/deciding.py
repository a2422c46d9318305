"""What a person must decide, with the command that decides it.

Law: every value that stands is shown with who wrote it and when, and the record's own is marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fieldvault.core.conflicts import OF_VALUES
from fieldvault.core.values import MISSING, Maybe, to_pointer
from fieldvault.messages import harmless, say
from fieldvault.output.phrases import person, problems, quoted, short_time, shown_value

if TYPE_CHECKING:  # what the reports are; a command loads only its own
    from fieldvault.actions.deciding.conflicts import OpenConflict, Standing, Waiting
    from fieldvault.core.conflicts import Conflict

AROUND_LINES = 4


def to_decide(conflicts: Iterable[OpenConflict]) -> Iterator[str]:
    for one in (conflict for conflict in conflicts if conflict.waits):
        values = [_standing(standing, one) for standing in sorted(one.standing, key=lambda s: -(s.time or 0))]
        yield say("to-decide", title=one.title, field=_field(one), values=f" {say('or')} ".join(values))
        yield _resolve_hint(one)


def numbered(report: Waiting) -> Iterator[str]:
    """Every open conflict with its standing values numbered as `--take` counts them, then what does not agree."""
    conflicts = report.conflicts
    if not conflicts and not report.problems:
        yield say("no-conflicts")
    if conflicts:
        yield say("heading-conflicts")
    for one in conflicts:
        yield f"{one.title}: {_field(one)}   [{one.conflict.kind}]"
        for number, standing in enumerate(one.standing, start=1):
            yield f"  {number}  {_standing(standing, one)}"
        if one.conflict.base is not MISSING:
            yield f"     {say('base', value=_value(one.conflict.base, one))}"
        yield _resolve_hint(one)
    if report.problems:
        yield say("heading-problems")
        yield from problems(report.problems)


def asked(one: OpenConflict, text: str) -> Iterator[str]:
    """One open field with the record's text around it, and its values numbered."""
    yield ""
    yield f"{one.title}: {_field(one)}"
    if one.line is not None:
        lines = text.splitlines()
        first = max(0, one.line - 1 - AROUND_LINES)
        yield from (f"  | {harmless(line)}" for line in lines[first : one.line + AROUND_LINES])
    for number, standing in enumerate(one.standing, start=1):
        yield f"  {number}  {_standing(standing, one)}"


def _resolve_hint(one: OpenConflict) -> str:
    record = one.title if one.conflict.kind in OF_VALUES else one.path
    field = to_pointer(one.conflict.field)[1:]
    return say("resolve-hint", record=quoted(record), field=f" {field}" if field else "")


def _field(one: OpenConflict) -> str:
    return one.field_title or spoken(one.conflict)


def spoken(conflict: Conflict) -> str:
    field = conflict.field
    if not field:
        return say(f"kind-{conflict.kind}") if conflict.kind not in OF_VALUES else say("whole-record")
    return f"{field[0].removesuffix('s')} {field[1]}" if len(field) > 1 else field[0]


def _value(value: Maybe, one: OpenConflict) -> str:
    """A value in short; of a whole record how a person calls it."""
    if one.conflict.field or not isinstance(value, dict):
        return shown_value(value)
    from fieldvault.core.describe import title_of  # records are removed seldom

    return say("record-titled", title=harmless(title_of(value, one.path)))


def _standing(standing: Standing, one: OpenConflict) -> str:
    value = _value(standing.value, one)
    if standing.author and standing.time:
        value = say("by", value=value, author=person(standing.author), time=short_time(standing.time))
    return say("shown", value=value) if standing.shown else value
