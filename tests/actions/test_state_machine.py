"""Three vaults and a hub over real folders: people edit, go offline, commit, sync, decide, undo, change the schema, and
pull from each other with plain git, and their machines die in the middle of it.

Law: whatever they did, once all have synced they hold the same bytes, git finds nothing wrong, and every token that
anybody committed is in the folder unless some person's own commit removed it. FV_STEPS makes it longer and random,
FV_VAULTS=5 gives it more people.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from itertools import starmap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from fieldvault.core.names import is_own, is_record
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.store.history import read_commit, walk
from fieldvault.edge.git.store.trees import list_tree
from fieldvault.errors import FieldvaultError
from tests.actions.killing import killed, possible
from tests.actions.territory import COUNTER, SCHEMA_PATH, Words, commented, edited, record, reformed, start, tokens
from tests.world import Desk, World

pytestmark = pytest.mark.slow

STEPS = int(os.environ.get("FV_STEPS", "300"))
STEPS_A_STORY = 15
NAMES = ("Marc", "Ines", "Zoe", "Paul", "Lea")[: int(os.environ.get("FV_VAULTS", "3"))]
PEOPLE = st.sampled_from(NAMES)
SEEDS = st.integers(0, 2**32)


class Territory(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="fv-"))
        self.word = Words()
        self.offline: set[str] = set()
        self.killed: set[str] = set()  # who has done nothing with fv since

    @initialize()
    def begin(self) -> None:
        self.world = World(self.folder)
        self.world.first("Claire", files=start())  # whose start nobody else can undo
        self.desks = {person: self.world.join(person) for person in NAMES}

    # In the editor.

    @rule(person=PEOPLE, seed=SEEDS)
    def edit(self, person: str, seed: int) -> None:
        draw = random.Random(seed)
        path = draw.choice([COUNTER, *self._paths(person, records=True)])
        self.desks[person].write(path, edited(self._bytes(person, path), draw, self.word))

    @rule(person=PEOPLE, seed=SEEDS)
    def comment(self, person: str, seed: int) -> None:
        self.desks[person].write(COUNTER, commented(self._bytes(person, COUNTER), random.Random(seed), self.word))

    @rule(person=PEOPLE, seed=SEEDS)
    def change_the_schema(self, person: str, seed: int) -> None:
        data = self._bytes(person, SCHEMA_PATH)
        self.desks[person].write(SCHEMA_PATH, reformed(data, random.Random(seed), self.word))

    @rule(person=PEOPLE, name=st.sampled_from(["photo.png", "notes.txt", "brochure.pdf"]))
    def attach(self, person: str, name: str) -> None:
        self.desks[person].write(name, f"{self.word()}\n" if name.endswith("txt") else f"\0{self.word()}")

    @rule(person=PEOPLE, key=st.sampled_from("pqr"))
    def add(self, person: str, key: str) -> None:
        path = f"customers/{key}/new~cus_{key}.yaml"
        if not list(self.desks[person].root.glob(f"customers/**/*~cus_{key}.yaml")):
            self.desks[person].write(path, record(f"cus_{key}", self.word()))

    @rule(person=PEOPLE, seed=SEEDS)
    def remove(self, person: str, seed: int) -> None:
        if paths := self._paths(person):
            self.desks[person].remove(random.Random(seed).choice(paths))

    @rule(person=PEOPLE, seed=SEEDS, folder=st.sampled_from(["customers", "customers/m"]))
    def rename(self, person: str, seed: int, folder: str) -> None:
        root = self.desks[person].root
        if paths := self._paths(person, records=True):
            path = random.Random(seed).choice(paths)
            to = root / folder / f"moved~{path.rpartition('~')[2]}"
            if not to.exists():
                to.parent.mkdir(exist_ok=True)
                (root / path).rename(to)

    # With fv.

    @rule(person=PEOPLE)
    def commit(self, person: str) -> None:
        report = self.desks[person].commit()
        assert not report.waits and not report.behind

    @rule(person=PEOPLE)
    def go_offline(self, person: str) -> None:
        self.offline ^= {person}

    @precondition(lambda self: len(self.offline) < len(NAMES))
    @rule(person=PEOPLE)
    def sync(self, person: str) -> None:
        if person not in self.offline:
            report = self.desks[person].sync()
            assert report.confirmed and not report.behind and not report.refused
            self.desks[person].assert_clean()

    @rule(person=PEOPLE, seed=SEEDS)
    def resolve(self, person: str, seed: int) -> None:
        draw = random.Random(seed)
        if found := self.desks[person].conflicts():
            one = draw.choice(found)
            take = draw.randrange(len(one.standing)) + 1
            field = "/" + "/".join(one.conflict.field) if one.conflict.field else ""
            self.desks[person].resolve(one.path, field, take=take)

    @rule(person=PEOPLE)
    def undo(self, person: str) -> None:
        try:
            self.desks[person].undo()
        except FieldvaultError as error:
            assert error.kind == "undo-nothing"

    @precondition(lambda self: possible)
    @rule(person=PEOPLE, command=st.sampled_from(["commit", "sync", "undo"]), at=st.integers(0, 60))
    def kill(self, person: str, command: str, at: int) -> None:
        """The machine dies in the middle of a command; some other one comes next."""
        if not (command == "sync" and person in self.offline) and killed(getattr(self.desks[person], command), at):
            self.killed.add(person)

    # With plain git.

    @rule(person=PEOPLE)
    def git_commit(self, person: str) -> None:
        self._commit_by_git(person)

    @rule(person=PEOPLE, other=st.one_of(st.just("origin"), PEOPLE))
    def git_pull(self, person: str, other: str) -> None:
        """From the hub as a colleague without fv would, or from each other; where git cannot merge, they give up."""
        git = self.desks[person].git
        source = "origin" if other in self.offline else str(self.desks[other].root) if other in self.desks else other
        if self._commit_by_git(person) and git.run("pull", "-q", "--no-rebase", "--no-edit", source, "main").returncode:
            git.run("merge", "--abort")

    def _commit_by_git(self, person: str) -> bool:
        """Whether git did it: after a kill it may find its locks taken, until the next fv command."""
        git = self.desks[person].git
        for words in (("add", "-A"), ("commit", "-q", "--allow-empty", "-m", "plain git")):
            done = git.run(*words)
            if done.returncode:
                assert person in self.killed and b".lock" in done.stderr, done.stderr.decode()
                return False
        return True

    def teardown(self) -> None:
        try:
            if hasattr(self, "desks"):
                self._check_all()
        finally:
            shutil.rmtree(self.folder)

    def _check_all(self) -> None:
        desks = list(self.desks.values())
        self.world.settle(*desks)
        files = desks[0].files()
        for desk in desks:
            assert desk.files() == files
            assert desk.head() == self.world.hub_git("rev-parse", "main")
            desk.assert_clean()
        self.world.hub_git.assert_sound()
        written, removed = _written_and_removed(desks[0])
        standing = set().union(*starmap(tokens, files.items()))
        assert not written - removed - standing, f"lost: {written - removed - standing}"

    def _paths(self, person: str, *, records: bool = False) -> list[str]:
        """The files that people may move and remove."""
        paths = self.desks[person].files().keys() - {COUNTER}
        return sorted(path for path in paths if (is_record(path) if records else not is_own(path)) and path[0] != ".")

    def _bytes(self, person: str, path: str) -> bytes:
        return (self.desks[person].root / path).read_bytes()


def _written_and_removed(desk: Desk) -> tuple[set[str], set[str]]:
    """Every token of the whole history, and those that an ordinary commit, which is one person's, took away."""
    written: set[str] = set()
    removed: set[str] = set()
    with desk.vault() as vault:
        trees: dict[Oid, set[str]] = {}

        def words(tree: Oid) -> set[str]:
            if tree not in trees:
                files = list_tree(vault.objects, tree).items()
                trees[tree] = set().union(*(tokens(path, vault.objects.blob(entry.oid)) for path, entry in files))
            return trees[tree]

        for commit in walk(vault.objects, [desk.head()]):
            written |= words(commit.tree)
            if len(commit.parents) == 1:
                removed |= words(read_commit(vault.objects, commit.parents[0]).tree) - words(commit.tree)
    return written, removed


Territory.TestCase.settings = settings(
    max_examples=max(1, STEPS // STEPS_A_STORY),
    stateful_step_count=STEPS_A_STORY,
    deadline=None,
    derandomize="FV_STEPS" not in os.environ,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # no shrinking: a story takes seconds to tell
)
TestTerritory = Territory.TestCase
