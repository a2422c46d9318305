"""Delivering: our commits reach the hub, whether or not they can be merged there yet.

Law: oldest first, in groups that the link has room for, to an inbox of this device's own, each a compare-and-set on the
value last read and never forced. What the hub acknowledged is not sent again. Whoever syncs next merges it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fieldvault.actions.ground.device import mint_device
from fieldvault.actions.syncing.sending import contents_to_send, send_contents
from fieldvault.actions.syncing.suspects import commit_facts
from fieldvault.actions.syncing.talk import CUT, Talk
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.hubs.hub import STALE
from fieldvault.edge.git.hubs.packs import objects_to_send, packed_bytes
from fieldvault.edge.git.store.history import is_ancestor, walk
from fieldvault.edge.git.store.objects import Reader
from fieldvault.errors import HubRefused, HubUnreachable

_LARGE_BYTES = 32 << 10  # what every link must carry at once


def fits(talk: Talk, reader: Reader, tip: Oid) -> bool:
    """Whether all that `tip` brings to the hub can be risked at once."""
    return weight(talk, reader, tip) <= talk.notes.up.size


def weight(talk: Talk, reader: Reader, tip: Oid) -> int:
    """About how many bytes the link must carry for `tip`, counted as far as it matters; 0 where there is no link."""
    if not talk.hub.linked:
        return 0
    return packed_bytes(reader, objects_to_send(reader, [tip], talk.held), enough=2 * talk.notes.up.size)


def deliver(talk: Talk, tip: Oid) -> int:
    """Bring `tip` and what it needs into our inbox; how many commits were acknowledged.

    Less than all where the hub takes no deliveries (talk.inbox() is None then).
    """
    sent = 0
    send_contents(talk, talk.vault.objects, tip)
    while ref := own_inbox(talk, tip):
        steps = steps_to(talk, tip)
        if not steps:
            talk.notes.delivered = tip
            break
        sent += _deliver_group(talk, ref, steps)
    return sent


def ahead_of_contents(talk: Talk, tip: Oid) -> Oid | None:
    """The last of our commits that can be delivered before any large attachment is; None where there is none."""
    ahead = None
    for oid in steps_to(talk, tip):
        if contents_to_send(talk, talk.vault.objects, oid):
            break
        ahead = oid
    return ahead


def _deliver_group(talk: Talk, ref: str, steps: Sequence[Oid]) -> int:
    """One push of as many steps as the link has room for; how many commits the hub has acknowledged by it."""
    sizes: dict[Oid, int] = {}
    group = list(talk.notes.up.group(_sized(talk, steps, sizes)))
    end, held = group[-1], talk.held
    objects = talk.vault.objects
    try:
        with talk.risking("up", sum(sizes[oid] for oid in group)):
            reason = talk.hub.publish(objects, {ref: (talk.tips.get(ref), end)}, held)[ref]
    except HubUnreachable as error:
        alone = len(group) == 1 and sizes[end] > max(talk.notes.up.size, _LARGE_BYTES)
        if alone and error.facts.get("reason") in CUT:
            error = HubUnreachable("commit-too-large", **commit_facts(objects, end), reason=error.facts["reason"])
        talk.patience.after(error)
        talk.ask()
        return 0
    if reason == STALE:
        talk.ask()
        return 0
    if reason is not None and takes(talk, ref):
        raise HubRefused("hub-refused", ref=ref, reason=reason)
    if reason is not None:
        talk.notes.inboxes = talk.notes.inboxes[1:]
        return 0
    talk.patience.moved()
    talk.tips[ref] = talk.notes.delivered = end
    talk.notes.save(talk.vault)
    return len(list(walk(objects, [end], held)))


def takes(talk: Talk, ref: str) -> bool:
    """Whether the hub takes deliveries to `ref`, whatever it says of one commit: asked with one that it holds."""
    if ref in talk.tips or talk.main is None or not talk.known:
        return ref in talk.tips
    taken = talk.hub.publish(talk.vault.objects, {ref: (None, talk.main)}, talk.held)[ref] is None
    if taken:
        talk.tips[ref] = talk.main
    return taken


def own_inbox(talk: Talk, tip: Oid) -> str | None:
    """The ref to deliver to. One that holds what `tip` does not contain is a twin's of this vault, or holds what this
    one has thrown away since: it stays, is merged like anybody's, and we take another name.
    """
    ref = talk.inbox()
    there = talk.tips.get(ref) if ref else None
    if there is not None and not (there in talk.vault.objects and is_ancestor(talk.vault.objects, there, tip)):
        mint_device(talk.vault)
        return talk.inbox()
    return ref


def steps_to(talk: Talk, tip: Oid) -> list[Oid]:
    """The commits to deliver one after the other, each of which contains those before it."""
    missing = {commit.oid: commit for commit in walk(talk.vault.objects, [tip], talk.held)}
    chain = []
    while tip in missing:
        chain.append(tip)
        tip = next(iter(missing[tip].parents), "")
    return chain[::-1]


def _sized(talk: Talk, steps: Sequence[Oid], sizes: dict[Oid, int]) -> Iterator[tuple[Oid, int]]:
    """Each step with the bytes that it adds to those before it; `sizes` keeps them."""
    known = talk.held
    for oid in steps:
        sizes[oid] = packed_bytes(talk.vault.objects, objects_to_send(talk.vault.objects, [oid], known))
        yield oid, sizes[oid]
        known = [*known, oid]
