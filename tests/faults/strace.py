"""A process under strace: which of its system calls change something, and what happens if one of them does not.

Law: a point is one changing call of an undisturbed run, named by its syscall and how many of that name came before it.
strace counts each syscall of each thread by itself, so a failure that lasts is one rule a syscall, each from its own
count on.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

CHANGING = (
    "openat",
    "write",
    "pwrite64",
    "rename",
    "renameat2",
    "link",
    "unlink",
    "rmdir",
    "mkdir",
    "fsync",
    "fdatasync",
    "syncfs",
    "ftruncate",
    "chmod",
)
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)")
_FULL = ("write", "pwrite64", "rename", "renameat2", "link", "mkdir", "fsync", "fdatasync", "syncfs", "ftruncate")

# Commands that stand in for the real ones, where these would not end, or not do in a small scene what they are to do.
STAND_INS = {name: Path(__file__).with_name(f"{name}_once.py") for name in ("watch", "tidy")}

available = shutil.which("strace") is not None


class Point(NamedTuple):
    """Before the `number`-th call of `syscall`; `counts`: how many of each had been made by then."""

    syscall: str
    number: int
    counts: Mapping[str, int]
    text: str


class Run(NamedTuple):
    """How a disturbed run ended. `code` is negative for a signal."""

    code: int
    out: str
    err: str


def changing_calls(
    words: Sequence[str], folder: Path, environment: Mapping[str, str], codes: Collection[int] = (0,)
) -> list[Point]:
    """Every call of the command that changes a file, in order; it must exit with one of `codes`."""
    log = folder.parent / f"{folder.name}.strace"
    traced = ["strace", "-f", "--seccomp-bpf", "-o", str(log), "-e", f"trace={','.join(CHANGING)}"]
    done = run([*traced, *words], folder, environment)
    assert done.code in codes, done
    made: defaultdict[str, Counter[str]] = defaultdict(Counter)  # by thread
    points = []
    for line in log.read_text(errors="replace").splitlines():
        call = _CALL.match(line)
        if call:
            thread, syscall, arguments = call.groups()
            counts = made[thread]
            counts[syscall] += 1
            if _changes(syscall, arguments):
                points.append(Point(syscall, counts[syscall], dict(counts), line))
    return points


def run_disturbed(words: Sequence[str], folder: Path, environment: Mapping[str, str], point: Point, mode: str) -> Run:
    """The command, disturbed at one point. `mode`: KILL, INT, TERM, or an errno with `-once` or `-always`."""
    rules = _rules(point, mode)
    # Without --seccomp-bpf, with which strace sends no signal.
    traced = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={','.join(CHANGING)}"]
    return run([*traced, *(word for rule in rules for word in ("-e", f"inject={rule}")), *words], folder, environment)


def _rules(point: Point, mode: str) -> list[str]:
    if mode in ("KILL", "INT", "TERM"):
        return [f"{point.syscall}:signal={mode}:when={point.number}"]
    error, _, lasting = mode.partition("-")
    if lasting == "once":
        return [f"{point.syscall}:error={error}:when={point.number}"]
    failing = _FULL if error == "ENOSPC" else tuple(name for name in CHANGING if name != "openat")  # openat reads, too
    before = {**point.counts, point.syscall: point.number - 1}
    return [f"{name}:error={error}:when={before.get(name, 0) + 1}+" for name in failing]


def _changes(syscall: str, arguments: str) -> bool:
    if syscall == "openat":
        return "O_CREAT" in arguments or "O_TRUNC" in arguments
    return not (syscall == "write" and re.match(r"[12],", arguments))


def run(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Run:
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, errors="replace", timeout=60, check=False
    )
    return Run(done.returncode, done.stdout, done.stderr)


def fv(*arguments: str) -> list[str]:
    """The command, heeding Ctrl-C even where strace or a shell in the background would have it ignored."""
    stand_in = STAND_INS.get(arguments[0])
    program = ["-m", "fieldvault", *arguments] if stand_in is None else [str(stand_in), *arguments[1:]]
    return ["env", "--default-signal=INT", sys.executable, *program]
