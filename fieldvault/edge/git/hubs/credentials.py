"""Names and passwords for http hubs, from git's own credential helpers.

Law: fv never asks, never stores, and never shows a password; it only passes on what a helper gave, and tells the helper
whether it was right. The vault's own `.git/config` is not read here: a helper is a command, and a vault on a USB stick
must not choose one. Where git is not installed its store file, ~/.git-credentials, is read.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from fieldvault.edge.git.hubs.address import Address, parse_address
from fieldvault.errors import FieldvaultError

_HELPER_SECONDS = 15.0


@dataclass(frozen=True)
class Login:
    """One answer of a helper."""

    username: str
    password: str = field(repr=False)


def find_login(address: Address) -> Login | None:
    """What the address itself or the helpers know for this hub; None where nobody knows."""
    if address.user is not None and address.password is not None:
        return Login(address.user, address.password)
    answer = _git_credential("fill", _description(address))
    if answer is None:
        return _from_store(address)
    username, password = answer.get("username"), answer.get("password")
    return Login(username, password) if username and password else None


def approve(address: Address, login: Login) -> None:
    """The hub took it: a helper that caches may keep it."""
    _git_credential("approve", _description(address, login))


def reject(address: Address, login: Login) -> None:
    """The hub refused it: a helper forgets it."""
    _git_credential("reject", _description(address, login))


def _description(address: Address, login: Login | None = None) -> dict[str, str]:
    said = {"protocol": address.scheme, "host": address.authority, "path": address.path.lstrip("/")}
    if login is not None:
        said |= {"username": login.username, "password": login.password}
    elif address.user:
        said["username"] = address.user
    return said


def _git_credential(verb: str, said: dict[str, str]) -> dict[str, str] | None:
    """Speak `git credential`; None without git, an empty answer where no helper knows or one hangs."""
    if any("\n" in value or "\0" in value for value in said.values()):
        return {}
    environment = {name: value for name, value in os.environ.items() if name not in ("GIT_DIR", "GIT_WORK_TREE")}
    # Nobody is asked: no terminal, no window, no program that asks. GIT_DIR names no repository, so none is read.
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": "", "GCM_INTERACTIVE": "never"}
    environment["GIT_DIR"] = os.devnull
    lines = "".join(f"{name}={value}\n" for name, value in said.items()) + "\n"
    try:
        done = subprocess.run(
            ["git", "credential", verb],
            input=lines.encode("utf-8", "surrogateescape"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
            env=environment,
            timeout=_HELPER_SECONDS,
        )
    except FileNotFoundError:
        return None
    except (OSError, subprocess.TimeoutExpired):
        return {}
    answer = done.stdout.decode("utf-8", "surrogateescape").splitlines()
    return dict(line.split("=", 1) for line in answer if "=" in line) if done.returncode == 0 else {}


def _from_store(address: Address) -> Login | None:
    """The first line of git's store that is for this hub: scheme://name:password@host."""
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    for path in (Path.home() / ".git-credentials", settings / "git/credentials"):
        try:
            lines = path.read_text("utf-8", "surrogateescape").splitlines()
        except OSError:
            continue
        for line in lines:
            with contextlib.suppress(FieldvaultError):
                kept = parse_address(line.rstrip("/") + "/", Path())
                if kept.user and kept.password and _is_for(kept, address):
                    return Login(kept.user, kept.password)
    return None


def _is_for(kept: Address, address: Address) -> bool:
    same = (kept.scheme, kept.host, kept.port) == (address.scheme, address.host, address.port)
    return same and address.user in (None, kept.user)
