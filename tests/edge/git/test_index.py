"""git's index, beside git."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
from pathlib import Path

import pytest

from fieldvault.core.snapshot import EXECUTABLE, FILE, Entry
from fieldvault.edge.git.gitdir.cachetree import CacheTree, encode, parse
from fieldvault.edge.git.gitdir.index import GitIndex, IndexEntry, build_index, entry_from_stat
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.objects import Objects
from fieldvault.edge.git.store.trees import folder_ids, list_tree, patch_tree
from fieldvault.errors import Corrupt
from tests.gitenv import Git

NAMES = ["a", "a.b", "a-", "ab", "Œuilly.yaml", "z" * 130]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return Git(tmp_path).init()


def index_file(git: Git) -> Path:
    return git.path / ".git" / "index"


def staged(git: Git) -> dict[str, Entry]:
    lines = git("ls-files", "--stage", "-z").split("\0")[:-1]
    return {line.split("\t")[1]: Entry(int(line.split()[0], 8), line.split()[1]) for line in lines}


def write_and_stat(git: Git, objects: Objects, path: str, content: str, mode: int) -> IndexEntry:
    target = git.path / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(content)
    target.chmod(0o755 if mode == EXECUTABLE else 0o644)
    return entry_from_stat(target.stat(), objects.write("blob", content.encode()), mode)


def remove_empty_folders(folder: Path) -> None:
    with contextlib.suppress(OSError):
        while True:
            folder.rmdir()
            folder = folder.parent


def commit_as_we_do(git: Git, objects: Objects, changes: dict[str, tuple[str, int] | None]) -> None:
    """Working files, trees, commit, index: by our own hands, without git."""
    root = git("rev-parse", "HEAD^{tree}")
    for path, change in changes.items():
        if change is None:
            (git.path / path).unlink()
            remove_empty_folders((git.path / path).parent)
    entries = {
        path: None if change is None else write_and_stat(git, objects, path, *change)
        for path, change in changes.items()
    }
    with Batch(objects) as batch:
        leaves = {path: None if entry is None else Entry(entry.mode, entry.oid) for path, entry in entries.items()}
        tree = patch_tree(batch, root, leaves)
        batch.flush()
    index = GitIndex(index_file(git).read_bytes())
    patched = index.patched(entries, folder_ids(objects, root, changes), folder_ids(objects, tree, changes))
    index_file(git).write_bytes(b"".join(patched))
    git("update-ref", "HEAD", git("commit-tree", "-m", "x", "-p", "HEAD", tree))


def cache_tree(git: Git) -> CacheTree:
    return parse(GitIndex(index_file(git).read_bytes())._extensions[b"TREE"])


def assert_cache_tree_is_true(git: Git, *, complete: bool) -> None:
    """Every valid node names the tree that git makes of the entries below it."""
    files = list(staged(git))

    def check(node: CacheTree, folder: str) -> None:
        assert node.count >= 0 or not complete, f"{folder} is invalid"
        if node.count >= 0:
            assert node.count == sum(path.startswith(folder) for path in files)
            assert node.oid == trees[folder]
        for name, below in node.folders.items():
            check(below, f"{folder}{name.decode()}/")

    fresh = Git(git.path, GIT_INDEX_FILE=str(git.path / ".git" / "fresh-index"))
    fresh("read-tree", "--empty")
    fresh("update-index", "-z", "--index-info", stdin=git("ls-files", "--stage", "-z"))
    root = fresh("write-tree")
    listed = fresh("ls-tree", "-r", "-d", "-z", root).split("\0")[:-1]
    trees = {line.split("\t")[1] + "/": line.split()[2] for line in listed} | {"": root}
    check(cache_tree(git), "")


def random_change(dice: random.Random, files: dict[str, Entry]) -> dict[str, tuple[str, int] | None]:
    changes: dict[str, tuple[str, int] | None] = {}
    for _ in range(dice.randint(1, 8)):
        path = "/".join(dice.choices(NAMES, k=dice.choice((1, 2, 3))))
        others = [other for other in (*files, *changes) if other != path]
        if not any(other.startswith(path + "/") or path.startswith(other + "/") for other in others):
            changes[path] = (f"{dice.random()}", dice.choice((FILE, EXECUTABLE)))
    for path in files:
        if path not in changes and dice.random() < 0.2:
            changes[path] = None
    return changes


@pytest.mark.parametrize("seed", range(8))
def test_after_our_commits_git_finds_everything_clean(git: Git, seed: int) -> None:
    dice = random.Random(seed)
    with Objects(git.path / ".git") as objects:
        git.commit_files({"a": "1", "b/c/d": "2"})
        for _ in range(5):
            commit_as_we_do(git, objects, random_change(dice, staged(git)))
            os.utime(index_file(git), (2_000_000_000, 2_000_000_000))  # no entry is racy: git believes the stat fields
            assert git("status", "--porcelain", "--untracked-files=no") == ""
            assert git("diff-files") == ""
            assert staged(git) == list_tree(objects, git("rev-parse", "HEAD^{tree}"))
            assert_cache_tree_is_true(git, complete=True)
    git.assert_sound()


@pytest.mark.parametrize("seed", range(8))
def test_what_git_staged_survives_our_commits(git: Git, seed: int) -> None:
    """git adds and removes in the index between our commits; TREE never calls a folder valid that is not."""
    dice = random.Random(seed)
    with Objects(git.path / ".git") as objects:
        git.commit_files({"a/a": "1", "a/b/c": "2", "z/a": "3"})
        for step in range(6):
            before = staged(git)
            committed = list_tree(objects, git("rev-parse", "HEAD^{tree}"))
            if step % 2:
                (git.path / "z" / f"staged-{step}").write_text("x")
                git("add", f"z/staged-{step}")
                if "a/b/c" in before:
                    git("rm", "-q", "--cached", "-r", "a/b")
                before = staged(git)
            changes = random_change(dice, before | committed)
            changes = {path: change for path, change in changes.items() if not path.startswith(("a/", "z/"))}
            changes[f"a/b/new-{step}"] = ("new", FILE)
            commit_as_we_do(git, objects, changes)
            after = staged(git)
            assert {path: entry for path, entry in after.items() if path not in changes} == {
                path: entry for path, entry in before.items() if path not in changes
            }
            assert_cache_tree_is_true(git, complete=False)
    git.assert_sound()


def test_a_path_takes_the_place_of_a_folder_and_the_other_way_round(git: Git) -> None:
    with Objects(git.path / ".git") as objects:
        git.commit_files({"a/b/c": "1", "a/d": "2", "a0": "3", "a-": "4"})
        root = git("rev-parse", "HEAD^{tree}")
        entry = IndexEntry(FILE, objects.write("blob", b"x"))
        for path in ("a", "a/b/c/d/e"):
            with Batch(objects) as batch:
                tree = patch_tree(batch, root, {path: Entry(FILE, entry.oid)})
                batch.flush()
            data = index_file(git).read_bytes()
            ids = [folder_ids(objects, oid, [path, "a/b/c", "a/d"]) for oid in (root, tree)]
            index_file(git).write_bytes(b"".join(GitIndex(data).patched({path: entry}, *ids)))
            assert git("write-tree") == tree
            assert_cache_tree_is_true(git, complete=True)
            git("read-tree", root)


def test_an_unmerged_path_counts_as_merged_after_our_change(git: Git) -> None:
    git.commit_files({"a": "1\n"})
    git("checkout", "-q", "-b", "side")
    git.commit_files({"a": "2\n"})
    git("checkout", "-q", "main")
    git.commit_files({"a": "3\n"})
    assert git.run("merge", "-q", "side").returncode == 1
    index = GitIndex(index_file(git).read_bytes())
    assert index.get("a").stage == 1 and len(index) == 3
    with Objects(git.path / ".git") as objects:
        entry = write_and_stat(git, objects, "a", "4\n", FILE)
    index_file(git).write_bytes(b"".join(index.patched({"a": entry}, {}, {})))
    assert git("ls-files", "--unmerged") == "" and git("diff-files") == ""
    assert GitIndex(index_file(git).read_bytes()).get("a") == entry


def test_what_git_was_told_of_a_path_lasts_until_the_path_changes(git: Git) -> None:
    """As where git's own merge brings another version."""
    git.commit_files({"a": "1\n", "b": "1\n"})
    git("update-index", "--assume-unchanged", "a", "b")
    with Objects(git.path / ".git") as objects:
        commit_as_we_do(git, objects, {"a": ("2\n", FILE)})
    assert git("ls-files", "-v").splitlines() == ["H a", "h b"]


