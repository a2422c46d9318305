"""Trees and batches, beside git."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fieldvault.core.snapshot import EXECUTABLE, FILE, FOLDER, Entry, TreeChange
from fieldvault.edge.git.store.batch import LOOSE_LIMIT, Batch
from fieldvault.edge.git.store.objects import Objects
from fieldvault.edge.git.store.trees import (
    MAX_DEPTH,
    diff_trees,
    encode_tree,
    find,
    folder_ids,
    list_tree,
    patch_tree,
    read_tree,
)
from fieldvault.errors import Corrupt
from tests.gitenv import Git


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return Git(tmp_path).init()


@pytest.fixture
def objects(git: Git):
    with Objects(git.path / ".git") as objects:
        yield objects


def git_tree(git: Git, files: dict[str, Entry]) -> str:
    """The tree that git makes of these files."""
    git("read-tree", "--empty")
    lines = "".join(f"{entry.mode:o} {entry.oid}\t{path}\0" for path, entry in files.items())
    git("update-index", "-z", "--index-info", stdin=lines)
    return git("write-tree")


def set_paths(files: dict[str, Entry], changes: dict[str, Entry | None]) -> dict[str, Entry]:
    """What a change means, path by path."""
    result = {path: entry for path, entry in files.items() if path not in changes}
    for path, entry in changes.items():
        if entry is not None:
            swallowed = [other for other in result if other.startswith(path + "/") or path.startswith(other + "/")]
            for other in swallowed:
                del result[other]
            result[path] = entry
    return result


NAMES = ["a", "a.b", "a-", "a0", "b", "Œuilly.yaml", "z"]


def random_files(dice: random.Random, oids: list[str], count: int) -> dict[str, Entry]:
    files: dict[str, Entry] = {}
    for _ in range(count):
        path = "/".join(dice.choices(NAMES, k=dice.choice((1, 2, 2, 3))))
        if not any(other.startswith(path + "/") or path.startswith(other + "/") for other in files):
            files[path] = Entry(dice.choice((FILE, FILE, EXECUTABLE)), dice.choice(oids))
    return files


@pytest.mark.parametrize("seed", range(8))
def test_a_patched_tree_is_the_tree_that_git_makes(git: Git, objects: Objects, seed: int) -> None:
    dice = random.Random(seed)
    oids = [objects.write("blob", f"{number}".encode()) for number in range(4)]
    files, root = {}, None
    for _ in range(4):
        incoming: dict[str, Entry | None] = {**random_files(dice, oids, 10)}
        gone = [path for path in files if dice.random() < 0.4 and path not in incoming]
        changes = incoming | dict.fromkeys(gone)
        before = root
        with Batch(objects) as batch:
            root = patch_tree(batch, root, changes)
            batch.flush()
        old, files = files, set_paths(files, changes)
        assert root == git_tree(git, files)
        assert list_tree(objects, root) == files
        assert diff_trees(objects, before, root) == [
            TreeChange(path, old.get(path), files.get(path))
            for path in sorted(old.keys() | files.keys())
            if old.get(path) != files.get(path)
        ]
        for path, entry in files.items():
            assert find(objects, root, path) == entry
    git.assert_sound()


def test_names_that_are_no_utf8_survive(git: Git, objects: Objects) -> None:
    blob = objects.write("blob", b"x")
    root = git_tree(git, {})
    with Batch(objects) as batch:
        root = patch_tree(batch, root, {"caf\udce9.yaml": Entry(FILE, blob)})
        batch.flush()
    assert git.raw("ls-tree", "-z", "--name-only", root) == b"caf\xe9.yaml\0"
    assert list(list_tree(objects, root)) == ["caf\udce9.yaml"]


def test_an_unchanged_tree_keeps_its_id_and_emptied_folders_vanish(git: Git, objects: Objects) -> None:
    entry = Entry(FILE, objects.write("blob", b"x"))
    with Batch(objects) as batch:
        root = patch_tree(batch, None, {"a/b/c": entry})
        assert patch_tree(batch, root, {"a/b/c": entry}) == root
        assert patch_tree(batch, root, {"x/y": None}) == root
        assert patch_tree(batch, root, {"a/b": None}) == root, "a removal of a file leaves the folder of that name"
        emptied = patch_tree(batch, root, {"a/b/c": None})
        assert read_tree(batch, emptied) == ()


def test_a_file_and_a_folder_swap_places(objects: Objects) -> None:
    entry = Entry(FILE, objects.write("blob", b"x"))
    with Batch(objects) as batch:
        folder = patch_tree(batch, None, {"a/b": entry})
        file = patch_tree(batch, folder, {"a/b": None, "a": entry})
        assert list_tree(batch, file) == {"a": entry}
        assert list_tree(batch, patch_tree(batch, file, {"a": None, "a/b": entry})) == {"a/b": entry}
        assert list_tree(batch, patch_tree(batch, file, {"a": None, "a/b": None})) == {}
        assert list_tree(batch, patch_tree(batch, file, {"a/b": None, "a": None})) == {}
        assert patch_tree(batch, file, {"a/b": None}) == file
        changes = diff_trees(batch, folder, file)
    assert changes == [TreeChange("a", None, entry), TreeChange("a/b", entry, None)]


def test_what_lies_where(objects: Objects) -> None:
    entry = Entry(FILE, objects.write("blob", b"x"))
    with Batch(objects) as batch:
        root = patch_tree(batch, None, {"a/b/c": entry, "d": entry})
        assert find(batch, root, "") == Entry(FOLDER, root)
        assert find(batch, root, "a/b").mode == FOLDER
        assert find(batch, root, "d/x") is None and find(batch, root, "nothing") is None
        ids = folder_ids(batch, root, ["a/b/c", "d", "gone/x"])
        assert ids == {"": root, "a": find(batch, root, "a").oid, "a/b": find(batch, root, "a/b").oid}


def test_equal_folders_are_not_read(objects: Objects) -> None:
    nowhere = Entry(FOLDER, "1" * 40)
    entry = Entry(FILE, objects.write("blob", b"x"))
    old = objects.write("tree", encode_tree({"same": nowhere, "x": entry}))
    new = objects.write("tree", encode_tree({"same": nowhere}))
    assert diff_trees(objects, old, new) == [TreeChange("x", entry, None)]


@pytest.mark.parametrize(
    "data",
    [
        b"100644 a",
        b"100644 a\0short",
        b"rubbish a\0" + bytes(20),
        b"100644 \0" + bytes(20),
        b"100644 a/b\0" + bytes(20),
        b"100644 a\0" + bytes(20) + b"100644 a\0" + bytes(20),
    ],
)
def test_a_damaged_tree_is_named(objects: Objects, data: bytes) -> None:
    oid = objects.write("tree", data)
    with pytest.raises(Corrupt) as caught:
        read_tree(objects, oid)
    assert (caught.value.kind, caught.value.facts) == ("tree-damaged", {"oid": oid})


def test_a_tree_of_absurd_depth_ends_in_an_error(objects: Objects) -> None:
    oid = objects.write("tree", encode_tree({"x": Entry(FILE, objects.write("blob", b"x"))}))
    with Batch(objects) as batch:
        for _ in range(3000):
            oid = batch.add("tree", encode_tree({"d": Entry(FOLDER, oid)}))
        for question in (
            lambda: list_tree(batch, oid),
            lambda: diff_trees(batch, None, oid),
            lambda: patch_tree(batch, oid, {"d/" * 2000 + "x": None}),
        ):
            with pytest.raises(Corrupt) as caught:
                question()
            assert (caught.value.kind, caught.value.facts["limit"]) == ("tree-too-deep", MAX_DEPTH)


@pytest.mark.parametrize(("count", "packs"), [(LOOSE_LIMIT, 0), (LOOSE_LIMIT + 1, 1)])
def test_few_objects_are_loose_and_many_are_one_pack(git: Git, objects: Objects, count: int, packs: int) -> None:
    contents = [f"record {number}\n".encode() for number in range(count)]
    with Batch(objects) as batch:
        oids = [batch.add("blob", content) for content in [*contents, contents[0]]]
        assert [batch.blob(oid) for oid in oids[:-1]] == contents and oids[0] in batch and oids[0] not in objects
        batch.flush()
        assert batch.blob(oids[0]) == contents[0]
    assert len(list((git.path / ".git/objects/pack").glob("*.pack"))) == packs
    assert git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split() == sorted(set(oids))
    git.assert_sound()


@pytest.mark.parametrize("count", [3, 30])
def test_what_is_not_flushed_leaves_nothing(git: Git, objects: Objects, count: int) -> None:
    with Batch(objects) as batch:
        for number in range(count):
            batch.add("blob", f"{number}".encode())
    assert [path for path in (git.path / ".git/objects").rglob("*") if path.is_file()] == []


def test_what_stands_in_a_pack_is_not_packed_again(git: Git, objects: Objects) -> None:
    contents = [f"record {number}\n".encode() for number in range(50)]
    for more in (contents, [*contents, b"one more\n"]):
        with Batch(objects) as batch:
            for content in more:
                batch.add("blob", content)
            batch.flush()
    counts = sorted(
        git("verify-pack", "-v", str(index)).count(" blob ") for index in (git.path / ".git/objects/pack").glob("*.idx")
    )
    assert counts == [1, 50]
