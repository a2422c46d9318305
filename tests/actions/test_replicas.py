"""Three replicas that edit, settle and merge in any order: they converge, and what was written is kept.

The histories hold criss-cross merges; several merge bases are merged first, by the same engine, as sync does.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from fieldvault.actions.merging.recordmerge import Side, merge_record
from fieldvault.core.fields import value_at
from fieldvault.core.values import FieldPath, canonical, to_pointer
from fieldvault.edge import schemas
from fieldvault.edge.yamltext import read

SCHEMA = schemas.load(
    read(
        b"properties:\n"
        b"  name: {type: string}\n"
        b"  given: {type: integer, x-merge: sum}\n"
        b"  last: {type: integer, x-merge: max}\n"
        b"  tags: {type: array, items: {type: string}, uniqueItems: true}\n"
        b"  phones: {type: array, items: {type: object, required: [key]}}\n"
    ),
    "schema.yaml",
)
START = b"name: a\ngiven: 0\nlast: 0\ntags: []\nphones: []\n"


@dataclass
class Commit:
    """One version in the history of all replicas; `ancestors` are the numbers of those before it, and its own."""

    number: int
    side: Side
    parents: tuple[Commit, ...] = ()
    ancestors: frozenset[int] = frozenset()


@dataclass
class World:
    """The histories of three replicas. `kinds`: what is done in them; `given`: what was added up."""

    draw: random.Random
    kinds: tuple[str, ...]
    commits: list[Commit] = field(default_factory=list)
    given: int = 0

    def commit(self, side: Side, *parents: Commit) -> Commit:
        number = len(self.commits)
        ancestors = frozenset({number}).union(*(parent.ancestors for parent in parents))
        self.commits.append(Commit(number, side, parents, ancestors))
        return self.commits[-1]

    def base(self, ours: Commit, theirs: Commit) -> Side:
        """The version over which two commits merge: their merge bases, merged first where they are several."""
        common = ours.ancestors & theirs.ancestors
        best = [n for n in common if not any(n != m and n in self.commits[m].ancestors for m in common)]
        bases = sorted((self.commits[n] for n in best), key=lambda commit: commit.number)
        base = bases[0]
        for other in bases[1:]:
            ancestors = base.ancestors | other.ancestors
            base = Commit(-1, self.merged(base, other), (base, other), ancestors)
        return base.side

    def merged(self, ours: Commit, theirs: Commit) -> Side:
        result = merge_record(self.base(ours, theirs), ours.side, theirs.side, SCHEMA, "cus_1")
        swapped = merge_record(self.base(theirs, ours), theirs.side, ours.side, SCHEMA, "cus_1")
        assert result == swapped
        return Side(result.data, {conflict.field: conflict for conflict in result.conflicts})

    def merge(self, ours: Commit, theirs: Commit) -> Commit:
        if theirs.number in ours.ancestors:
            return ours
        if ours.number in theirs.ancestors:
            return theirs
        return self.commit(self.merged(ours, theirs), ours, theirs)

    def edit(self, tip: Commit) -> Commit:
        """One edit: of the register, the sum, the maximum, the set, a keyed item; or a conflict is settled."""
        document = read(tip.side.data or b"")
        value = document.value(SCHEMA)
        conflicts = dict(tip.side.conflicts)
        kind = self.draw.choice(self.kinds)
        path: FieldPath = (kind,)
        if kind == "name":
            new = f"v{len(self.commits)}"
        elif kind == "given":
            step = self.draw.randrange(1, 4)
            self.given += step
            new = value["given"] + step
        elif kind == "last":
            new = max(value["last"], len(self.commits))
        elif kind == "tags":
            gone = self.draw.choice([*value["tags"], None])
            new = (
                [each for each in value["tags"] if each != gone] if gone else [*value["tags"], f"t{len(self.commits)}"]
            )
        elif kind == "phones":
            path = ("phones", self.draw.choice("pq"), "number")
            new = f"n{len(self.commits)}"
        elif conflicts:
            path = self.draw.choice(sorted(conflicts))
            conflict = conflicts.pop(path)
            new = self.draw.choice([*conflict.also, None])
            if new is None:
                return self.commit(Side(tip.side.data, conflicts), tip)
        else:
            return tip
        return self.commit(Side(document.with_edits([(path, new)], SCHEMA), conflicts), tip)


EDITS = ("name", "given", "last", "tags", "phones")


def history(seed: int, kinds: tuple[str, ...] = (*EDITS, "settle")) -> tuple[World, list[Commit]]:
    """A random history, and the tips of its three replicas."""
    world = World(random.Random(seed), kinds)
    start = world.commit(Side(START))
    tips = [start, start, start]
    for _ in range(world.draw.randrange(4, 18)):
        one, other = world.draw.sample(range(3), 2)
        if world.draw.random() < 0.55:
            tips[one] = world.edit(tips[one])
        else:
            tips[one] = world.merge(tips[one], tips[other])
    return world, tips


def meeting(world: World, tips: list[Commit]) -> Commit:
    """The commit in which all replicas have met."""
    return world.merge(world.merge(tips[0], tips[1]), tips[2])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_every_change_of_a_sum_counts_once(seed: int) -> None:
    world, tips = history(seed)
    met = meeting(world, tips)
    assert read(met.side.data or b"").value(SCHEMA)["given"] == world.given


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_it_does_not_matter_who_meets_whom_first(seed: int) -> None:
    """For edits: a decision against an edit of what it chose may leave one more value standing on one way.

    Each element of the set is added once here: one that two people add and one of them removes depends on the way.
    """
    world, tips = history(seed, EDITS)
    meetings = [
        world.merge(world.merge(tips[one], tips[two]), tips[three]) for one, two, three in permutations(range(3))
    ]
    assert len({meaning(met.side) for met in meetings}) == 1


def meaning(side: Side) -> str:
    """The values of a version and what stands open in it, apart from the order of lists."""
    value = read(side.data or b"").value(SCHEMA)
    value["tags"].sort()
    value["phones"].sort(key=canonical)
    opened = {}
    for path, conflict in side.conflicts.items():
        if conflict.kind != "order":
            shown = value_at(value, path, SCHEMA)
            opened[to_pointer(path)] = sorted(map(canonical, (shown, *conflict.also)))
    return canonical({"value": value, "open": opened})


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_a_value_that_nobody_replaced_is_shown_or_stands_open(seed: int) -> None:
    world, tips = history(seed)
    met = meeting(world, tips)
    result = read(met.side.data or b"").value(SCHEMA)
    conflict = met.side.conflicts.get(("name",))
    stands = {canonical(result["name"])} | {canonical(value) for value in (conflict.also if conflict else ())}
    names = {commit.number: read(commit.side.data or b"").value(SCHEMA)["name"] for commit in world.commits}
    written = [
        commit
        for commit in world.commits
        if commit.parents and names[commit.number] == f"v{commit.number}" and commit.number in met.ancestors
    ]
    for commit in written:
        later = [each for each in world.commits if commit.number in each.ancestors and each.number in met.ancestors]
        chosen_away = any(_let_go(each, names[commit.number]) for each in later if len(each.parents) == 1)
        assert chosen_away or canonical(names[commit.number]) in stands


def _let_go(commit: Commit, name: str) -> bool:
    """Whether an edit or a decision no longer holds a value that its parent held."""
    return _holds(commit.parents[0], name) and not _holds(commit, name)


def _holds(commit: Commit, name: str) -> bool:
    shown = read(commit.side.data or b"").value(SCHEMA)["name"]
    conflict = commit.side.conflicts.get(("name",))
    return name == shown or (conflict is not None and name in conflict.also)
