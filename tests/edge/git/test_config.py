"""git's configuration, beside `git config`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fieldvault.edge.git.gitdir.config import GitConfig, break_left_settings_lock
from fieldvault.edge.git.gitdir.configtext import edit, make_key, parse
from fieldvault.errors import Busy, FieldvaultError
from tests.gitenv import Git, pinned_environment

ODD = """\ufeff# a comment
[core]
\tbare = false ; not a hub
[user] name = "Claire  Martin" # the name
  EMAIL = claire@example.org\t
[Alias "MiXed.\\"x\\\\"]
\tone = a \\
 b
\ttwo = "semi ; colon" and \\"quotes\\" \\\\ \\t|
\tflag
\tempty =
[remote.Origin]
url=relative/hub
[user]
\tname = Second
"""


def test_what_git_lists_is_what_we_parse(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(ODD, newline="")
    listed = Git(tmp_path)("config", "-z", "--list", "--file", str(path)).split("\0")[:-1]
    pairs = [entry.partition("\n") for entry in listed]
    ours = [(".".join(filter(None, setting.key)), setting.value) for setting in parse(ODD, "config")]
    assert ours == [(name, value if newline else "true") for name, newline, value in pairs]
    assert parse(ODD.replace("\n", "\r\n"), "config")[1].value == "Claire  Martin"


@pytest.mark.parametrize("text", ["[core\n", '[a "b]\n', "[a]\n1 = 2\n", "[a]\nx=\\q\n", '[a]\nx="y\n', "[a]\nx y\n"])
def test_what_git_refuses_we_refuse(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)
    assert Git(tmp_path).run("config", "--list", "--file", "config").returncode != 0
    with pytest.raises(FieldvaultError) as caught:
        parse(text, "config")
    assert caught.value.kind == "git-config-unreadable" and isinstance(caught.value.facts["line"], int)


@pytest.mark.parametrize("value", ["plain", " padded ", "a # b", 'say "x"', "back\\slash", "two\nlines", "a\tb", ""])
def test_git_reads_what_we_set(tmp_path: Path, value: str) -> None:
    git = Git(tmp_path).init()
    config = GitConfig(tmp_path / ".git", git.environment)
    for name in (("fieldvault", "device"), ("remote", 'or"ig\\in', "url"), ("core", "editor")):
        config.set_local(*name, value="before")
        config.set_local(*name, value=value)
        assert git("config", "-z", "--get-all", ".".join(name)) == value + "\0"
        assert config.get(*name) == value
        config.set_local(*name, value=None)
        assert git.run("config", "--get", ".".join(name)).returncode == 1
    assert git("config", "core.bare") == "false"


def test_an_edit_keeps_every_other_line() -> None:
    text = "# mine\n[core]\n\tbare = false # keep\n[user]\n\tname = x\n\n[core]\n\t; last\n\teditor = vi\n"
    assert edit(text, "", make_key("user", "name"), "y") == text.replace("name = x", "name = y")
    added = text.replace("[core]\n\t;", "[core]\n\tpager = less\n\t;")
    assert edit(text, "", make_key("core", "pager"), "less") == added
    assert edit(text, "", make_key("new", "Sub", "key"), "1") == text + '[new "Sub"]\n\tkey = 1\n'
    assert edit("[a] x = 1\n[b]\n", "", make_key("a", "x"), "2") == "[a] \tx = 2\n[b]\n"
    assert edit("[a]", "", make_key("a", "x"), "2") == "[a]\n\tx = 2\n"


def test_the_mode_is_kept_and_a_lock_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fieldvault.edge.git.gitdir.config._WAIT_SECONDS", 0.05)
    git = Git(tmp_path).init()
    path = tmp_path / ".git" / "config"
    path.chmod(0o600)
    config = GitConfig(tmp_path / ".git", git.environment)
    config.set_local("a", "b", value="c")
    assert path.stat().st_mode & 0o777 == 0o600
    lock = tmp_path / ".git" / "config.lock"
    lock.touch()
    with pytest.raises(Busy) as caught:
        config.set_local("a", "b", value="d")
    assert caught.value.kind == "git-busy" and config.get("a", "b") == "c"
    lock.unlink()


def test_what_a_killed_writer_left_goes_and_gits_own_lock_stays(tmp_path: Path) -> None:
    git = Git(tmp_path).init()
    git_dir, lock = tmp_path / ".git", tmp_path / ".git" / "config.lock"
    killed = """
import os, sys
from pathlib import Path
from fieldvault.edge.git.gitdir.config import GitConfig
from fieldvault.edge.git.gitdir.locks import GitLock
GitLock.commit = lambda self: os._exit(9)
GitConfig(Path(sys.argv[1]), {}).set_local("a", "b", value="c")
"""
    assert subprocess.run([sys.executable, "-c", killed, str(git_dir)]).returncode == 9
    assert lock.exists() and git.run("config", "a.b", "d").returncode != 0
    assert break_left_settings_lock(git_dir) and not lock.exists()
    git("config", "a.b", "d")
    lock.touch()
    assert not break_left_settings_lock(git_dir) and lock.exists()


def test_files_includes_and_environment_in_gits_order(tmp_path: Path) -> None:
    home, vault = tmp_path / "home", tmp_path / "work" / "vault"
    (home / ".config" / "git").mkdir(parents=True)
    system = tmp_path / "system"
    system.write_text("[a]\n\tsystem = 1\n\txdg = 0\n")
    (home / ".config/git/config").write_text("[a]\n\txdg = 1\n\thome = 0\n")
    (home / ".gitconfig").write_text(
        "[a]\n\thome = 1\n[include]\n\tpath = more\n[include]\n\tpath = ~/more2\n"
        f'[includeIf "gitdir:{tmp_path.as_posix()}/work/"]\n\tpath = work\n'
        f'[includeIf "gitdir:{tmp_path.as_posix()}/play/"]\n\tpath = play\n'
        '[includeIf "gitdir/i:VAULT/.git"]\n\tpath = insensitive\n[includeIf "gitdir:~/"]\n\tpath = play\n'
    )
    for name in ("more", "more2", "work", "play", "insensitive"):
        (home / name).write_text(f"[a]\n\t{name} = 1\n")
    git = Git(vault).init()
    git("config", "a.local", "1")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "XDG_"))}
    environment |= {
        "HOME": str(home),
        "GIT_CONFIG_SYSTEM": str(system),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "a.counted",
        "GIT_CONFIG_VALUE_0": "1",
        "GIT_CONFIG_PARAMETERS": "'a.passed=1 2' 'A.quoted'='3'",
    }
    git.environment = environment
    config = GitConfig(vault / ".git", environment)
    listed = git("config", "-z", "--get-regexp", "^a[.]").split("\0")[:-1]
    for line in listed:
        name, _, _ = line.partition("\n")
        assert config.get(*name.split(".")) == git("config", "--get", name)
    assert len(listed) == 13 and config.get("a", "play") is None
    person = GitConfig(None, environment)
    assert person.get("a", "local") is None and person.get("a", "home") == "1"


@pytest.mark.parametrize("value", ["true", "Yes", "1", "off", "FALSE", "0", ""])
def test_booleans(tmp_path: Path, value: str) -> None:
    git = Git(tmp_path).init()
    git("config", "a.b", value)
    assert GitConfig(tmp_path / ".git", git.environment).get_bool("a", "b") is (
        git("config", "--type=bool", "a.b") == "true"
    )
    assert GitConfig(tmp_path / ".git", git.environment).get_bool("a", "c") is None


@pytest.mark.parametrize(
    ("settings", "variables"),
    [
        ({"user.name": "Claire Martin", "user.email": "c@example.org"}, {}),
        ({"user.name": "Claire", "author.name": "C. Martin", "user.email": "c@example.org"}, {}),
        ({"user.name": "Claire"}, {"EMAIL": "c@example.org"}),
        ({"user.name": "x", "user.email": "x@x"}, {"GIT_COMMITTER_NAME": "Robot", "GIT_AUTHOR_EMAIL": "me@a.org"}),
        ({"user.name": " <Claire>, Jr. ", "user.email": "<c@example.org>"}, {}),
    ],
)
def test_the_identity_is_the_one_git_would_write(tmp_path: Path, settings: dict, variables: dict) -> None:
    git = Git(tmp_path)
    pinned = pinned_environment()
    git.environment = {k: v for k, v in pinned.items() if not k.endswith(("_NAME", "EMAIL"))} | variables
    git.init()
    for name, value in settings.items():
        git("config", name, value)
    git("commit", "-q", "--allow-empty", "-m", "x")
    identity = GitConfig(tmp_path / ".git", git.environment).identity()
    assert identity is not None
    assert f"{identity.author}|{identity.committer}" == git("log", "-1", "--format=%an <%ae>|%cn <%ce>")


@pytest.mark.parametrize("settings", [{}, {"user.name": "Claire"}, {"user.name": "<>", "user.email": "c@example.org"}])
def test_an_identity_is_never_invented(tmp_path: Path, settings: dict) -> None:
    git = Git(tmp_path).init()
    for name, value in settings.items():
        git("config", name, value)
    bare = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    assert GitConfig(tmp_path / ".git", bare).identity() is None


def test_the_hubs_address(tmp_path: Path) -> None:
    git = Git(tmp_path).init()
    assert GitConfig(tmp_path / ".git", git.environment).origin_url() is None
    git("config", "remote.origin.url", "work:vault.git")
    git("config", "url.ssh://hub.example/.insteadOf", "work:")
    git("config", "url.ssh://other.example/.insteadOf", "w")
    assert git("ls-remote", "--get-url") == "ssh://hub.example/vault.git"
    assert GitConfig(tmp_path / ".git", git.environment).origin_url() == "ssh://hub.example/vault.git"
