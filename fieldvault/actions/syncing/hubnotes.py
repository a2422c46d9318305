"""What this machine remembers of its hub and of the link to it.

Law: notes of another hub are none. Losing them costs time and never data, since the hub itself is asked what it holds:
so they are not flushed, and what a power cut has left of them is none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fieldvault.actions.ground.vault import Vault
from fieldvault.core.batches import Budget
from fieldvault.core.snapshot import Oid
from fieldvault.errors import FieldvaultError, HubRefused, HubUnreachable

INBOXES = ("refs/fv/1/inbox/", "refs/heads/fv/inbox/")  # where a hub may take deliveries, the best first


@dataclass
class HubNotes:
    """`up` and `down`: how much to risk at once. `inboxes`: where the hub takes deliveries, as far as it has not said
    no. `ours`: its main was seen to be this vault's. `delivered`: the last commit that it acknowledged in an inbox.
    `settled`: deliveries of anybody that its main contained when last seen. `shelves`: where devices kept contents on
    it when last seen, None before the first time. `answered_at`: when it last answered, in seconds since 1970;
    `failure`: why the last sync did not get through.
    """

    url: str
    up: Budget = field(default_factory=Budget)
    down: Budget = field(default_factory=Budget)
    inboxes: tuple[str, ...] = INBOXES
    ours: bool = False
    delivered: Oid | None = None
    settled: tuple[Oid, ...] = ()
    shelves: dict[str, Oid] | None = None
    answered_at: int | None = None
    failure: FieldvaultError | None = field(default=None, compare=False)

    def save(self, vault: Vault) -> None:
        facts: dict[str, Any] = {
            "url": self.url,
            "up": [self.up.size, self.up.ceiling],
            "down": [self.down.size, self.down.ceiling],
            "inboxes": self.inboxes,
            "ours": self.ours,
            "delivered": self.delivered,
            "settled": self.settled,
            "shelves": self.shelves,
            "answered_at": self.answered_at,
        }
        if self.failure is not None:
            facts["failure"] = {"kind": self.failure.kind, "facts": self.failure.facts}
            facts["refused"] = isinstance(self.failure, HubRefused)
        scratch = _path(vault).with_suffix(".new")
        scratch.write_bytes(json.dumps(facts, default=str).encode())
        scratch.replace(_path(vault))


def origin(vault: Vault) -> str:
    """The address of the vault's hub; `no-hub` where it has none."""
    url = vault.config.origin_url()
    if url is None:
        raise FieldvaultError("no-hub", path=str(vault.root))
    return url


def notes_of(vault: Vault, url: str) -> HubNotes:
    """The notes of the hub at `url`; empty ones where there are none, or none that can be read."""
    try:
        facts = json.loads(_path(vault).read_bytes())
        if facts["url"] != url:
            return HubNotes(url)
        failure = facts.get("failure")
        kind = HubRefused if facts.get("refused") else HubUnreachable
        return HubNotes(
            url,
            Budget(*facts["up"]),
            Budget(*facts["down"]),
            tuple(facts["inboxes"]),
            facts["ours"],
            facts["delivered"],
            tuple(facts.get("settled", ())),
            facts.get("shelves"),
            facts["answered_at"],
            kind(failure["kind"], **failure["facts"]) if failure else None,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return HubNotes(url)


def _path(vault: Vault) -> Path:
    return vault.own_dir / "hub.json"
