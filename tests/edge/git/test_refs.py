"""Refs and reflogs, beside git."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fieldvault.edge.git.gitdir.refs import Refs, check_name
from fieldvault.errors import Busy, Corrupt, FieldvaultError
from tests.gitenv import AUTHOR, DATE, Git

WHO = f"{AUTHOR} {DATE}"


@pytest.fixture
def git(tmp_path: Path) -> Git:
    git = Git(tmp_path).init()
    git.commit_files({"a": "1"})
    git.commit_files({"a": "2"})
    return git


@pytest.fixture(params=["plain locks", "our locks"])
def refs(git: Git, request: pytest.FixtureRequest) -> Refs:
    git_dir = git.path / ".git"
    return Refs(git_dir, git_dir / "fieldvault" / "locks" if request.param == "our locks" else None)


def test_head(git: Git, refs: Refs) -> None:
    tip = git("rev-parse", "HEAD")
    assert refs.head() == ("main", tip)
    git("checkout", "-q", "-b", "team/north")
    assert refs.head() == ("team/north", tip)
    git("checkout", "-q", "--detach")
    assert refs.head() == (None, tip)
    git("checkout", "-q", "--orphan", "new")
    assert refs.head() == ("new", None)


def test_a_ref_moves_only_from_what_was_expected(git: Git, refs: Refs) -> None:
    old, new = git("rev-parse", "HEAD~"), git("rev-parse", "HEAD")
    ref = "refs/fv/1/inbox/abc"
    assert not refs.compare_and_set(ref, old, new)
    assert refs.read(ref) is None
    assert refs.compare_and_set(ref, None, old)
    assert not refs.compare_and_set(ref, None, new) and not refs.compare_and_set(ref, new, None)
    assert git("rev-parse", ref) == refs.read(ref) == old
    assert refs.compare_and_set(ref, old, new)
    git("pack-refs", "--all")
    assert refs.read(ref) == new and not refs.compare_and_set(ref, old, None)
    assert refs.compare_and_set(ref, new, old)
    assert git("rev-parse", ref) == old
    git.assert_sound()


def test_a_removed_ref_is_gone_from_both_places(git: Git, refs: Refs) -> None:
    old, new = git("rev-parse", "HEAD~"), git("rev-parse", "HEAD")
    git("tag", "-a", "-m", "x", "v1")
    git("update-ref", "refs/fv/1/att/x", old)
    git("pack-refs", "--all")
    git("update-ref", "refs/fv/1/att/x", new)
    assert refs.compare_and_set("refs/fv/1/att/x", new, None)
    assert "att/x" not in git("for-each-ref") and not (git.path / ".git/refs/fv/1").exists()
    assert refs.compare_and_set("refs/tags/v1", git("rev-parse", "v1"), None)
    assert git("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert (git.path / ".git/refs/tags").is_dir() and list((git.path / ".git").rglob("*.lock")) == []
    git.assert_sound()


def test_listing_joins_loose_and_packed(git: Git, refs: Refs) -> None:
    for name in ("refs/fv/1/inbox/a", "refs/fv/1/inbox/b", "refs/heads/x/y"):
        git("update-ref", name, "HEAD~")
    git("pack-refs", "--all")
    git("update-ref", "refs/fv/1/inbox/b", "HEAD")
    git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    git("symbolic-ref", "refs/heads/nowhere", "refs/heads/none")
    (git.path / ".git/refs/heads/left.lock").touch()
    (git.path / ".git/refs/heads/damaged").touch()
    listed = git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    assert refs.under("refs/") == dict(line.split() for line in listed)
    assert list(refs.under("refs/fv/")) == ["refs/fv/1/inbox/a", "refs/fv/1/inbox/b"]
    assert refs.under("refs/none/") == {}


@pytest.mark.parametrize("packed", [False, True])
def test_a_name_cannot_stand_above_another(git: Git, refs: Refs, packed: bool) -> None:
    tip = git("rev-parse", "HEAD")
    git("branch", "north/east")
    if packed:
        git("pack-refs", "--all")
    for ref in ("refs/heads/north", "refs/heads/main/x"):
        with pytest.raises(FieldvaultError) as caught:
            refs.compare_and_set(ref, None, tip)
        assert caught.value.kind == "ref-in-the-way" and caught.value.facts["ref"] == ref
    assert refs.compare_and_set("refs/heads/north/east", tip, None)
    assert refs.compare_and_set("refs/heads/north", None, tip)
    git.assert_sound()


def test_an_empty_folder_gives_way(git: Git, refs: Refs) -> None:
    (git.path / ".git/refs/heads/left/over").mkdir(parents=True)
    assert refs.compare_and_set("refs/heads/left", None, git("rev-parse", "HEAD"))
    git.assert_sound()


@pytest.mark.parametrize("text", ["", "rubbish\n", "1234\n", "ref: refs/heads/a\n"])
def test_a_damaged_ref_is_named(git: Git, refs: Refs, text: str) -> None:
    (git.path / ".git/refs/heads/a").write_text(text)
    with pytest.raises(Corrupt) as caught:
        refs.read("refs/heads/a")
    assert (caught.value.kind, caught.value.facts) == ("ref-damaged", {"ref": "refs/heads/a"})


NAMES = ["refs/heads/main", "refs/fv/1/inbox/a-b_c", "refs/heads/été", "refs/heads/a@b", "refs/x/y{z"]
BAD = ["main", "refs/main", "HEAD", "refs/heads/../x", "refs/heads/.x", "refs/heads/x.lock", "refs/heads/x.lock/y"]
BAD += ["refs/heads/x.", "refs/heads/a b", "refs/heads//x", "refs/heads/x/", "refs/heads/a\\b", "refs/heads/a\x7f"]
BAD += ["refs/heads/@{x", "refs/heads/a:b", "refs/heads/a*", "refs/heads/a~1", "refs/heads/a\nb", "refs/heads/[x"]


@pytest.mark.parametrize("ref", NAMES + BAD)
def test_names_that_git_refuses_are_refused(git: Git, ref: str) -> None:
    accepted = git.run("check-ref-format", ref).returncode == 0 and ref not in ("refs/main",)
    assert accepted == (ref in NAMES)
    if accepted:
        check_name(ref)
    else:
        with pytest.raises(FieldvaultError) as caught:
            check_name(ref)
        assert caught.value.kind == "ref-name"


def test_a_lock_of_gits_is_waited_for_and_left(git: Git, refs: Refs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fieldvault.edge.git.gitdir.refs._WAIT_SECONDS", 0.05)
    lock = git.path / ".git/refs/heads/main.lock"
    lock.touch()
    with pytest.raises(Busy):
        refs.compare_and_set("refs/heads/main", git("rev-parse", "HEAD"), git("rev-parse", "HEAD~"))
    assert lock.exists()


def test_the_reflog_is_the_one_git_would_keep(git: Git, refs: Refs) -> None:
    old, new = git("rev-parse", "HEAD~"), git("rev-parse", "HEAD")
    for ref in ("refs/heads/main", "refs/remotes/origin/main", "refs/fv/1/inbox/x"):
        refs.compare_and_set(ref, new if ref.endswith("heads/main") else None, old, who=WHO, message="undo:\nback")
    for ref in ("refs/heads/main", "HEAD"):
        assert git("reflog", "-1", "--format=%H %gn <%ge> %gs", ref) == f"{old} {AUTHOR} undo: back"
        assert git("rev-parse", f"{ref}@{{1}}") == new
    assert git("reflog", "--format=%H", "refs/remotes/origin/main") == old
    assert not (git.path / ".git/logs/refs/fv").exists()
    assert refs.compare_and_set("refs/remotes/origin/main", old, None)
    assert not (git.path / ".git/logs/refs/remotes/origin").exists()


def test_a_bare_hub_keeps_no_reflog(tmp_path: Path) -> None:
    hub = Git(tmp_path / "hub.git").init(bare=True)
    tip = hub("commit-tree", "-m", "x", hub("hash-object", "-t", "tree", "-w", "--stdin"))
    assert Refs(hub.path).head() == ("main", None)
    assert Refs(hub.path).compare_and_set("refs/heads/main", None, tip, who=WHO)
    assert Refs(hub.path).head() == ("main", tip) and not (hub.path / "logs").exists()
    hub("config", "core.logAllRefUpdates", "true")
    Refs(hub.path).compare_and_set("refs/heads/other", None, tip, who=WHO)
    assert (hub.path / "logs/refs/heads/other").exists()


def test_processes_that_race_lose_no_step(git: Git, tmp_path: Path) -> None:
    """Four processes each move one ref twenty times, by commits that name the value they replaced."""
    program = (
        "import sys; from pathlib import Path; from fieldvault.edge.git.gitdir.refs import Refs\n"
        "from fieldvault.edge.git.store.history import *; from fieldvault.edge.git.store.objects import Objects\n"
        "git_dir, tree, me = Path(sys.argv[1]), sys.argv[2], sys.argv[3]\n"
        "refs, objects = Refs(git_dir), Objects(git_dir)\n"
        "for number in range(20):\n"
        "    while True:\n"
        "        old = refs.read('refs/heads/race')\n"
        "        commit = Commit('', tree, (old,), 'A <a@b>', 1, 0, 'A <a@b>', 1, 0, f'{me} {number}')\n"
        "        new = objects.write('commit', encode_commit(commit))\n"
        "        if refs.compare_and_set('refs/heads/race', old, new): break\n"
    )
    git("branch", "race")
    arguments = [sys.executable, "-c", program, str(tmp_path / ".git"), git("rev-parse", "HEAD^{tree}")]
    running = [subprocess.Popen([*arguments, str(number)], env=dict(os.environ)) for number in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    assert len(set(git("log", "--format=%s", "main..race").splitlines())) == 80
