"""What a vault has on this machine alone: its device, its hub, git's drivers, and the person who commits.

Law: all of it stands in `.git` or in the person's own git configuration, never in history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fieldvault.actions.ground.device import new_device
from fieldvault.actions.ground.forgit import teach_git
from fieldvault.actions.ground.vault import MAIN, Vault
from fieldvault.edge.durable import TEMPORARY
from fieldvault.edge.git.gitdir.config import GitConfig
from fieldvault.edge.git.gitdir.repository import create_repository

DRIVERS = {
    "fieldvault": "fv merge-driver %O %A %B %P",
    "fieldvault-inner": "fv merge-driver --inner %O %A %B %P",  # for git's merge of several merge bases
}

TEMPORARY_FILES = f"{TEMPORARY}*"


@dataclass(frozen=True)
class SetUp:
    """A vault that was made: where, and what its first commit holds (`files`), or the records that a clone brought."""

    root: Path
    files: int
    hub: str | None = None
    absent: dict[str, str] = field(default_factory=dict)  # large attachments that are still to come, and why


def equip(vault: Vault, hub: str | None) -> None:
    """This machine's own settings of the vault, in `.git`: the device, the hub, git's drivers, what git leaves out. A
    repository is made where there is none.
    """
    settings = _drivers() | {("fieldvault", "device"): vault.config.get("fieldvault", "device") or new_device()}
    if hub is not None:
        settings |= {
            ("remote", "origin", "url"): hub,
            ("remote", "origin", "fetch"): "+refs/heads/*:refs/remotes/origin/*",
            ("branch", "main", "remote"): "origin",
            ("branch", "main", "merge"): MAIN,
        }
    if (vault.git_dir / "HEAD").exists():
        _set(vault, settings)
    else:
        create_repository(vault.root, settings=settings)
    vault.own_dir.mkdir(parents=True, exist_ok=True)
    teach_git(vault)
    exclude(vault, "# Fieldvault's temporary files", TEMPORARY_FILES)


def introduce_drivers(vault: Vault) -> None:
    """git's merges, rebases and cherry-picks merge records field by field."""
    _set(vault, _drivers())


def _drivers() -> dict[tuple[str, ...], str]:
    settings: dict[tuple[str, ...], str] = {("merge", "fieldvault", "recursive"): "fieldvault-inner"}
    for name, command in DRIVERS.items():
        settings |= {("merge", name, "name"): "Fieldvault, field by field", ("merge", name, "driver"): command}
    return settings


def _set(vault: Vault, settings: Mapping[tuple[str, ...], str]) -> None:
    for name, value in settings.items():
        if vault.config.get(*name) != value:
            vault.config.set_local(*name, value=value)


def exclude(vault: Vault, *lines: str) -> None:
    """What git does not look at in this copy alone; lines that stand there already are not written twice."""
    path = vault.git_dir / "info" / "exclude"
    path.parent.mkdir(exist_ok=True)
    text = path.read_text("utf-8", "surrogateescape") if path.exists() else ""
    new = [line for line in lines if line not in text.splitlines()]
    end = "" if not text or text.endswith("\n") else "\n"
    with path.open("a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(end + "".join(f"{line}\n" for line in new))


def lacks_equipment(vault: Vault) -> bool:
    """Whether git would not merge by field here, or look at our temporary files: after a plain `git clone`."""
    config = vault.config
    driven = all(config.get("merge", name, "driver") == command for name, command in DRIVERS.items())
    path = vault.git_dir / "info" / "exclude"
    return not (driven and path.is_file() and TEMPORARY_FILES in path.read_text("utf-8", "replace").splitlines())


def make_default(root: Path) -> None:
    """The first vault of a person is the one that `fv` means outside of any."""
    person = GitConfig(None)
    if person.get("fieldvault", "vault") is None:
        person.set_person("fieldvault", "vault", value=str(root))


def introduce(name: str, mail: str) -> None:
    """Put the person's name and e-mail into git's configuration, as git itself would."""
    person = GitConfig(None)
    person.set_person("user", "name", value=name)
    person.set_person("user", "email", value=mail)


def is_known() -> bool:
    """Whether git's configuration says who commits here."""
    return GitConfig(None).identity() is not None
