"""Repositories made by us, beside git; what is not supported is named; ignored paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldvault.edge.git.gitdir.config import GitConfig
from fieldvault.edge.git.gitdir.ignore import Ignore
from fieldvault.edge.git.gitdir.repository import create_repository, unsupported
from tests.gitenv import Git


def test_git_works_in_a_repository_of_ours(tmp_path: Path) -> None:
    git_dir = create_repository(tmp_path / "vault")
    git = Git(tmp_path / "vault")
    assert (git_dir, git("status", "--porcelain=v2", "--branch").splitlines()[1]) == (
        tmp_path / "vault" / ".git",
        "# branch.head main",
    )
    git.commit_files({"a": "1"})
    create_repository(tmp_path / "vault")
    assert git("log", "--format=%s") == "change" and git("status", "--porcelain") == ""
    assert unsupported(git_dir) is None
    git.assert_sound()


def test_the_settings_are_those_of_git_init(tmp_path: Path) -> None:
    ours = Git(tmp_path / "ours")
    create_repository(tmp_path / "ours")
    theirs = Git(tmp_path / "theirs").init()
    assert sorted(ours("config", "--local", "--list").split()) == sorted(theirs("config", "--local", "--list").split())


def test_a_hub_takes_a_push_and_serves_by_id(tmp_path: Path) -> None:
    create_repository(tmp_path / "hub.git", bare=True)
    hub = Git(tmp_path / "hub.git")
    git = Git(tmp_path / "vault").init()
    git.commit_files({"a": "1"})
    git("push", "-q", hub.path.as_uri(), "main")
    clone = Git(tmp_path / "clone")
    clone.path.mkdir()
    clone("clone", "-q", "--filter=blob:none", hub.path.as_uri(), ".")
    assert clone("log", "--format=%s") == "change"
    assert hub("config", "receive.fsckObjects") == "true" and hub("rev-parse", "--is-bare-repository") == "true"
    assert unsupported(hub.path, hub=True) is None and unsupported(hub.path) == "bare"
    hub.assert_sound()


def vault(path: Path) -> Git:
    git = Git(path).init()
    git.commit_files({"a": "1", "b/c": "2"})
    git.commit_files({"a": "2"})
    return git


def test_what_fv_does_not_work_with_is_named(tmp_path: Path) -> None:
    git = vault(tmp_path / "vault")
    assert unsupported(git.path / ".git") is None
    Git(tmp_path)("clone", "-q", "--depth=1", git.path.as_uri(), "shallow")
    Git(tmp_path)("clone", "-q", "--shared", str(git.path), "alternates")
    Git(tmp_path)("clone", "-q", "--separate-git-dir", "elsewhere.git", str(git.path), "separate-git-dir")
    Git(tmp_path)("init", "-q", "--object-format=sha256", "sha256")
    git("worktree", "add", "-q", "../linked-worktree")
    sparse = vault(tmp_path / "sparse")
    sparse("sparse-checkout", "set", "b")
    modules = vault(tmp_path / "submodules")
    modules("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(git.path), "sub")
    words = ("shallow", "alternates", "separate-git-dir", "sha256", "linked-worktree", "sparse")
    for word in (*words, "submodules"):
        assert unsupported(tmp_path / word / ".git") == word


@pytest.mark.parametrize(
    ("version", "extension", "value", "word"),
    [
        ("1", "refStorage", "reftable", "reftable"),
        ("0", "partialClone", "origin", "partial-clone"),
        ("1", "future", "yes", "future"),
        ("0", "future", "yes", None),
        ("1", "noop", "yes", None),
        ("2", "noop", "yes", "format-2"),
    ],
)
def test_formats_that_nobody_knows(tmp_path: Path, version: str, extension: str, value: str, word: str | None) -> None:
    git_dir = create_repository(tmp_path)
    config = GitConfig(git_dir, {})
    config.set_local("core", "repositoryformatversion", value=version)
    config.set_local("extensions", extension, value=value)
    assert unsupported(git_dir) == word


PATTERNS = """\
# comment
*.tmp
!keep.tmp
/only-at-root
build/
docs/*.pdf
deep/**/x
\\#odd
trailing\\ {end}
[ab]?.log
""".replace("{end}", "")
PATHS = ["a.tmp", "keep.tmp", "x/y.tmp", "only-at-root", "x/only-at-root", "build/", "x/build/", "build/a"]
PATHS += ["docs/a.pdf", "docs/x/a.pdf"]
PATHS += ["deep/x", "deep/a/b/x", "#odd", "trailing ", "a1.log", "c1.log", "sub/own", "sub/a.tmp"]
PATHS += ["excluded", "excluded-but", "personal", "a/personal", "Été.tmp", "build", "sub/only-at-root", ".fv-x"]


def test_ignored_is_what_git_ignores(tmp_path: Path) -> None:
    git = Git(tmp_path / "vault").init()
    root = git.path
    (root / ".gitignore").write_text(PATTERNS)
    (root / "sub").mkdir()
    (root / "sub/.gitignore").write_text("own\n!a.tmp\n")
    (root / ".git/info/exclude").write_text("excluded*\n!personal\n.fv-*\n")
    (tmp_path / "excludes").write_text("personal\n!excluded-but\n")
    git("config", "core.excludesFile", str(tmp_path / "excludes"))
    asked = "".join(f"{path}\0" for path in PATHS)
    said = git.run("check-ignore", "-z", "--stdin", "--no-index", stdin=asked.encode()).stdout.decode()
    ignore = Ignore(root, root / ".git", GitConfig(root / ".git", git.environment))
    ours = [path for path in PATHS if ignore.matches(path.removesuffix("/"), path.endswith("/"))]
    assert ours == said.split("\0")[:-1]
