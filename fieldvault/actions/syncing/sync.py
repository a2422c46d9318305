"""Syncing: what is here goes to the hub, what is there comes in, what both sides did is merged.

Law: commit; ask the hub for its tips; fetch; judge; merge, into objects only; publish by compare-and-set; then check
out what main is now. A merge that lost the race is thrown away and made anew, so it never enters history or the folder.
Where a link is weak or a race was lost, what is ours is delivered first (syncing/delivering), and everybody merges what
all have delivered: so nobody loses more than three times, since whoever is quicker then has seen it.
`sync.lock` is held across the network, `vault.lock` never. Where the hub cannot be reached everything stays committed
here and goes later; nothing that a person wrote waits for it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from fieldvault.actions.committing.commit import CommitReport, commit
from fieldvault.actions.ground.commits import Now
from fieldvault.actions.ground.recovery import locked
from fieldvault.actions.ground.vault import HUB_MAIN, MAIN, Vault
from fieldvault.actions.syncing.bringing import bring_absent
from fieldvault.actions.syncing.combining import combine
from fieldvault.actions.syncing.delivering import ahead_of_contents, deliver, fits, weight
from fieldvault.actions.syncing.fetching import fetch
from fieldvault.actions.syncing.hubnotes import notes_of, origin
from fieldvault.actions.syncing.letting_go import let_go
from fieldvault.actions.syncing.outbox import delivered, waiting
from fieldvault.actions.syncing.refused import find_refused
from fieldvault.actions.syncing.report import SyncReport
from fieldvault.actions.syncing.sending import contents_to_send, send_contents, send_left
from fieldvault.actions.syncing.taking_in import check_out, take_in, tell_news
from fieldvault.actions.syncing.talk import Talk
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.hubs.hub import STALE, Hub
from fieldvault.edge.git.hubs.link import DEFAULT_LIMITS, Limits, Progress, no_progress
from fieldvault.edge.git.hubs.packs import missing_objects
from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import is_ancestor, merge_bases, new_commits
from fieldvault.edge.git.store.upkeep import keep_tidy
from fieldvault.errors import Corrupt, HubRefused, HubUnreachable

ROUNDS_MAX = 5
_PAUSE_SECONDS = 0.2  # grows with each lost race, with full jitter


def sync(vault: Vault, now: Now, progress: Progress = no_progress, *, limits: Limits = DEFAULT_LIMITS) -> SyncReport:
    """Commit, then bring this vault and its hub to one state. Raises `no-hub` where the vault has none."""
    with vault.sync_lock(), _opened_ahead(vault, progress, limits) as hub:
        report = SyncReport(commit(vault, now))
        _exchange(vault, now, hub, report)
        return report


def exchange(vault: Vault, now: Now) -> SyncReport:
    """As `sync`, of what is committed: for whoever commits by another rule than everything at once."""
    with vault.sync_lock(), _opened_ahead(vault, no_progress, DEFAULT_LIMITS) as hub:
        report = SyncReport(CommitReport())
        _exchange(vault, now, hub, report)
        return report


@contextmanager
def _opened_ahead(vault: Vault, progress: Progress, limits: Limits) -> Iterator[Callable[[], Hub]]:
    """The vault's hub, opened before the folder is looked at: ssh logs in meanwhile. Whatever is wrong with it is
    raised when it is asked for; what a person wrote is committed by then.
    """
    failure: Exception | None = None
    with ExitStack() as stack:
        try:
            hub = stack.enter_context(open_hub(origin(vault), vault.root, progress, limits=limits))
        except Exception as error:
            failure = error

        def opened() -> Hub:
            if failure is not None:
                raise failure
            return hub

        yield opened


def _exchange(vault: Vault, now: Now, hub: Callable[[], Hub], report: SyncReport) -> None:
    vault.guard_on_main()
    before = vault.head()
    notes = notes_of(vault, origin(vault))
    notes.failure = None
    try:
        talk = Talk(vault, hub(), notes)
        _rounds(talk, now, report)
        _exchange_contents(talk, now, report)
    except HubUnreachable as error:
        notes.failure = report.unreachable = error
        left = waiting(vault)
        report.waiting = len(left)
        report.delivered = delivered(vault, notes, left)
    except (HubRefused, Corrupt) as error:
        notes.failure = error
        raise
    finally:
        notes.save(vault)
    tell_news(vault, before, report)
    keep_tidy(vault.objects)


def _exchange_contents(talk: Talk, now: Now, report: SyncReport) -> None:
    """The large attachments, after all records."""
    send_left(talk)
    report.refusal = talk.refusal
    brought = bring_absent(talk)
    report.attachments, report.absent = brought.shown, brought.left
    let_go(talk.vault, now()[0])


def _rounds(talk: Talk, now: Now, report: SyncReport) -> None:
    """Until the hub confirms our tip. A lost race means that somebody's work arrived: the next round merges it."""
    refused = False
    while True:
        try:
            if _round(talk, now, report):
                return
            report.lost += 1
            if report.lost == ROUNDS_MAX:
                raise HubUnreachable("hub-busy", rounds=ROUNDS_MAX)
            time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**report.lost))
        except HubUnreachable as error:
            try:
                talk.patience.after(error)
            except HubUnreachable:
                _keep_what_came(talk, now, report)
                raise
        except HubRefused as error:
            if talk.hub.checked or refused:
                raise find_refused(talk, talk.vault.head() or "", error) from error
            refused = True  # where a byte can change unnoticed, a refusal counts when it is said twice


