"""Which large attachments are to be on this machine, and which are not here yet.

Law: all of them are, unless the person dropped one; a pinned one cannot be dropped by mistake. What is still to come is
noted before the folder shows a pointer for it, so that whoever syncs next goes on with it; where plain git has brought
the pointer, with the next commit. The notes are this machine's own, and changed with `vault.lock` in hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fieldvault.actions.ground.vault import Vault
from fieldvault.edge.durable import write_whole


@dataclass
class Choices:
    """Paths of attachments: those still to come, those that the person dropped, and those pinned."""

    absent: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    pinned: set[str] = field(default_factory=set)

    def save(self, vault: Vault) -> None:
        write_whole(_path(vault), json.dumps({name: sorted(paths) for name, paths in vars(self).items()}).encode())


def choices_of(vault: Vault) -> Choices:
    """The notes; without them nothing was dropped, and `fv get` brings what is not here."""
    try:
        facts = json.loads(_path(vault).read_bytes())
        return Choices(*(set(facts[name]) for name in ("absent", "dropped", "pinned")))
    except (OSError, ValueError, KeyError, TypeError):
        return Choices()


def note_absent(vault: Vault, paths: Iterable[str]) -> None:
    """The folder is about to show pointers at these paths."""
    choices = choices_of(vault)
    come = set(paths) - choices.dropped - choices.absent
    if come:
        choices.absent |= come
        choices.save(vault)


def _path(vault: Vault) -> Path:
    return vault.own_dir / "attachments.json"
