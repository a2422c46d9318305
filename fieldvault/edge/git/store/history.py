"""Commits, and the questions about their graph.

Law: merge bases and ancestry are right whatever the clocks said; dates only choose what is looked at first.
The traps avoided: dulwich's `can_fast_forward` believes the dates, and answers wrongly where a clock was off.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.store.objects import Reader, expect
from fieldvault.errors import Corrupt

_KEPT_MAX = 1024
_OID = re.compile(r"[0-9a-f]{40}")
_PERSON = re.compile(r"(.*) (-?\d+) ([+-])(\d{2})(\d{2})", re.DOTALL)


class Commit(NamedTuple):
    """One commit. Times are seconds since 1970, offsets minutes east of UTC; `oid` is "" until it is written.

    Text that is no UTF-8 is carried by surrogateescape; `extra` keeps headers such as gpgsig and encoding.
    """

    oid: Oid
    tree: Oid
    parents: tuple[Oid, ...]
    author: str  # "Name <mail>"
    author_time: int
    author_offset_min: int
    committer: str
    commit_time: int
    commit_offset_min: int
    message: str
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0].strip()


def read_commit(reader: Reader, oid: Oid) -> Commit:
    return _kept(oid, expect(reader, oid, "commit"))


def parse_commit(oid: Oid, data: bytes) -> Commit:
    """Lenient as git is: a person line without a date has the time 0. Corrupt("object-damaged") where an id is none."""
    head, _, message = data.decode("utf-8", "surrogateescape").partition("\n\n")
    tree, parents, extra = "", [], []
    author = committer = ("", 0, 0)
    for line in head.replace("\n ", "\0").split("\n"):  # a line that starts with a space goes on with the one above
        key, _, value = line.partition(" ")
        if key == "tree" and not tree:
            tree = value
        elif key == "parent":
            parents.append(value)
        elif key == "author" and author == ("", 0, 0):
            author = _parse_person(value)
        elif key == "committer" and committer == ("", 0, 0):
            committer = _parse_person(value)
        else:
            extra.append((key, value.replace("\0", "\n")))
    if not all(map(_OID.fullmatch, (tree, *parents))):
        raise Corrupt("object-damaged", oid=oid)
    return Commit(oid, tree, tuple(parents), *author, *committer, message, tuple(extra))


_kept = lru_cache(_KEPT_MAX)(parse_commit)  # one sync asks for the same few commits a dozen times


def encode_commit(commit: Commit) -> bytes:
    """The bytes that git stores; `oid` has no part in them."""
    lines = [f"tree {commit.tree}", *(f"parent {parent}" for parent in commit.parents)]
    lines.append("author " + person_line(commit.author, commit.author_time, commit.author_offset_min))
    lines.append("committer " + person_line(commit.committer, commit.commit_time, commit.commit_offset_min))
    lines += [f"{key} " + value.replace("\n", "\n ") for key, value in commit.extra]
    return ("\n".join(lines) + "\n\n" + commit.message).encode("utf-8", "surrogateescape")


def person_line(person: str, time: int, offset_min: int) -> str:
    """Name, mail and moment as commits and reflogs write them."""
    sign = "-" if offset_min < 0 else "+"
    hours, minutes = divmod(abs(offset_min), 60)
    return f"{person} {time} {sign}{hours:02}{minutes:02}"


def _parse_person(value: str) -> tuple[str, int, int]:
    match = _PERSON.fullmatch(value)
    if match is None:
        return value, 0, 0
    person, time, sign, hours, minutes = match.groups()
    offset = int(hours) * 60 + int(minutes)
    return person, int(time), -offset if sign == "-" else offset


def merge_bases(reader: Reader, a: Oid, b: Oid) -> list[Oid]:
    """All best common ancestors, sorted by id; none where the histories have nothing in common."""
    common = _common(reader, a, b)
    best = [one for one in common if not any(one != other and is_ancestor(reader, one, other) for other in common)]
    return sorted(best)


def is_ancestor(reader: Reader, ancestor: Oid, descendant: Oid) -> bool:
    """Whether `descendant` contains `ancestor`; a commit contains itself."""
    return ancestor in _common(reader, ancestor, descendant)


def walk(reader: Reader, tips: Iterable[Oid], hidden: Iterable[Oid] = ()) -> Iterator[Commit]:
    """What `tips` contain and `hidden` do not: children before parents, newest first where that leaves a choice.

    Where clocks were off, old commits that `hidden` contain as well may come along; none is ever left out.
    """
    graph = _Graph(reader)
    colours = _paint(graph, dict.fromkeys(tips, _FROM_A), dict.fromkeys(hidden, _BELOW))
    wanted = {oid: None for oid, colour in colours.items() if not colour & _BELOW}
    children = Counter(parent for oid in wanted for parent in set(graph[oid].parents))
    ready = _Newest(graph)
    for oid in wanted:
        if not children[oid]:
            ready.push(oid)
    while ready:
        commit = graph[ready.pop()]
        yield commit
        for parent in dict.fromkeys(commit.parents):
            children[parent] -= 1
            if parent in wanted and not children[parent]:
                ready.push(parent)


def newest_first(reader: Reader, tip: Oid) -> Iterator[Commit]:
    """All that `tip` contains, as `git log` has it: each read when it is asked for, not all before the first.

    A child comes before its parents, unless another line of history leads there and the clocks were off.
    """
    graph = _Graph(reader)
    ready = _Newest(graph)
    ready.push(tip)
    seen = {tip}
    while ready:
        commit = graph[ready.pop()]
        yield commit
        for parent in commit.parents:
            if parent not in seen:
                seen.add(parent)
                ready.push(parent)


def new_commits(reader: Reader, tip: Oid, known: Iterable[Oid]) -> list[Commit]:
    """What `tip` adds to `known`, parents before children; ids in `known` that are not here count for nothing."""
    return list(walk(reader, [tip], commits_here(reader, known)))[::-1]


def commits_here(reader: Reader, oids: Iterable[Oid]) -> list[Oid]:
    """Those of `oids` that are here and are commits: a hub's refs may name anything."""
    return [oid for oid in dict.fromkeys(oids) if oid in reader and reader.read(oid)[0] == "commit"]


