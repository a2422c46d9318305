"""`python -m tests.bench`: measure, print the table, write docs/benchmarks.md.

python -m tests.bench                              everything: half an hour
python -m tests.bench --records 1000 --rows status,commit-path --runs 3
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.bench import floors, page
from tests.bench.race import race
from tests.bench.rows import ROWS, Row
from tests.bench.stage import Stage

SIZES = (1_000, 10_000, 100_000)
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def main() -> None:
    options = _options()
    results = []
    for count in options.records:
        stage = Stage(options.cache / str(count), count)
        _apart(stage.build)
        floor = floors.measure(stage, options.runs)
        for row in options.rows:
            if count <= row.most_records:
                result = _measured(row, stage, floor, options.runs)
                results += [result] if result else []
    print(page.table(results))
    if not options.partial:
        PAGE.write_text(page.page(results), "utf-8")
        print(f"written: {PAGE.relative_to(Path.cwd())}")


def _apart(work: Callable[[], object]) -> None:
    """In a process of its own: what a process has held at its most counts as the peak of those that it starts."""
    worker = multiprocessing.Process(target=work)
    worker.start()
    worker.join()
    if worker.exitcode != 0:
        raise SystemExit(1)


def _measured(row: Row, stage: Stage, floor: dict[str, float], runs: int) -> page.Result | None:
    """One row at one size; None where this machine lacks the server that it needs."""
    try:
        with row.acts(stage) as acts:
            ours, theirs = race(acts, runs if not row.heavy else max(1, runs // 2))
    except pytest.skip.Exception as missing:
        print(f"{row.name}: {missing}")
        return None
    result = page.Result(row, stage.count, ours, theirs, sum(floor[part] for part in row.floor), floor)
    print(page.line(result), flush=True)
    return result


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="fv beside git on generated vaults")
    names = [row.name for row in ROWS]
    parser.add_argument("--records", default=SIZES, type=_numbers, help="sizes of the vaults, such as 1000,10000")
    parser.add_argument("--rows", default=names, type=lambda text: text.split(","), help=", ".join(names))
    parser.add_argument("--runs", default=5, type=int, help="of each command; heavy ones run half as often")
    cache = Path(tempfile.gettempdir()) / "fieldvault-bench"
    parser.add_argument("--cache", default=cache, type=Path, help="where the generated vaults are kept")
    options = parser.parse_args()
    options.partial = options.rows != names or options.records != SIZES
    options.rows = list(_chosen(options.rows, parser))
    return options


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _chosen(names: Iterable[str], parser: argparse.ArgumentParser) -> Iterable[Row]:
    rows = {row.name: row for row in ROWS}
    for name in names:
        if name not in rows:
            parser.error(f"no row {name}: {', '.join(rows)}")
        yield rows[name]


if __name__ == "__main__":
    main()
