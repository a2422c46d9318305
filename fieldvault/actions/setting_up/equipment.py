"""What a vault has on this machine alone: its device, its hub, git's drivers, and the person who commits.

Law: all of it stands in `.git` or in the person's own git configuration, never in history.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fieldvault.actions.ground.device import mint_device
from fieldvault.actions.ground.vault import MAIN, Vault
from fieldvault.edge.git.config import GitConfig

DRIVERS = {
    "fieldvault": "fv merge-driver %O %A %B %P",
    "fieldvault-inner": "fv merge-driver --inner %O %A %B %P",  # for git's merge of several merge bases
}


@dataclass(frozen=True)
class SetUp:
    """A vault that was made: where, and what its first commit holds (`files`), or the records that a clone brought."""

    root: Path
    files: int
    hub: str | None = None


def equip(vault: Vault, hub: str | None) -> None:
    """This machine's own settings of the vault, in `.git`: the device, the hub, what git leaves out."""
    vault.own_dir.mkdir(parents=True, exist_ok=True)
    mint_device(vault)
    for name, command in DRIVERS.items():
        vault.config.set_local("merge", name, "name", value="Fieldvault, field by field")
        vault.config.set_local("merge", name, "driver", value=command)
    vault.config.set_local("merge", "fieldvault", "recursive", value="fieldvault-inner")
    if hub is not None:
        vault.config.set_local("remote", "origin", "url", value=hub)
        vault.config.set_local("remote", "origin", "fetch", value="+refs/heads/*:refs/remotes/origin/*")
        vault.config.set_local("branch", "main", "remote", value="origin")
        vault.config.set_local("branch", "main", "merge", value=MAIN)
    exclude = vault.git_dir / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    with exclude.open("a", encoding="utf-8") as file:
        file.write("# Fieldvault's temporary files\n.fv-*\n")


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
