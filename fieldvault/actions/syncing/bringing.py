"""Bringing the contents of attachments here, after the records that name them.

Law: each is shown when it is whole, a large one at once and small ones a few together, since showing costs a write of
git's index. One that the hub does not have stops none of the others; it stays noted, and the next sync asks again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fieldvault.actions.ground.absent import choices_of
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.syncing.attachments import choosing, pointers, show
from fieldvault.actions.syncing.hubcontents import HubContents
from fieldvault.actions.syncing.hubnotes import notes_of, origin
from fieldvault.actions.syncing.talk import Talk
from fieldvault.core.pointers import Pointer
from fieldvault.core.snapshot import Entry
from fieldvault.edge.git.hubs.bundle import BundleHub
from fieldvault.edge.git.hubs.link import Progress
from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.errors import Corrupt, HubRefused

NOT_THERE = "content-not-there"

_SHOWN_BYTES = 16 << 20


@dataclass
class Brought:
    """`shown`: attachments whose files are in the folder now; `left`: those that are not, and why."""

    shown: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


@contextmanager
def talking(vault: Vault, progress: Progress, url: str | None = None) -> Iterator[Talk]:
    """A talk about attachments alone with the hub at `url`, by default the vault's. The caller holds `sync.lock`.
    Raises `no-hub`.
    """
    url = url or origin(vault)
    notes = notes_of(vault, url)
    with open_hub(url, vault.root, progress) as hub:
        talk = Talk(vault, hub, notes)
        talk.ask()
        try:
            yield talk
        finally:
            notes.save(vault)


def bring_absent(talk: Talk) -> Brought:
    """What is noted as still to come."""
    absent = choices_of(talk.vault).absent
    return bring(talk, absent) if absent else Brought()


def bring(talk: Talk, paths: Collection[str]) -> Brought:
    """The contents of the attachments at these paths."""
    vault, brought = talk.vault, Brought()
    found = list(pointers(vault, paths))
    _settle(vault, set(paths) - {path for path, _, _ in found})  # gone since, or committed whole
    come: dict[str, Entry] = {}
    octets = 0
    with HubContents(talk) as there:
        try:
            for path, entry, pointer in found:
                if why := _receive(there, vault, pointer):
                    by_stick = why == NOT_THERE and isinstance(talk.hub, BundleHub)
                    brought.left[path] = "content-comes" if by_stick else why
                    continue
                come[path] = entry
                octets += pointer.size
                if octets >= _SHOWN_BYTES:
                    _show(vault, come, brought)
                    octets = 0
        finally:
            _show(vault, come, brought)
    return brought


def _receive(there: HubContents, vault: Vault, pointer: Pointer) -> str | None:
    """Bring one content here; why it does not come."""
    try:
        return None if pointer in vault.contents or there.receive(pointer) else NOT_THERE
    except Corrupt as error:
        return error.kind
    except HubRefused:
        return "content-refused"


def _show(vault: Vault, come: dict[str, Entry], brought: Brought) -> None:
    """Show what has come, and note that it did."""
    left = show(vault, come.items())
    brought.left |= left
    brought.shown += come.keys() - left.keys()
    _settle(vault, come)
    come.clear()


def _settle(vault: Vault, paths: Iterable[str]) -> None:
    if paths := set(paths):
        with choosing(vault) as choices:
            choices.absent -= paths
