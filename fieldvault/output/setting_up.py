"""What init, clone, check and schema explain print.

Law: a problem is told with its path and line, so that an editor can jump there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fieldvault.messages import count, error, say
from fieldvault.output.files import attached
from fieldvault.output.phrases import problems

if TYPE_CHECKING:  # what the reports are; a command loads only its own
    from fieldvault.actions.looking.check import CheckReport
    from fieldvault.actions.looking.explain import Example, Explanation
    from fieldvault.actions.setting_up.equipment import SetUp


def set_up(report: SetUp, cloned: bool) -> Iterator[str]:
    key = "vault-cloned" if cloned else "vault-made"
    yield say(key, path=report.root, url=report.hub or "", what=count(report.files, "file"))
    yield from attached((), report.absent)


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
