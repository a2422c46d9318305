"""What a hub can do for a bad link, and what it lacks.

Law: found by asking the hub, also whether it takes deliveries: our inbox is set to a commit that it holds already, and
nothing else is changed. What was believed of it and is no longer so is put right in our notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.syncing.delivering import takes
from fieldvault.actions.syncing.hubnotes import INBOXES, notes_of
from fieldvault.actions.syncing.talk import Talk
from fieldvault.actions.tending.findings import Finding, of_error
from fieldvault.edge.git.hubs.hub import BY_ID_VERSION, Abilities
from fieldvault.edge.git.hubs.link import Progress
from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.edge.git.store.history import is_ancestor, merge_bases
from fieldvault.errors import FieldvaultError, HubUnreachable


@dataclass
class HubHealth:
    """What the hub at `url` said. `inbox`: where it takes deliveries; `abilities`: of its server, None of a folder."""

    url: str
    reached: bool = False
    abilities: Abilities | None = None
    inbox: str | None = None


def look_at_hub(vault: Vault, findings: list[Finding], progress: Progress) -> HubHealth | None:
    """Ask the vault's hub; what there is to say of it goes to `findings`. None where there is no hub."""
    url = vault.config.origin_url()
    if url is None:
        findings.append(Finding("hint", "no-hub"))
        return None
    health = HubHealth(url)
    try:
        with vault.sync_lock(), open_hub(url, vault.root, progress) as hub:
            health.url = hub.url
            talk = Talk(vault, hub, notes_of(vault, url))
            talk.ask()
            health.reached = True
            health.abilities = hub.abilities()
            findings += _lacks(talk, health.abilities)
            findings += _deliveries(talk, health)
            talk.notes.save(vault)
    except HubUnreachable as error:
        findings.append(of_error(error, "away"))
    except FieldvaultError as error:
        findings.append(of_error(error))
    return health


def _lacks(talk: Talk, abilities: Abilities | None) -> Iterator[Finding]:
    ours = talk.vault.head()
    if talk.main is None:
        yield Finding("hint", "hub-is-empty")
    elif ours is not None and talk.known and not merge_bases(talk.vault.objects, ours, talk.main):
        yield Finding("wrong", "hub-unrelated", {"url": talk.hub.url})
    if abilities is None:
        return
    if abilities.protocol < BY_ID_VERSION:
        kind = "hub-ssh-protocol" if talk.hub.url.startswith("ssh:") else "hub-old-protocol"
        yield Finding("hint", kind, {"version": abilities.protocol})
    elif not abilities.filters:
        yield Finding("hint", "hub-no-filter")


def _deliveries(talk: Talk, health: HubHealth) -> Iterator[Finding]:
    if talk.main is None or not talk.known:  # nothing to ask with
        return
    before = talk.notes.inboxes
    talk.notes.inboxes = INBOXES
    while (ref := talk.inbox()) is not None and not takes(talk, ref):
        talk.notes.inboxes = talk.notes.inboxes[1:]
    health.inbox = ref
    if ref is None:
        yield Finding("hint", "hub-no-inbox")
    elif not ref.startswith(INBOXES[0]):
        yield Finding("hint", "hub-other-inbox", {"ref": ref})
    elif before != INBOXES:
        yield Finding("hint", "hub-inbox-again")
    if ref is not None:
        yield from _twin(talk, ref)


def _twin(talk: Talk, ref: str) -> Iterator[Finding]:
    objects, ours, there = talk.vault.objects, talk.vault.head(), talk.tips[ref]
    if ours is None or (there in objects and is_ancestor(objects, there, ours)):
        return
    yield Finding("hint", "device-twin", {"device": ref.rpartition("/")[2]})