_FROM_A, _FROM_B, _BELOW = 1, 2, 4


def _common(reader: Reader, a: Oid, b: Oid) -> list[Oid]:
    """Common ancestors of a and b, every best one among them."""
    colours = _paint(_Graph(reader), {a: _FROM_A}, {b: _FROM_B})
    return [oid for oid, colour in colours.items() if colour == _FROM_A | _FROM_B]


def _paint(graph: _Graph, *starts: dict[Oid, int]) -> dict[Oid, int]:
    """Let colours run from the starts down to the parents, until all that is still moving is _BELOW and older than
    whatever was not: commits of one second come in any order, and _BELOW may reach one of them last.

    What lies below a commit that has both colours is _BELOW. A commit is looked at again when a colour reaches it
    late, so a wrong date costs time, never a colour that decides.
    """
    colours: defaultdict[Oid, int] = defaultdict(int)
    moving = _Newest(graph)
    undecided: set[Oid] = set()  # those of `moving` that are not _BELOW
    oldest: float = math.inf  # the time of the oldest that ever was undecided

    def reach(oid: Oid, colour: int) -> None:
        nonlocal oldest
        if colours[oid] | colour == colours[oid]:
            return
        colours[oid] |= colour
        moving.push(oid)
        if colours[oid] & _BELOW:
            undecided.discard(oid)
        else:
            undecided.add(oid)
            oldest = min(oldest, graph[oid].commit_time)

    for start in starts:
        for oid, colour in start.items():
            reach(oid, colour)
    while undecided or (moving and moving.newest >= oldest):
        oid = moving.pop()
        undecided.discard(oid)
        colour = colours[oid]
        if colour & (_FROM_A | _FROM_B) == _FROM_A | _FROM_B:
            colour |= _BELOW
        for parent in graph[oid].parents:
            reach(parent, colour)
    return colours


class _Graph:
    """Commits by id, each read once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._commits: dict[Oid, Commit] = {}

    def __getitem__(self, oid: Oid) -> Commit:
        commit = self._commits.get(oid)
        if commit is None:
            commit = self._commits[oid] = read_commit(self._reader, oid)
        return commit


class _Newest:
    """A set of commits that gives back the newest one first, and of equally new ones the one that came first."""

    def __init__(self, graph: _Graph) -> None:
        self._graph = graph
        self._heap: list[tuple[int, int, Oid]] = []
        self._waiting: set[Oid] = set()
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._heap)

    @property
    def newest(self) -> int:
        """The time of the commit that `pop` gives next."""
        return -self._heap[0][0]

    def push(self, oid: Oid) -> None:
        if oid not in self._waiting:
            self._waiting.add(oid)
            self._count += 1
            heapq.heappush(self._heap, (-self._graph[oid].commit_time, self._count, oid))

    def pop(self) -> Oid:
        oid = heapq.heappop(self._heap)[2]
        self._waiting.discard(oid)
        return oid
