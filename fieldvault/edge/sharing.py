"""Work on many things shared with a second process, because threads of Python take turns.

Law: the child does what the parent would have done, and tells it; it writes nothing else, and keeps none of the
parent's descriptors, so none of its locks. Where it fails in whatever way, the parent does it all. Whatever ends the
parent's half ends the child; that its parent was killed it finds out when it has done its own.
"""

from __future__ import annotations

import marshal
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO, NoReturn, TypeVar

ITEMS_MIN = 256  # the child costs as much as a look at some fifty folders, or the merge of some twenty records

Item = TypeVar("Item")
Found = tuple[object, ...]  # of what marshal can write


def pays(items: int) -> bool:
    """Whether to share the work on so many things: a fork is safe here, and there is a processor for it."""
    if items < ITEMS_MIN or sys.platform != "linux":
        return False
    return threading.active_count() == 1 and len(os.sched_getaffinity(0)) > 1


def shared(work: Callable[[Sequence[Item]], Iterable[Found]], items: Sequence[Item]) -> Iterator[Found]:
    """What `work` finds of these things, in any order."""
    mine, others = items[::2], items[1::2]
    with _child(lambda: marshal.dumps([tuple(one) for one in work(others)])) as answer:
        yield from work(mine)
        found = _whole(answer.read())
    yield from work(others) if found is None else found


def _whole(answer: bytes) -> list[Found] | None:
    try:
        found: list[Found] = marshal.loads(answer)
        return found
    except (EOFError, ValueError, TypeError):  # the child was cut off, or never was
        return None


@contextmanager
def _child(work: Callable[[], bytes]) -> Iterator[BinaryIO]:
    """A child that does this work and writes what comes of it."""
    reading, writing = os.pipe()
    child: int | None = None
    try:
        with _uninterrupted():  # what a signal raises would have the child go on as the parent
            with suppress(OSError):  # no more processes, no more memory
                child = os.fork()
            if child == 0:
                _tell(work, reading, writing)
            os.close(writing)
        with open(reading, "rb", closefd=False) as answer:
            yield answer
    finally:
        os.close(reading)
        if child:
            with suppress(ProcessLookupError, ChildProcessError):  # where SIGCHLD is ignored nobody need wait
                os.kill(child, 9)
                os.waitpid(child, 0)


def _tell(work: Callable[[], bytes], reading: int, writing: int) -> NoReturn:
    try:
        os.close(reading)  # whose number is one of the first three, where those were closed
        # not each that may be open: that can be a thousand million, or fewer than those opened under another limit
        for descriptor in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 - only the names are asked for
            if descriptor > 2 and descriptor != writing:
                with suppress(OSError):  # that of the listing
                    os.close(descriptor)
        with open(writing, "wb") as answer:
            answer.write(work())
    finally:
        os._exit(0)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    import signal  # which only a fork needs

    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
