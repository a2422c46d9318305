"""Two command lines, measured in turn.

Law: a run is what a person waits for, from the start of the process to its end; a command that fails ends the
benchmark. The first round warms the caches and is not counted.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import fieldvault
from tests.gitenv import pinned_environment

FV = (shutil.which("fv", path=str(Path(sys.executable).parent)) or "fv",)  # as people run it
# git's own upkeep would fall into some runs and not into others.
GIT_SETTINGS = {
    "GIT_CONFIG_COUNT": "3",
    "GIT_CONFIG_KEY_0": "gc.auto",
    "GIT_CONFIG_VALUE_0": "0",
    "GIT_CONFIG_KEY_1": "maintenance.auto",
    "GIT_CONFIG_VALUE_1": "false",
    "GIT_CONFIG_KEY_2": "pull.rebase",
    "GIT_CONFIG_VALUE_2": "false",
}


@dataclass(frozen=True)
class Act:
    """Command lines run one after the other in `cwd`. `prepare` is called before each run with its number, untimed."""

    cwd: Path
    commands: Sequence[Sequence[str]]
    prepare: Callable[[int], object] = lambda turn: None
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cost:
    """Of one run: wall-clock and processor seconds (user and system, children included), the largest process's MiB."""

    wall: float
    cpu: float
    memory: float


def race(acts: Sequence[Act], runs: int) -> list[Cost]:
    """The median cost of each act; the acts take turns."""
    costs: list[list[Cost]] = [[] for _ in acts]
    for turn in range(runs + 1):
        for act, counted in zip(acts, costs, strict=True):
            act.prepare(turn)
            cost = run(act)
            counted += [cost] if turn else []
    return [_median(counted) for counted in costs]


def run(act: Act) -> Cost:
    environment = _environment() | act.environment
    start = time.perf_counter()
    cpu = memory = 0.0
    for command in act.commands:
        process = subprocess.Popen(
            command,
            cwd=act.cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        assert process.returncode == 0, f"{' '.join(command)}: {output.decode(errors='replace')}"
        cpu += usage.ru_utime + usage.ru_stime
        memory = max(memory, usage.ru_maxrss / 1024)
    return Cost(time.perf_counter() - start, cpu, memory)


def _environment() -> dict[str, str]:
    """The package of this process, compiled once as any installed one is, whatever the shell says of Python."""
    kept = {key: value for key, value in pinned_environment(**GIT_SETTINGS).items() if not key.startswith("PYTHON")}
    return kept | {"PYTHONPATH": str(Path(fieldvault.__file__).parents[1])}


def _median(costs: Sequence[Cost]) -> Cost:
    wall, cpu, memory = (statistics.median(getattr(cost, name) for cost in costs) for name in ("wall", "cpu", "memory"))
    return Cost(wall, cpu, memory)
