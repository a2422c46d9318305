"""Commits and their graph, beside git."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldvault.edge.git.store.history import (
    Commit,
    encode_commit,
    is_ancestor,
    merge_bases,
    new_commits,
    newest_first,
    parse_commit,
    read_commit,
    walk,
)
from fieldvault.edge.git.store.objects import Objects, object_id
from fieldvault.errors import Corrupt
from tests.gitenv import Git

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return Git(tmp_path).init()


def random_history(objects: Objects, seed: int, commits: int) -> list[str]:
    """Merges everywhere and clocks that jump: what a team of laptops makes."""
    dice = random.Random(seed)
    objects.write("tree", b"")
    made: list[str] = []
    for number in range(commits):
        recent = made[-6:]
        parents = dice.sample(recent, min(len(recent), dice.choice((0, 1, 1, 1, 2, 2, 3)) if number > 2 else 1))
        time = 1_772_437_200 + number * 60 + dice.choice((0, 0, 0, -500_000, 90_000))
        who = "Marc Petit <marc@example.org>"
        commit = Commit("", EMPTY_TREE, tuple(parents), who, time, 60, who, time, -570, f"change {number}\n")
        made.append(objects.write("commit", encode_commit(commit)))
    return made


@pytest.mark.parametrize("seed", range(6))
def test_the_graph_is_what_git_says(git: Git, tmp_path: Path, seed: int) -> None:
    with Objects(tmp_path / ".git") as objects:
        made = random_history(objects, seed, 40)
        graph = {commit.oid: commit for commit in walk(objects, made)}
        dice = random.Random(seed)
        for _ in range(6):
            a, b = dice.sample(made, 2)
            asked = git.run("merge-base", "--all", a, b).stdout.decode().split()
            assert merge_bases(objects, a, b) == sorted(asked) == merge_bases(objects, b, a)
            assert is_ancestor(objects, a, b) == (git.run("merge-base", "--is-ancestor", a, b).returncode == 0)
        tips, hidden = dice.sample(made[-12:], 2), dice.sample(made, 3)
        listed = git("rev-list", *tips, *(f"^{oid}" for oid in hidden)).split()
        walked = [commit.oid for commit in walk(objects, tips, hidden)]
        assert set(listed) <= set(walked) and len(walked) == len(set(walked))
        position = {oid: place for place, oid in enumerate(walked)}
        for oid in walked:
            assert all(position[parent] > position[oid] for parent in graph[oid].parents if parent in position)
    git.assert_sound()


@pytest.mark.parametrize("seed", range(4))
def test_the_newest_come_first_and_the_rest_is_not_read(git: Git, tmp_path: Path, seed: int) -> None:
    with Objects(tmp_path / ".git") as objects:
        made = random_history(objects, seed, 40)
        assert [commit.oid for commit in newest_first(objects, made[-1])] == git("rev-list", made[-1]).split()
        reads: list[str] = []
        next(newest_first(Recorded(objects, reads), made[-1]))
        assert reads == [made[-1]]


class Recorded:
    """An object store that notes what is read."""

    def __init__(self, objects: Objects, reads: list[str]) -> None:
        self.objects, self.reads = objects, reads

    def read(self, oid: str) -> tuple[str, bytes]:
        self.reads.append(oid)
        return self.objects.read(oid)

    def blob(self, oid: str) -> bytes:
        return self.read(oid)[1]

    def __contains__(self, oid: str) -> bool:
        return oid in self.objects


def test_with_true_clocks_the_walk_is_exactly_what_git_lists(git: Git, tmp_path: Path) -> None:
    first = git.commit_files({"a": "1"})
    git("checkout", "-q", "-b", "side")
    side = git.commit_files({"b": "1"}, GIT_COMMITTER_DATE="1772437300 +0100")
    git("checkout", "-q", "main")
    main = git.commit_files({"c": "1"}, GIT_COMMITTER_DATE="1772437400 +0100")
    git("merge", "-q", "--no-ff", "-m", "both", "side", GIT_COMMITTER_DATE="1772437500 +0100")
    tip = git("rev-parse", "HEAD")
    with Objects(tmp_path / ".git") as objects:
        assert [commit.oid for commit in walk(objects, [tip])] == [tip, main, side, first]
        assert [commit.oid for commit in new_commits(objects, tip, [main, "0" * 40])] == [side, tip]
        assert new_commits(objects, main, [tip]) == []


def meaningless(dice: random.Random, number: int) -> int:
    return dice.choice((number * 60, dice.randint(0, 5000), 0, 2**40))


def in_memory(
    dice: random.Random, count: int, time_of: Callable[[random.Random, int], int] = meaningless
) -> tuple[dict[str, tuple[str, bytes]], dict[str, set[str]]]:
    """A random graph, by default one whose dates mean nothing: its objects, and each commit's ancestors by counting."""
    objects: dict[str, tuple[str, bytes]] = {}
    ancestors: dict[str, set[str]] = {}
    for number in range(count):
        recent = list(ancestors)[-8:]
        parents = tuple(dice.sample(recent, min(len(recent), dice.choice((0, 1, 1, 1, 2, 2, 3)))))
        time = time_of(dice, number)
        data = encode_commit(Commit("", EMPTY_TREE, parents, "A <a@b>", time, 0, "A <a@b>", time, 0, f"{number}"))
        oid = object_id("commit", data)
        objects[oid] = ("commit", data)
        ancestors[oid] = {oid}.union(*(ancestors[parent] for parent in parents))
    return objects, ancestors


