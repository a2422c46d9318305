"""The results as a table, and as the page docs/benchmarks.md.

Law: the page names what it was measured with, and nothing of the machine beyond that.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

from tests.bench.race import Cost
from tests.bench.rows import Row

HEAD = ("records", "fv", "git", "fv s", "git s", "fv / git", "target", "floor s", "fv MiB")


@dataclass(frozen=True)
class Result:
    """One row at one size: medians, the sum of the floors under it, and all floors of that size."""

    row: Row
    count: int
    ours: Cost
    theirs: Cost
    floor: float
    floors: dict[str, float] = field(repr=False)

    @property
    def ratio(self) -> float:
        return float(getattr(self.ours, self.row.by)) / float(getattr(self.theirs, self.row.by))


def line(result: Result) -> str:
    """One row of the table; its target is that of the largest vault."""
    by = result.row.by
    target = result.row.target if result.count == result.row.most_records else None
    mark = " (missed)" if target is not None and result.ratio > target else ""
    cells = (
        f"{result.count:,}",
        result.row.ours,
        result.row.theirs,
        f"{getattr(result.ours, by):.3f}",
        f"{getattr(result.theirs, by):.3f}",
        f"{result.ratio:.2f}{mark}",
        f"{target or ''}",
        f"{result.floor:.3f}",
        f"{result.ours.memory:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def table(results: Sequence[Result]) -> str:
    rule = f"|{'|'.join(' --- ' for _ in HEAD)}|"
    return "\n".join((f"| {' | '.join(HEAD)} |", rule, *map(line, results)))


def page(results: Sequence[Result]) -> str:
    """docs/benchmarks.md."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    tools = f"Python {platform.python_version()}, git {git}, dulwich {version('dulwich')}, {os.cpu_count()} processors"
    sizes = {result.count: result.floors for result in results}
    parts = list(next(iter(sizes.values())))
    floors = "\n".join(
        f"| {count:,} | {' | '.join(f'{found[part] * 1000:.0f}' for part in parts)} |" for count, found in sizes.items()
    )
    return f"""\
# Benchmarks

Written by `make bench`; do not edit. Whole processes beside plain git in the same run, the two in turn, medians;
folders of about 100 records. {tools}, {platform.system()}.

{table(results)}

The targets are those for the largest vaults. Where a floor is above a target the floor wins, and a decision record says
why.

## The floors

Milliseconds. `start` is bare Python; `version` is `fv --version` over it; `imports of X` is what the command loads,
over bare Python; `scan` is a stat of every file; `index` is git's index read, checked, written and flushed once. The
floor of a row is the sum of its parts.

| records | {" | ".join(parts)} |
|{"|".join(" --- " for _ in ("", *parts))}|
{floors}
"""
