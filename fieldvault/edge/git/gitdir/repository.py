"""A repository as a whole: made, and judged whether it is one that fv works in.

Law: `create_repository` makes what `git init` would make, and git takes it for a repository only when it is complete.
The trap avoided: dulwich's `Repo.init` flushes nothing, and leaves half a repository that both it and git refuse.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from fieldvault.edge.durable import OWN_FOLDER, TEMPORARY, make_folder, sweep, write_whole
from fieldvault.edge.git.gitdir.config import GitConfig
from fieldvault.edge.git.gitdir.configtext import edit, make_key

_HUB = """\
\tfsync = all
[receive]
\tfsckObjects = true
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
"""  # filters and blobs by id: how a first clone is usable before its history is complete

_SUPPORTED_EXTENSIONS = ("noop", "noop-v1", "preciousobjects", "worktreeconfig")


def create_repository(path: Path, *, bare: bool = False, settings: Mapping[tuple[str, ...], str] = {}) -> Path:
    """Make a repository in the folder `path`, or with `bare` a hub that is `path` itself; returns its git folder.
    `settings`: more variables of its config, ("user", "name") or ("remote", "origin", "url").

    A repository that stands stays as it is; one that was cut off in the making is made whole.
    """
    git_dir = path if bare else path / ".git"
    if (git_dir / "HEAD").exists():
        return git_dir
    sweep(git_dir.rglob(f"{TEMPORARY}*"))
    for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        make_folder(git_dir / folder)
    config = git_dir / "config"
    write_whole(config, b"")
    text = _settings(git_dir, config, bare)
    for name, value in settings.items():
        text = edit(text, str(config), make_key(*name), value)
    write_whole(config, text.encode("utf-8", "surrogateescape"))
    write_whole(git_dir / "HEAD", b"ref: refs/heads/main\n")  # last: with it the folder is a repository
    return git_dir


def is_unfinished(git_dir: Path) -> bool:
    """Whether the folder holds nothing but a repository that was cut off in the making."""
    parts = ("objects", "refs", "info", "config", OWN_FOLDER)
    return git_dir.is_dir() and all(one.name in parts or one.name.startswith(TEMPORARY) for one in git_dir.iterdir())


def _settings(git_dir: Path, config: Path, bare: bool) -> str:
    """What git init finds out about the file system, and what a hub allows."""
    settings = {
        "repositoryformatversion": "0",
        "filemode": _boolean(_keeps_modes(config)),
        "bare": _boolean(bare),
    }
    if not bare:
        settings["logallrefupdates"] = "true"
    if (git_dir / "CoNfIg").exists():
        settings["ignorecase"] = "true"
    if sys.platform == "darwin":
        settings["precomposeunicode"] = "true"
    if os.name == "nt":
        settings["symlinks"] = "false"
    lines = "".join(f"\t{name} = {value}\n" for name, value in settings.items())
    return f"[core]\n{lines}{_HUB if bare else ''}"


def _keeps_modes(file: Path) -> bool:
    """Whether the file system remembers that a file is executable."""
    mode = file.stat().st_mode
    file.chmod(mode ^ stat.S_IXUSR)
    kept = file.stat().st_mode == mode ^ stat.S_IXUSR
    file.chmod(mode)
    return kept


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def unsupported(git_dir: Path, *, hub: bool = False) -> str | None:
    """One word for what fv does not work with in this repository, None where it is one it works in.

    bare, linked-worktree, separate-git-dir, submodules, sparse, shallow, alternates, sha256, reftable,
    partial-clone, or the name of an extension or format that nobody here knows. A hub may be bare.
    """
    if git_dir.is_file():
        return "linked-worktree" if "/worktrees/" in git_dir.read_text("utf-8", "replace") else "separate-git-dir"
    config = GitConfig.of_file(git_dir / "config")
    checks = {
        "linked-worktree": (git_dir / "commondir").exists(),
        "bare": not hub and config.get_bool("core", "bare") is True,
        "shallow": _has_content(git_dir / "shallow"),
        "alternates": _has_content(git_dir / "objects" / "info" / "alternates"),
        "submodules": not hub and (git_dir.parent / ".gitmodules").exists(),
        "sparse": config.get_bool("core", "sparsecheckout") is True
        or GitConfig.of_file(git_dir / "config.worktree").get_bool("core", "sparsecheckout") is True,
    }
    return next((word for word, found in checks.items() if found), None) or _unknown_format(config)


def _unknown_format(config: GitConfig) -> str | None:
    version = config.get("core", "repositoryformatversion") or "0"
    if version not in ("0", "1"):
        return f"format-{version}"
    for name, value in config.section("extensions").items():
        if name == "objectformat" and value != "sha1":
            return value
        if name == "refstorage" and value != "files":
            return value
        if name == "partialclone":
            return "partial-clone"
        if version == "1" and name not in ("objectformat", "refstorage", *_SUPPORTED_EXTENSIONS):
            return name
    return None


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0
