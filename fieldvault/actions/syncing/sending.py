"""Which contents of large attachments are to be sent, and when.

Law: a commit that names a content is sent when the hub has acknowledged the content, never before. A hub that refuses
contents gets the records all the same: then the contents wait here, marked as unsent, and each sync asks again.
"""

from __future__ import annotations

from collections.abc import Sequence

from fieldvault.actions.ground.device import device
from fieldvault.actions.syncing.attachments import at_head
from fieldvault.actions.syncing.hubcontents import HubContents, shelves
from fieldvault.actions.syncing.talk import Talk
from fieldvault.core.pointers import Pointer
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.hubs.packs import objects_to_send
from fieldvault.edge.git.store.objects import Reader
from fieldvault.errors import HubRefused


def contents_to_send(talk: Talk, reader: Reader, tip: Oid) -> list[Pointer]:
    """The contents on this machine that the commits up to `tip` name, and none that the hub has. None at all where it
    has refused contents: what it takes goes without them then.
    """
    here = {pointer.oid: pointer for pointer in talk.vault.contents.all()} if talk.refusal is None else {}
    if not here:
        return []
    return [here[sent.oid] for sent in objects_to_send(reader, [tip], talk.held) if sent.oid in here]


def send_contents(talk: Talk, reader: Reader, tip: Oid) -> None:
    """Before `tip` is sent: every content that it brings is on the hub on return, if the hub takes contents at all."""
    _send(talk, contents_to_send(talk, reader, tip))


def send_left(talk: Talk) -> None:
    """What the hub lacks of the contents that HEAD names: it refused them before, plain git has pushed the commits that
    name them, or a backup has brought back the commits alone.
    """
    contents = talk.vault.contents
    if talk.refusal is not None:
        return
    if _may_have_lost(talk):
        for pointer in at_head(talk.vault, contents.all()):
            contents.note_unsent(pointer)
    _send(talk, at_head(talk.vault, contents.unsent()))
    talk.notes.shelves = shelves(talk)


def _may_have_lost(talk: Talk) -> bool:
    """Whether it is another hub, or a shelf is gone, or ours, which nobody else changes, is not as we left it."""
    known, now, own = talk.notes.shelves, shelves(talk), device(talk.vault)
    if known is None:
        return True
    return any(ref not in now or (ref.endswith(own) and now[ref] != oid) for ref, oid in known.items())


def _send(talk: Talk, pointers: Sequence[Pointer]) -> None:
    if not pointers:
        return
    try:
        with HubContents(talk) as there:
            for pointer in pointers:
                there.send(pointer)
    except HubRefused as refusal:
        talk.refusal = refusal
