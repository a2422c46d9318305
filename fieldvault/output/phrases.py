"""Phrases that several reports share: values, sizes, times, names, errors.

Law: each returns what stands inside a line, or whole lines that any command may print.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from fieldvault.messages import error, harmless, problem, say, size

if TYPE_CHECKING:  # what the reports are; a command loads only its own
    from fieldvault.actions.records.agreement import FileProblem
    from fieldvault.core.describe import FileChange
    from fieldvault.core.values import Maybe
    from fieldvault.errors import FieldvaultError

NAMES_MAX = 8


def shown_value(value: Maybe) -> str:
    from fieldvault.core.values import MISSING, canonical  # most reports show no value

    if value is MISSING:
        return say("removed")
    return harmless(canonical(value))


def ago(seconds: int) -> str:
    for limit, unit, divisor in ((60, "moment", 60), (3600, "min", 60), (172800, "h", 3600)):
        if seconds < limit:
            return say(f"ago-{unit}", number=seconds // divisor)
    return say("ago-days", number=seconds // 86400)


def short_time(seconds: int) -> str:
    when = datetime.fromtimestamp(seconds).astimezone()
    return f"{when.day} {when:%b %H:%M}"


def person(person: str) -> str:
    return harmless(person.partition(" <")[0])


def quoted(text: str) -> str:
    return '"' + harmless(text).replace('"', '\\"') + '"'


def names(changes: Sequence[FileChange]) -> str:
    return some([name_of(change) for change in changes])


def some(names: Sequence[str]) -> str:
    more = [say("more", number=len(names) - NAMES_MAX)] if len(names) > NAMES_MAX else []
    return ", ".join([*names[:NAMES_MAX], *more])


def name_of(change: FileChange) -> str:
    if change.kind == "new":
        return say("new", type=change.type or say("file"), title=change.title)
    if change.kind == "removed":
        return say("gone", title=change.title)
    if change.kind == "renamed":
        return say("moved", title=change.title, path=change.path)
    from fieldvault.core.describe import field_words

    words = ", ".join(field_words(change.fields))
    return harmless(f"{change.title} ({words})" if words else change.title)


def problems(found: Iterable[FileProblem]) -> Iterator[str]:
    """`path:12: phones/std: ...` for each problem."""
    from fieldvault.core.values import to_pointer  # as above

    for one in found:
        where = f"{one.path}:{one.problem.line}" if one.problem.line else one.path
        field = to_pointer(one.problem.field)[1:]
        yield harmless(f"{where}: {field + ': ' if field else ''}") + problem(one.problem.kind, one.problem.facts)


def meter(moved: Mapping[str, int]) -> str:
    return say("meter", received=size(moved["received"]), sent=size(moved["sent"]))


def mended(keys: Iterable[str]) -> Iterator[str]:
    yield from (say(key) for key in keys)


def why(cause: FieldvaultError) -> str:
    """What went wrong, without what to do."""
    return error(cause.kind, cause.facts)[0]


def failure(cause: FieldvaultError) -> Iterator[str]:
    message, hint = error(cause.kind, cause.facts)
    yield say("error", message=message)
    if hint:
        yield say("hint", hint=hint)
