"""The tree merge over thousands of random histories in memory: three desks that merge one another, criss-cross.

Law: after every merge it is the same tree with the sides swapped; every token that anybody wrote is in the tree unless
a person removed it in an edit that the merge contains; a sum has every change exactly once; and the tree is sound.
FV_STEPS, the number of steps in all, makes it longer and random.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from itertools import starmap

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from fieldvault.actions.merging.commitmerge import merge_commits
from fieldvault.actions.merging.treemerge import merge_trees
from fieldvault.actions.merging.voids import void_conflicts
from fieldvault.actions.records.openconflicts import all_conflicts
from fieldvault.actions.records.types import record_id
from fieldvault.core.conflicts import OF_VALUES
from fieldvault.core.names import fold, is_own, is_record
from fieldvault.core.snapshot import Oid
from fieldvault.core.values import MISSING
from fieldvault.edge.git.store.history import Commit, encode_commit, is_ancestor, read_commit
from fieldvault.edge.git.store.trees import diff_trees, list_tree, patch_tree
from fieldvault.edge.yamltext import read
from tests.actions.memory import Memory
from tests.actions.territory import (
    COUNTER,
    SCHEMA,
    SCHEMA_PATH,
    Words,
    commented,
    edited,
    record,
    reformed,
    start,
    tokens,
)

pytestmark = pytest.mark.slow

STEPS = int(os.environ.get("FV_STEPS", "20000"))
STEPS_A_HISTORY = 25
DESKS = st.sampled_from("abc")
ACUTE = ("\u00e9", "e\u0301")
PATHS = st.sampled_from(["p", "P", "q", "q.yaml/r", "Q.yaml/s", *ACUTE])
SEEDS = st.integers(0, 2**32)


@dataclass(frozen=True)
class Past:
    """The edits that a commit contains: each with the tokens that it removed, and what it added to the sum."""

    edits: dict[Oid, tuple[frozenset[str], int]]


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory()
        self.word = Words()
        self.clock = 0
        self.past: dict[Oid, Past] = {}
        self.heads: dict[str, Oid] = {}

    # What people do.

    @initialize()
    def begin(self) -> None:
        first = self._commit(self.memory.tree(start()), ())
        self.past[first] = Past({})
        self.heads = dict.fromkeys("abc", first)

    @rule(desk=DESKS, seed=SEEDS)
    def edit(self, desk: str, seed: int) -> None:
        draw = random.Random(seed)
        files = self._files(desk)
        path = draw.choice([COUNTER, *sorted(filter(is_record, files))])
        self._change(desk, {path: edited(files[path], draw, self.word)})

    @rule(desk=DESKS, seed=SEEDS)
    def comment(self, desk: str, seed: int) -> None:
        """On the one record that nobody removes: a comment goes with what it is about."""
        data = self._files(desk)[COUNTER]
        self._change(desk, {COUNTER: commented(data, random.Random(seed), self.word)})

    @rule(desk=DESKS, seed=SEEDS)
    def change_the_schema(self, desk: str, seed: int) -> None:
        data = self._files(desk)[SCHEMA_PATH]
        self._change(desk, {SCHEMA_PATH: reformed(data, random.Random(seed), self.word)})

    @rule(desk=DESKS, seed=SEEDS)
    def edit_attachment(self, desk: str, seed: int) -> None:
        draw = random.Random(seed)
        files = self._files(desk)
        path = draw.choice(sorted(path for path in files if not path.endswith(".yaml")) or ["new.bin"])
        data = files.get(path, b"\0")
        if b"\0" in data:
            self._change(desk, {path: data.partition(b"\0")[0] + b"\0" + self.word().encode()})
        else:
            lines = data.splitlines(keepends=True)
            lines.insert(draw.randrange(len(lines) + 1), self.word().encode() + b"\n")
            self._change(desk, {path: b"".join(lines)})

    @rule(desk=DESKS, key=st.sampled_from("pqrs"), path=PATHS)
    def add(self, desk: str, key: str, path: str) -> None:
        files = self._files(desk)
        path = f"customers/{path}.yaml"
        if self._free(path, files) and f"cus_{key}" not in map(record_id, files.values()):
            self._change(desk, {path: record(f"cus_{key}", self.word()).encode()})

    @rule(desk=DESKS, path=st.sampled_from(["x", "X", "x/y", "X/z", "customers/q.yaml/t", "brochure.pdf/u", "ß", "SS"]))
    def add_attachment(self, desk: str, path: str) -> None:
        if self._free(path, self._files(desk)):
            self._change(desk, {path: b"\0" + self.word().encode()})

    @rule(desk=DESKS, path=st.sampled_from(["plain.yaml", "Plain.yaml"]))
    def add_without_id(self, desk: str, path: str) -> None:
        if self._free(path, self._files(desk)):
            self._change(desk, {path: f"name: {self.word()}\n".encode()})

    @rule(desk=DESKS, seed=SEEDS)
    def remove(self, desk: str, seed: int) -> None:
        files = sorted(path for path in self._files(desk) if path != COUNTER and not is_own(path))
        if files:
            self._change(desk, {random.Random(seed).choice(files): None})

    @rule(desk=DESKS, seed=SEEDS, name=st.sampled_from(["m", "M", "n", "q.yaml/v", "é"]))
    def rename(self, desk: str, seed: int, name: str) -> None:
        files = self._files(desk)
        movable = sorted(path for path in files if path != COUNTER and not is_own(path))
        path = random.Random(seed).choice(movable) if movable else ""
        to = f"customers/{name}.yaml" if is_record(path) else name
        if path and self._free(to, {other: data for other, data in files.items() if other != path}):
            self._change(desk, {path: None, to: files[path]})

    @rule(desk=DESKS, seed=SEEDS)
    def settle(self, desk: str, seed: int) -> None:
        """Keep what is shown of one conflict, or set another value, and let the conflict go."""
        draw = random.Random(seed)
        conflicts = all_conflicts(self.memory, self._tree(desk))
        if not conflicts:
            return
        path = draw.choice(sorted(conflicts))
        changes: dict[str, bytes | None] = {path: None}
        conflict = conflicts[path]
        files = self._files(desk)
        where = next((at for at, data in files.items() if is_record(at) and record_id(data) == conflict.record), None)
        chosen = draw.choice(conflict.also)
        if where and conflict.field and conflict.kind in OF_VALUES and draw.random() < 0.5 and where != COUNTER:
            changes[where] = read(files[where]).with_edits([(conflict.field, chosen)], SCHEMA)
        elif where and not conflict.field and chosen is MISSING and where != COUNTER and draw.random() < 0.5:
            changes[where] = None
        self._change(desk, changes)

    @rule(desk=DESKS, seed=SEEDS)
    def undo(self, desk: str, seed: int) -> None:
        past = self.past[self.heads[desk]]
        if not past.edits:
            return
        target = random.Random(seed).choice(list(past.edits))
        commit = read_commit(self.memory, target)
        before = read_commit(self.memory, commit.parents[0]).tree
        head = self._tree(desk)
        merged = self._merged(commit.tree, head, before)
        added = self._sum(merged) - self._sum(head)
        assert added == -past.edits[target][1]
        self._note_edit(desk, merged)

    @rule(desk=DESKS, other=DESKS)
    def merge(self, desk: str, other: str) -> None:
        ours, theirs = self.heads[desk], self.heads[other]
        if is_ancestor(self.memory, theirs, ours):
            return
        if is_ancestor(self.memory, ours, theirs):
            self.heads[desk] = theirs
            return
        tree = merge_commits(self.memory, ours, theirs).tree
        assert tree == merge_commits(self.memory, theirs, ours).tree, "the merge knows a side"
        one, two = self.past[ours], self.past[theirs]
        commit = self._commit(tree, (ours, theirs))
        past = Past(one.edits | two.edits)
        self.past[commit] = past
        self.heads[desk] = commit
        self._check(ours, theirs, tree, past)

    # What must hold.

    def _check(self, ours: Oid, theirs: Oid, tree: Oid, past: Past) -> None:
        removed = frozenset().union(*(gone for gone, _ in past.edits.values()))
        before = self._words(read_commit(self.memory, ours).tree) | self._words(read_commit(self.memory, theirs).tree)
        now = self._words(tree)
        lost = before - now - removed
        assert not lost, f"lost: {lost}"
        assert now <= before | removed, f"from nowhere: {now - before - removed}"
        assert self._sum(tree) == 10 + sum(added for _, added in past.edits.values())
        self._check_sound(tree)

    def _check_sound(self, tree: Oid) -> None:
        files = list_tree(self.memory, tree)
        places: dict[str, str] = {}
        for path in files:
            parts = path.split("/")
            for depth in range(1, len(parts) + 1):
                place = "/".join(parts[:depth])
                assert places.setdefault(fold(place), place) == place, f"{place} and {places[fold(place)]} are twins"
        ids = [record_id(self.memory.blob(entry.oid)) for path, entry in files.items() if is_record(path)]
        known = {key for key in ids if key} | set(files)
        for path, conflict in all_conflicts(self.memory, tree).items():
            assert conflict.record in known, f"{path} is about {conflict.record}, which is gone"
        assert len(set(filter(None, ids))) == len(list(filter(None, ids))), "a record stands twice"

    def teardown(self) -> None:
        """Everybody merges everybody: then all are equal."""
        for desk, other in ("ab", "ac", "ba", "ca"):
            self.merge(desk, other)
        assert len(set(self.heads.values())) <= 1

    # Helpers.

    def _tree(self, desk: str) -> Oid:
        return read_commit(self.memory, self.heads[desk]).tree

    def _files(self, desk: str) -> dict[str, bytes]:
        return self.memory.files(self._tree(desk))

    def _free(self, path: str, files: dict[str, bytes]) -> bool:
        """Whether a person can make this file: no file or folder stands in its way, on any machine."""
        taken = {fold(other) for other in files}
        parts = fold(path).split("/")
        above = {"/".join(parts[:depth]) for depth in range(1, len(parts) + 1)}
        spelled = {"/".join(path.split("/")[:depth]) for depth in range(1, len(path.split("/")))}
        folders = {"/".join(other.split("/")[:depth]) for other in files for depth in range(1, other.count("/") + 1)}
        twins = {fold(one) for one in folders - spelled}
        return not above & taken and not above & twins and fold(path) not in {fold(one) for one in folders}

    def _merged(self, base: Oid, ours: Oid, theirs: Oid) -> Oid:
        tree = merge_trees(self.memory, base, ours, theirs).tree
        assert tree == merge_trees(self.memory, base, theirs, ours).tree, "the merge knows a side"
        return tree

    def _change(self, desk: str, changes: dict[str, bytes | None]) -> None:
        before = self._tree(desk)
        tree = self.memory.tree(changes, before)
        voids = void_conflicts(self.memory, tree, diff_trees(self.memory, before, tree))
        self._note_edit(desk, patch_tree(self.memory, tree, dict.fromkeys(voids)))

    def _note_edit(self, desk: str, tree: Oid) -> None:
        head = self.heads[desk]
        before = read_commit(self.memory, head).tree
        commit = self._commit(tree, (head,))
        past = self.past[head]
        gone = frozenset(self._words(before) - self._words(tree))
        edits = past.edits | {commit: (gone, self._sum(tree) - self._sum(before))}
        self.past[commit] = Past(edits)
        self.heads[desk] = commit

    def _commit(self, tree: Oid, parents: tuple[Oid, ...]) -> Oid:
        self.clock += 60
        who = ("Marc <marc@example.org>", 1_772_437_200 + self.clock, 60)
        return self.memory.add("commit", encode_commit(Commit("", tree, parents, *who, *who, f"{self.clock}\n")))

    def _words(self, tree: Oid) -> set[str]:
        return set().union(*starmap(tokens, self.memory.files(tree).items()))

    def _sum(self, tree: Oid) -> int:
        value = read(self.memory.blob(list_tree(self.memory, tree)[COUNTER].oid)).value(SCHEMA)
        assert isinstance(value, dict) and isinstance(value["samples"], int)
        return value["samples"]


Histories.TestCase.settings = settings(
    max_examples=max(1, STEPS // STEPS_A_HISTORY),
    stateful_step_count=STEPS_A_HISTORY,
    deadline=None,
    derandomize="FV_STEPS" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
TestHistories = Histories.TestCase