def test_what_git_wrote_is_what_we_read(git: Git) -> None:
    long = "/".join(["f" * 200] * 15) + "/" + "n" * 200  # 3,215 bytes
    git.commit_files({"a": "1", "b/é": "2"})
    blob = git("rev-parse", "HEAD:a")
    git("update-index", "--add", "--cacheinfo", f"100755,{blob},{long}")
    index = GitIndex(index_file(git).read_bytes())
    found = {path: index.get(path) for path in staged(git)}
    assert {path: Entry(entry.mode, entry.oid) for path, entry in found.items()} == staged(git) and len(index) == 3
    assert found["b/é"] == entry_from_stat((git.path / "b/é").stat(), found["b/é"].oid, FILE)
    assert index.get("b") is None and index.get("zzz") is None and index.get("") is None


@pytest.mark.parametrize("length", [*range(1, 10), 254, 255, 256, 4094, 4095, 4096, 5000])
def test_names_of_every_length(length: int) -> None:
    entry = IndexEntry(FILE, "1" * 40)
    names = {"n" * length: entry, "m": entry, "n" * (length + 1): entry}
    index = GitIndex(b"".join(build_index(names.items(), {})))
    assert [index.get(name) for name in names] == [entry] * len(names) == [entry] * len(index)
    patched = GitIndex(b"".join(index.patched({"n" * length: None}, {}, {})))
    assert patched.get("n" * (length + 1)) == entry