def _round(talk: Talk, now: Now, report: SyncReport) -> bool:
    """One try. True when the hub has exactly what main is here."""
    vault, ours = talk.vault, talk.vault.head()
    talk.ask()
    talk.notes.answered_at = now()[0]
    if ours is None:
        return _begin(talk, now, report)
    if talk.main == ours and not talk.inboxes():
        _confirm(talk, now, ours, report)
        return True
    if ours != vault.refs.read(HUB_MAIN) and talk.patience.calm:  # some servers cut who says nothing for long
        talk.hub.expect_publish()
    if talk.known and not contents_to_send(talk, vault.objects, ours):
        _deliver_first(talk, ours, report)
    main, others = talk.main, _bring(talk, ours, report)
    _guard_history(talk, ours, report)
    ours = _contents_last(talk, now, ours, report)
    _deliver_first(talk, ours, report)
    if talk.main != main:  # it moved while we delivered; now there is nothing left to deliver
        return _round(talk, now, report)
    if report.lost and main is not None and is_ancestor(vault.objects, ours, main):
        others = [main]  # ours is in it: whoever is quicker merges the rest
    with Batch(vault.objects) as batch:
        combined = combine(vault, batch, now, ours, others)
        report.note_refused(combined)
        if combined.tip != main and not _publish(talk, batch, main, combined.tip, report):
            return False
        report.note_merges(combined)
        batch.flush()
        talk.settle(others)
        _confirm(talk, now, combined.tip, report)
        return combined.tip == ours or check_out(vault, batch, ours, combined.tip, report)


def _deliver_first(talk: Talk, ours: Oid, report: SyncReport) -> None:
    """Off this machine before anything else, where one push to main may not do it. Asked anew after that: whoever moves
    main from where it is then, and is quicker twice, has seen what we delivered.
    """
    if report.lost or not fits(talk, talk.vault.objects, ours):
        sent = deliver(talk, ours)
        report.sent += sent
        if sent:
            talk.ask()


def _contents_last(talk: Talk, now: Now, ours: Oid, report: SyncReport) -> Oid:
    """Where attachments have to go first that may take long: what came in is here before, and what waits before the
    first of them is delivered. Returns what main is then.
    """
    if not contents_to_send(talk, talk.vault.objects, ours):
        return ours
    ahead = ahead_of_contents(talk, ours)
    if ahead is not None:
        report.sent += deliver(talk, ahead)
    _keep_what_came(talk, now, report)
    return talk.vault.head() or ours


def _begin(talk: Talk, now: Now, report: SyncReport) -> bool:
    """Nothing is here yet: take what the hub has."""
    if talk.main is None:
        return True
    fetch(talk, [talk.main], [])
    _confirm(talk, now, talk.main, report)
    return check_out(talk.vault, Batch(talk.vault.objects), None, talk.main, report)


def _bring(talk: Talk, ours: Oid, report: SyncReport) -> list[Oid]:
    """Fetch the hub's main, and what others have delivered that main lacks: the tips to merge, main first. Where what
    comes of main cannot be taken, what waits is delivered all the same.
    """
    known = talk.vault.refs.read(HUB_MAIN)
    haves = [oid for oid in (ours, known) if oid]
    if talk.main is not None:
        try:
            fetch(talk, [talk.main], haves)
        except Corrupt:
            if known is not None:  # else it may be another vault's hub
                report.sent += deliver(talk, ours)
            raise
        haves.append(talk.main)
    inboxes = []
    for oid in talk.inboxes():
        try:
            fetch(talk, [oid], haves)
            inboxes.append(oid)
        except Corrupt:
            continue  # somebody's broken delivery stops nobody
    return [talk.main, *inboxes] if talk.main else inboxes


def _guard_history(talk: Talk, ours: Oid, report: SyncReport) -> None:
    """What the hub's main must be to us: the same vault, and not another past than the one it had."""
    objects, main, known = talk.vault.objects, talk.main, talk.vault.refs.read(HUB_MAIN)
    if main is not None and not merge_bases(objects, ours, main):
        raise HubRefused("hub-unrelated", url=talk.hub.url)
    if known is None or known == main or known not in objects:
        return
    parted = merge_bases(objects, known, main) if main else []
    if main is None or main in parted:
        if talk.notes.ours:
            report.restored = len(new_commits(objects, known, [main] if main else []))
    elif known not in parted:
        report.sent += deliver(talk, ours)
        raise HubRefused("hub-rewritten", ref=MAIN, known=known, found=main)


def _publish(talk: Talk, batch: Batch, main: Oid | None, tip: Oid, report: SyncReport) -> bool:
    """Compare-and-set the hub's main from `main`, which `tip` contains; False when somebody was quicker."""
    held = talk.held
    sent = len(new_commits(batch, tip, held))
    send_contents(talk, batch, tip)
    with talk.risking("up", weight(talk, batch, tip)):
        reason = talk.hub.publish(batch, {MAIN: (main, tip)}, held)[MAIN]
    if reason == STALE:
        return False
    if reason is not None:
        raise HubRefused("hub-refused", ref=MAIN, reason=reason)
    report.sent += sent
    return True


def _keep_what_came(talk: Talk, now: Now, report: SyncReport) -> None:
    """The link died after the hub's main had come: it is merged here, and goes later."""
    vault, ours, main = talk.vault, talk.vault.head(), talk.main
    if ours is not None and main is not None and not missing_objects(vault.objects, [main], [ours]):
        take_in(vault, now, ours, [main], report)


def _confirm(talk: Talk, now: Now, tip: Oid, report: SyncReport) -> None:
    """The hub holds `tip`: note it, for `fv status` and for the next fetch."""
    vault, talk.notes.ours = talk.vault, True
    with locked(vault, "sync"):
        vault.refs.compare_and_set(HUB_MAIN, vault.refs.read(HUB_MAIN), tip, message="fv sync")
        vault.note_confirmed(tip, now()[0])
    report.confirmed = tip
