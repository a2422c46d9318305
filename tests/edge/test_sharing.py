"""Work shared with a child: all of it is done whatever becomes of the child, and nothing of it stays."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from fieldvault.edge.lock import FileLock
from fieldvault.edge.sharing import ITEMS_MIN, Found, pays, shared

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="work is shared on Linux only"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),  # xdist's; `pays` would say no
]
FOLDERS = [f"folder {number}" for number in range(301)]
EVERYTHING = sorted((folder, {"changed": number}) for number, folder in enumerate(FOLDERS))


def listed(folders: Sequence[str]) -> Iterator[Found]:
    for folder in folders:
        yield folder, {"changed": FOLDERS.index(folder)}


def in_the_child(act: Callable[[], object]) -> Callable[[Sequence[str]], Iterator[Found]]:
    """As `listed`, but that the child does this in the middle of it."""
    parent = os.getpid()

    def walk(folders: Sequence[str]) -> Iterator[Found]:
        for place, one in enumerate(listed(folders)):
            if place == len(folders) // 2 and os.getpid() != parent:
                act()
            yield one

    return walk


def descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def children() -> set[str]:
    """Of this process, the dead included that nobody has asked for."""
    return {child for file in Path("/proc/self/task").glob("*/children") for child in file.read_text().split()}


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[set[str]]:
    """Nothing of ours; gives the children that were there, for servers of other tests may be running."""
    before = descriptors(), children()
    yield before[1]
    assert (descriptors(), children()) == before


def test_each_does_its_half() -> None:
    who = [one for (one,) in shared(lambda folders: ((os.getpid(),) for _ in folders), FOLDERS)]
    assert who.count(os.getpid()) == 151
    assert len(set(who)) == 2


def test_both_halves_are_found() -> None:
    assert sorted(shared(listed, FOLDERS)) == EVERYTHING
    assert sorted(shared(listed, FOLDERS[:1])) == EVERYTHING[:1]


def test_more_than_a_pipe_holds() -> None:
    found = list(shared(lambda folders: ((folder, "x" * 10_000) for folder in folders), FOLDERS))
    assert sorted(found) == sorted((folder, "x" * 10_000) for folder in FOLDERS)


def fail() -> NoReturn:
    raise MemoryError


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda: os.kill(os.getpid(), signal.SIGKILL), id="killed"),
        pytest.param(lambda: os._exit(0), id="gone"),
        pytest.param(fail, id="failed"),
        pytest.param(sys.exit, id="left"),
    ],
)
def test_the_parent_does_what_the_child_did_not(act: Callable[[], object], capfd: pytest.CaptureFixture[str]) -> None:
    assert sorted(shared(in_the_child(act), FOLDERS)) == EVERYTHING
    assert capfd.readouterr() == ("", "")


def test_a_child_cut_off_while_it_tells(nothing_stays: set[str]) -> None:
    found = shared(lambda folders: ((folder, "x" * 10_000) for folder in folders), FOLDERS)
    first = next(found)
    time.sleep(0.1)  # the pipe is full, and the child waits
    (child,) = children() - nothing_stays
    os.kill(int(child), signal.SIGKILL)
    assert sorted([first, *found]) == sorted((folder, "x" * 10_000) for folder in FOLDERS)


def test_no_more_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> NoReturn:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", refuse)
    assert sorted(shared(listed, FOLDERS)) == EVERYTHING


def test_what_the_walk_raises_is_raised() -> None:
    def walk(folders: Sequence[str]) -> Iterator[Found]:
        if FOLDERS[1] in folders:  # the child's
            raise PermissionError(FOLDERS[1])
        yield from listed(folders)

    with pytest.raises(PermissionError, match=FOLDERS[1]):
        list(shared(walk, FOLDERS))


def test_a_walk_that_nobody_ends() -> None:
    found = shared(in_the_child(lambda: time.sleep(60)), FOLDERS)
    next(found)
    found.close()  # type: ignore[attr-defined]


def test_the_child_holds_no_lock(tmp_path: Path) -> None:
    """Of a parent that was killed the lock is free at once, though the child still walks."""
    program = "\n".join(
        [
            "import os, pathlib, sys, time",
            "from fieldvault.edge.lock import FileLock",
            "from fieldvault.edge.sharing import shared",
            "parent = os.getpid()",
            "def walk(folders):",
            "    if os.getpid() != parent:",
            "        os.write(1, b'x')",
            "        time.sleep(0.5)",
            "        os.write(1, b'y')",
            "    else:",
            "        time.sleep(60)",
            "    yield ('',)",
            "with FileLock(pathlib.Path(sys.argv[1])):",
            "    list(shared(walk, ['a', 'b']))",
        ]
    )
    lock = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", program, str(lock)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout and parent.stdout.read(1) == b"x"
        parent.kill()
        parent.wait()
        one = FileLock(lock)
        assert one.try_acquire()
        one.release()
        assert parent.stdout.read() == b"y"  # only now the child has gone


def test_the_child_keeps_no_descriptor() -> None:
    """Whatever number it has, above a limit that was lowered later or among the first three. With an end of the pipe to
    read from it would wait for ever to be read, once its parent was killed.
    """
    program = "\n".join(
        [
            "import os, resource",
            "from fieldvault.edge.sharing import shared",
            "os.dup2(0, 300)",
            "os.close(0)",
            "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
            "def standing(part):",
            "    yield 'open', len(os.listdir('/proc/self/fd'))",
            "_, (_, count) = shared(standing, ['a', 'b'])",  # the child tells last
            "print(count)",
        ]
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told == "4\n"  # output, error, the pipe, and that of the listing


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_any_moment(sign: signal.Signals) -> None:
    """To the parent alone, or, as a terminal sends it, to both. The child never goes on as the parent would."""
    program = "\n".join(
        [
            "import os, signal",
            "from fieldvault.edge.sharing import shared",
            "signal.signal(signal.SIGINT, signal.default_int_handler)",  # whoever runs the tests may ignore it
            "walk = lambda folders: ((folder, sum(range(300))) for folder in folders)",
            "try:",
            "    os.write(1, b'x')",
            "    while True: assert len(list(shared(walk, [str(n) for n in range(300)]))) == 300",
            "except KeyboardInterrupt:",
            "    os.write(1, b'interrupted')",
        ]
    )
    for turn in range(12):
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True) as one:
            assert one.stdout and one.stdout.read(1) == b"x"
            time.sleep(0.01 + turn * 0.0017)
            (os.killpg if turn % 2 else os.kill)(one.pid, sign)
            told = one.stdout.read()  # until both have gone
            assert told == (b"interrupted" if sign == signal.SIGINT else b"")
            assert one.wait() == (0 if sign == signal.SIGINT else -signal.SIGTERM)


def test_where_it_pays() -> None:
    """One process with one thread and two processors; asked in a process of its own, which has one thread."""
    program = "\n".join(
        [
            "import os, threading",
            "from fieldvault.edge.sharing import ITEMS_MIN, pays",
            "both = len(os.sched_getaffinity(0)) > 1",
            "print(pays(ITEMS_MIN) == both, pays(ITEMS_MIN - 1))",
            "end = threading.Event()",
            "other = threading.Thread(target=end.wait)",
            "other.start()",
            "print(pays(ITEMS_MIN))",
            "end.set(); other.join()",
            "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})",
            "print(pays(ITEMS_MIN))",
        ]
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["True", "False", "False", "False"]
    assert not pays(ITEMS_MIN - 1)
