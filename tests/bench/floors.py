"""What each row cannot do without, whoever writes it in Python: the floor under its time.

Law: measured in the same run and in the same way as the rows, each as a process of its own or in this one.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.race import FV, Act, race, run
from tests.bench.stage import Stage

IMPORTS = {"commit": "fieldvault.actions.committing.commit", "status": "fieldvault.actions.looking.status"}


def measure(stage: Stage, runs: int) -> dict[str, float]:
    """Seconds: `start` of bare Python, `imports` over it, one `scan` of the folder, the `index` read and written."""
    vault = stage.fresh("floor")
    run(Act(stage.folder, [[*FV, "clone", str(stage.source), str(vault)]]))
    commands = ["pass", *(f"import fieldvault.cli.keeping, {module}" for module in IMPORTS.values())]
    acts = [Act(stage.folder, [[sys.executable, "-c", command]]) for command in commands]
    acts.append(Act(stage.folder, [[*FV, "--version"]]))
    start, *imports, version = (cost.wall for cost in race(acts, runs))
    floors = {"start": start, "version": version - start}
    floors |= {f"imports of {name}": cost - start for name, cost in zip(IMPORTS, imports, strict=True)}
    floors["scan"] = _median(lambda: _scan(vault), runs)
    floors["index"] = _median(lambda: _rewrite(vault / ".git" / "index"), runs)
    return floors


def _median(work: Callable[[], object], runs: int) -> float:
    seconds = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


def _scan(root: Path) -> int:
    """The stat of every file, and nothing else."""
    count = 0
    folders = [str(root)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name == ".git":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
                    count += 1
    return count


def _rewrite(index: Path) -> None:
    """Read, checked, checksummed, written durably: what every commit owes to plain git."""
    data = index.read_bytes()
    for _ in range(2):
        hashlib.sha1(data, usedforsecurity=False).digest()
    scratch = index.with_name("index.bench")
    with scratch.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    scratch.unlink()
