"""Which commit it is that a hub refuses.

Law: a refusal is told of one commit, with its files, so that a person can do something about it; everything before that
commit is delivered. Found by asking: the hub is given half of what waits, then half of that, and so on.
"""

from __future__ import annotations

from fieldvault.actions.syncing.delivering import own_inbox, steps_to, takes
from fieldvault.actions.syncing.suspects import commit_facts
from fieldvault.actions.syncing.talk import Talk
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.hubs.hub import STALE
from fieldvault.errors import HubRefused

COMMIT_REFUSED = "commit-refused"
_SAID_NO = ("hub-refused", "hub-limit")


def find_refused(talk: Talk, tip: Oid, error: HubRefused) -> HubRefused:
    """`commit-refused`, with suspects.commit_facts and the reason, where it is one commit that the hub does not take;
    `error` itself where it is not: another refusal, or of main whatever stands there.
    """
    if error.kind not in _SAID_NO:
        return error
    talk.ask()
    steps = steps_to(talk, tip)
    ref = own_inbox(talk, tip)
    reason = str(error.facts.get("reason", ""))
    if ref is None or not takes(talk, ref):  # nobody to ask: sure only where nothing else waits
        return _told(talk, steps[0], reason) if len(steps) == 1 else error
    taken, refused = 0, len(steps)
    while taken < refused:
        middle = (taken + refused) // 2
        answer = _offer(talk, ref, steps[middle])
        if answer == STALE:
            return error
        if answer is None:
            taken = middle + 1
        else:
            refused, reason = middle, answer
    return _told(talk, steps[refused], reason) if refused < len(steps) else error


def _offer(talk: Talk, ref: str, oid: Oid) -> str | None:
    """The hub's word on everything up to `oid`; None where it has taken it."""
    try:
        answer = talk.hub.publish(talk.vault.objects, {ref: (talk.tips.get(ref), oid)}, talk.held)[ref]
    except HubRefused as error:
        return str(error.facts.get("reason", error.kind))
    if answer is None:
        talk.tips[ref] = talk.notes.delivered = oid
    return answer


def _told(talk: Talk, oid: Oid, reason: str) -> HubRefused:
    return HubRefused(COMMIT_REFUSED, **commit_facts(talk.vault.objects, oid, reason), reason=reason)