def test_an_index_built_anew_is_clean_and_its_cache_tree_complete(git: Git) -> None:
    git.commit_files(dict.fromkeys(("a", "b/c", "b/d/e", "b0", "x/y/z/w"), "x"))
    index_file(git).unlink()
    with Objects(git.path / ".git") as objects:
        root = git("rev-parse", "HEAD^{tree}")
        entries = {
            path: entry_from_stat((git.path / path).stat(), entry.oid, entry.mode)
            for path, entry in list_tree(objects, root).items()
        }
        index_file(git).write_bytes(b"".join(build_index(entries.items(), folder_ids(objects, root, entries))))
    assert git("status", "--porcelain") == "" and git("write-tree") == root
    assert_cache_tree_is_true(git, complete=True)
    index_file(git).write_bytes(b"".join(build_index([("gone", IndexEntry(FILE, entries["a"].oid))], {})))
    assert git("ls-files") == "gone" and git("diff-files", "--name-status") == "D\tgone"


def test_an_entry_without_stat_is_compared_by_content(git: Git) -> None:
    git.commit_files({"a": "1"})
    index = GitIndex(index_file(git).read_bytes())
    entry = IndexEntry(FILE, index.get("a").oid)
    index_file(git).write_bytes(b"".join(index.patched({"a": entry}, {}, {})))
    assert git("status", "--porcelain") == ""


def test_a_damaged_cache_tree_is_dropped(git: Git) -> None:
    git.commit_files({"a": "1", "b/c": "2"})
    data = index_file(git).read_bytes()[:-20].replace(b"\x003 1\n", b"\x003 9\n").replace(b"\x002 1\n", b"\x002 9\n")
    entry = IndexEntry(FILE, git("rev-parse", "HEAD:a"))
    index = GitIndex(data + hashlib.sha1(data).digest())
    index_file(git).write_bytes(b"".join(index.patched({"d": entry}, {}, {})))
    assert set(staged(git)) == {"a", "b/c", "d"} and b"TREE" not in index_file(git).read_bytes()


def test_what_cannot_be_patched_is_refused_by_name(git: Git) -> None:
    git.commit_files({"a": "1", "b/c": "2"})
    whole = index_file(git).read_bytes()

    def reason(data: bytes) -> object:
        with pytest.raises(Corrupt) as caught:
            GitIndex(data)
        assert caught.value.kind == "index-unreadable"
        return caught.value.facts["reason"]

    def signed(data: bytes) -> bytes:
        return data + hashlib.sha1(data).digest()

    assert GitIndex(whole[:-20] + bytes(20)).get("a") is not None, "index.skipHash writes no checksum"
    assert reason(b"") == reason(b"\0" * 200) == "signature"
    assert reason(whole.replace(b"b/c", b"b/d")) == "checksum"
    assert reason(whole[:-1]) == "truncated"
    assert reason(signed(whole[:60])) == reason(signed(whole[:-21])) == "truncated"
    assert reason(signed(whole[:8] + b"\xff" * 4 + whole[12:-20])) == "truncated"
    git("update-index", "--index-version", "4")
    assert reason(index_file(git).read_bytes()) == "version-4"
    git("update-index", "--index-version", "2")
    git("update-index", "--split-index")
    assert reason(index_file(git).read_bytes()) == "extension-link"
    git("update-index", "--no-split-index")
    (git.path / "new").touch()
    git("add", "-N", "new")
    assert reason(index_file(git).read_bytes()) == "version-3"


def test_the_cache_tree_is_written_as_git_writes_it(git: Git) -> None:
    git.commit_files(dict.fromkeys(("bb/a", "a/a", "ccc/a", "b/x/y", "a0/a", "top"), "x"))
    git("read-tree", "HEAD")
    data = GitIndex(index_file(git).read_bytes())._extensions[b"TREE"]
    assert encode(parse(data)) == data