class Memory(dict[str, tuple[str, bytes]]):
    def read(self, oid: str) -> tuple[str, bytes]:
        return self[oid]


@given(st.randoms(use_true_random=False), st.integers(2, 40))
@settings(deadline=None, max_examples=150)
def test_the_answers_do_not_depend_on_dates(dice: random.Random, count: int) -> None:
    objects, ancestors = in_memory(dice, count)
    reader = Memory(objects)
    made = list(ancestors)
    a, b = dice.choice(made), dice.choice(made)
    common = ancestors[a] & ancestors[b]
    best = [one for one in common if not any(one != other and one in ancestors[other] for other in common)]
    assert merge_bases(reader, a, b) == sorted(best)
    assert is_ancestor(reader, a, b) == (a in ancestors[b])
    assert {commit.oid for commit in walk(reader, [a, b])} == ancestors[a] | ancestors[b]
    assert {commit.oid for commit in walk(reader, [a], [b])} >= ancestors[a] - ancestors[b]


def test_several_commits_of_one_second_do_not_blur_what_is_new() -> None:
    """A vault that is used quickly: true clocks, and a merge in the second of the commits that it merges."""
    for seed in range(2000):
        dice = random.Random(seed)
        objects, ancestors = in_memory(dice, 14, lambda dice, number: 1000 + number // 4)
        tip, known = dice.sample(list(ancestors)[-6:], 2)
        assert {commit.oid for commit in walk(Memory(objects), [tip], [known])} == ancestors[tip] - ancestors[known]


def test_unrelated_histories_have_no_base(git: Git, tmp_path: Path) -> None:
    here = git.commit_files({"a": "1"})
    git("checkout", "-q", "--orphan", "other")
    there = git.commit_files({"a": "2"}, "another root")
    with Objects(tmp_path / ".git") as objects:
        assert merge_bases(objects, here, there) == []
        assert not is_ancestor(objects, here, there)
        assert is_ancestor(objects, here, here)


@pytest.mark.parametrize(
    "data",
    [
        b"tree %b\nauthor A <a@b> 1 +0545\ncommitter B <b@b> 2 -0330\n\nmessage\n\nwith two paragraphs",
        b"tree %b\nparent %b\nparent %b\nauthor A <a@b> 1 +0000\ncommitter B <b@b> 2 +0000\n"
        b"encoding ISO-8859-1\ngpgsig -----BEGIN\n line\n \n -----END\n\nLef\xe8vre\n",
        b"tree %b\nauthor  <> 9223372036854775808 +0000\ncommitter \xff <b@b> -5 +1400\n\n",
    ],
)
def test_bytes_survive_parsing_and_encoding(data: bytes) -> None:
    data = data.replace(b"%b", EMPTY_TREE.encode())
    assert encode_commit(parse_commit("0" * 40, data)) == data


def test_a_person_line_without_a_date_is_read(git: Git, tmp_path: Path) -> None:
    commit = parse_commit("", f"tree {EMPTY_TREE}\nauthor nobody\ncommitter B <b@b> 2 +0100\n\nx".encode())
    assert (commit.author, commit.author_time, commit.commit_offset_min) == ("nobody", 0, 60)


@pytest.mark.parametrize("head", ["", "tree ../x", f"tree {EMPTY_TREE}\nparent HEAD", "tree 4b825d", "author A <a>"])
def test_a_crafted_commit_is_named(head: str) -> None:
    with pytest.raises(Corrupt) as caught:
        parse_commit("1" * 40, f"{head}\n\nx".encode())
    assert (caught.value.kind, caught.value.facts) == ("object-damaged", {"oid": "1" * 40})


def test_a_tree_is_no_commit(git: Git, tmp_path: Path) -> None:
    git.commit_files({"a": "1"})
    with Objects(tmp_path / ".git") as objects, pytest.raises(Corrupt) as caught:
        read_commit(objects, git("rev-parse", "HEAD^{tree}"))
    assert caught.value.kind == "object-kind"


def test_git_reads_what_we_encode(git: Git, tmp_path: Path) -> None:
    with Objects(tmp_path / ".git") as objects:
        tree = objects.write("tree", b"")
        who = "Inès Roux <ines@example.org>"
        oid = objects.write("commit", encode_commit(Commit("", tree, (), who, 1, 60, who, 2, -570, "Début\n\ntexte\n")))
    assert git("log", "--format=%an|%ae|%ad|%cd|%s|%b", "--date=raw", oid) == (
        "Inès Roux|ines@example.org|1 +0100|2 -0930|Début|texte\n"
    )
    git.assert_sound()
