"""Bringing what the hub has.

Law: in one piece while the link holds, and once it was cut in parts, each kept when the next is cut: history, then the
records of the newest commit first, attachments last. Nothing of it is seen by git before nothing is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from fieldvault.actions.syncing.talk import Talk
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.hubs.arrivals import Arrivals
from fieldvault.edge.git.hubs.gaps import Gaps, find_gaps
from fieldvault.edge.git.hubs.hub import Parts
from fieldvault.edge.git.hubs.packs import missing_objects
from fieldvault.errors import Corrupt, HubUnreachable

INCOMING = "incoming"  # in the vault's own folder: what has come of a fetch that is not complete

_TOO_LARGE = "pack-too-large"  # a large file came as a delta of another version; asked for alone it comes whole
_ASKED_MOST = 2_000  # ids in one request: asking costs bytes too, fifty each
_GUESSED_BYTES = {"trees": 1_000, "records": 1_000, "attachments": 100_000}


def fetch(talk: Talk, wants: Collection[Oid], haves: Collection[Oid]) -> None:
    """Everything that the commits `wants` contain is here on return. `haves` are complete here."""
    wants = [oid for oid in wants if missing_objects(talk.vault.objects, [oid], haves)]
    if not wants:
        return
    parts = talk.hub.parts
    if parts is None:
        talk.hub.fetch(talk.vault.objects, wants, haves)
        return
    with Arrivals(talk.vault.own_dir / INCOMING, talk.vault.objects) as arrivals:
        if not arrivals.octets and talk.notes.down.ceiling is None:
            _in_one(talk, parts, arrivals, wants, haves)
        missing = missing_objects(arrivals, wants, haves)
        if missing:
            _in_parts(talk, parts, arrivals, wants, haves)
            missing = missing_objects(arrivals, wants, haves)
        if missing:
            raise Corrupt("hub-incomplete", oid=missing[0], count=len(missing))
        arrivals.settle()


def _in_one(talk: Talk, parts: Parts, arrivals: Arrivals, wants: Collection[Oid], haves: Collection[Oid]) -> None:
    try:
        _ask(talk, arrivals, talk.notes.down.size, lambda: parts.fetch_all(arrivals, wants, haves))
    except Corrupt as error:
        if error.kind != _TOO_LARGE:
            raise


def _in_parts(talk: Talk, parts: Parts, arrivals: Arrivals, wants: Collection[Oid], haves: Collection[Oid]) -> None:
    sizes = dict(_GUESSED_BYTES)
    while gaps := find_gaps(arrivals, wants):
        missing = gaps.commits
        if missing:
            _ask(talk, arrivals, talk.notes.down.size, partial(parts.fetch_history, arrivals, missing, haves))
            continue
        kind, missing = _first(gaps)
        while missing:
            asked = missing[: min(max(1, talk.notes.down.size // sizes[kind]), _ASKED_MOST)]
            before = arrivals.octets
            try:
                complete = _ask(talk, arrivals, len(asked) * sizes[kind], partial(parts.fetch_objects, arrivals, asked))
            except Corrupt as error:
                if error.kind != _TOO_LARGE or len(asked) == 1:
                    raise
                sizes[kind] = talk.notes.down.size  # which asks for one at a time
                continue
            came = [oid for oid in asked if oid in arrivals]
            if complete and len(came) < len(asked):
                raise Corrupt("hub-incomplete", oid=(set(asked) - set(came)).pop(), count=len(asked) - len(came))
            if came:
                sizes[kind] = max(1, (arrivals.octets - before) // len(came))
            missing = [oid for oid in missing if oid not in arrivals]


def _first(gaps: Gaps) -> tuple[str, list[Oid]]:
    """What is asked for next, and of which kind it is: kinds differ in size."""
    kinds = gaps._asdict()
    return next((kind, kinds[kind]) for kind in _GUESSED_BYTES if kinds[kind])


def _ask(talk: Talk, arrivals: Arrivals, octets: int, ask: Callable[[], None]) -> bool:
    """One request; False where it was cut, and another one is worth a try. What came whole is kept either way."""
    before = arrivals.octets
    try:
        with talk.risking("down", octets):
            ask()
    except HubUnreachable as error:
        if arrivals.octets > before:
            talk.patience.moved()
        talk.patience.after(error)
        return False
    talk.patience.moved()
    return True
