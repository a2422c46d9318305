"""Syncing: what is here goes to the hub, what is there comes in, what both sides did is merged.

Law: commit; ask the hub for its tips; fetch; judge; merge, into objects only; publish by compare-and-set; then check
out what main is now. A merge that lost the race is thrown away and made anew, so it never enters history or the folder.
`sync.lock` is held across the network, `vault.lock` never. Where the hub cannot be reached everything stays committed
here and goes later; nothing that a person wrote waits for it.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field

from fieldvault.actions.agreement import FileProblem, disagreements
from fieldvault.actions.change import Change, HeadMoved, apply_change
from fieldvault.actions.commit import CommitReport, Now, commit, write_commit
from fieldvault.actions.describing import describe
from fieldvault.actions.former import CAME_IN
from fieldvault.actions.incoming import Incoming, judge
from fieldvault.actions.outbox import waiting
from fieldvault.actions.treemerge import MergedFile, TreeMerge, merge_commits
from fieldvault.actions.types import Types
from fieldvault.actions.vault import HUB_MAIN, MAIN, Vault
from fieldvault.core.describe import FileChange, merge_message
from fieldvault.core.snapshot import Oid, TreeChange
from fieldvault.edge.git.batch import Batch
from fieldvault.edge.git.history import Commit, is_ancestor, merge_bases, new_commits, read_commit
from fieldvault.edge.git.hub import STALE, Hub
from fieldvault.edge.git.link import Progress, no_progress
from fieldvault.edge.git.trees import diff_trees
from fieldvault.edge.git.wire import open_hub
from fieldvault.errors import FieldvaultError, HubRefused, HubUnreachable

ROUNDS_MAX = 5
_PAUSE_SECONDS = 0.2  # grows with each lost race, with full jitter


@dataclass
class SyncReport:
    """What one sync did. `sent` and `received` are commits; `news` what came in, file by file; `unreachable`: the hub
    was not there, and `waiting` commits go later. `refused`: incoming paths that were not taken, and why.
    """

    committed: CommitReport
    sent: int = 0
    received: list[Commit] = field(default_factory=list)
    news: list[FileChange] = field(default_factory=list)
    merged: list[MergedFile] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    refused_by: str = ""
    problems: list[FileProblem] = field(default_factory=list)  # what the records that came say against others
    behind: dict[str, str] = field(default_factory=dict)
    unreachable: FieldvaultError | None = None
    waiting: int = 0
    made: Oid | None = None  # the merge commit that this sync made
    confirmed: Oid | None = None  # the tip that the hub holds now


def sync(vault: Vault, now: Now, progress: Progress = no_progress) -> SyncReport:
    """Commit, then bring this vault and its hub to one state. Raises `no-hub` where the vault has none."""
    with vault.sync_lock():
        report = SyncReport(commit(vault, now))
        _exchange(vault, now, progress, report)
        return report


def exchange(vault: Vault, now: Now, progress: Progress = no_progress) -> SyncReport:
    """As `sync`, of what is committed: for whoever commits by another rule than everything at once."""
    with vault.sync_lock():
        report = SyncReport(CommitReport())
        _exchange(vault, now, progress, report)
        return report


def _exchange(vault: Vault, now: Now, progress: Progress, report: SyncReport) -> None:
    if vault.branch() != MAIN:
        raise FieldvaultError("sync-other-branch", branch=vault.branch().removeprefix("refs/heads/"))
    url = vault.config.origin_url()
    if url is None:
        raise FieldvaultError("no-hub", path=str(vault.root))
    try:
        with open_hub(url, vault.root, progress) as hub:
            _rounds(vault, hub, now, report)
    except HubUnreachable as error:
        report.unreachable = error
        report.waiting = len(waiting(vault))


def _rounds(vault: Vault, hub: Hub, now: Now, report: SyncReport) -> None:
    """Until the hub confirms our tip. A lost race means that somebody's work arrived: the next round merges it."""
    before = vault.head()
    for turn in range(ROUNDS_MAX):
        if turn:
            time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**turn))
        if _round(vault, hub, now, report):
            _tell_news(vault, before, report)
            return
    report.waiting = len(waiting(vault))
    report.unreachable = HubUnreachable("hub-busy", rounds=ROUNDS_MAX)


def _round(vault: Vault, hub: Hub, now: Now, report: SyncReport) -> bool:
    """One try. True when the hub has exactly what main is here."""
    ours = vault.head()
    theirs = hub.tips().get(MAIN)
    known = vault.refs.read(HUB_MAIN)
    if theirs and theirs != known:
        hub.fetch(vault.objects, [theirs], [one for one in (ours, known) if one])
    if theirs is None or ours is None or theirs == ours:
        return _simple(vault, hub, now, ours, theirs, report)
    if known and not is_ancestor(vault.objects, known, theirs) and not is_ancestor(vault.objects, theirs, known):
        raise HubRefused("hub-rewritten", ref=MAIN, known=known, found=theirs)
    if is_ancestor(vault.objects, theirs, ours):
        return _publish(vault, hub, now, Batch(vault.objects), theirs, ours, report)
    if not merge_bases(vault.objects, ours, theirs):
        raise HubRefused("hub-unrelated", url=hub.url)
    with Batch(vault.objects) as batch:
        incoming = judge(vault, batch, ours, theirs)
        report.refused |= incoming.refused
        if not incoming.refused and is_ancestor(vault.objects, ours, theirs):
            _confirm(vault, now, theirs, report)
            return _check_out(vault, batch, ours, theirs, report)
        return _merge(vault, hub, now, batch, ours, theirs, incoming, report)


def _simple(vault: Vault, hub: Hub, now: Now, ours: Oid | None, theirs: Oid | None, report: SyncReport) -> bool:
    """One side has nothing yet, or both have the same."""
    if ours is None and theirs is None:
        return True
    if ours is None:
        assert theirs is not None
        return _check_out(vault, Batch(vault.objects), None, theirs, report)
    if theirs is None:
        return _publish(vault, hub, now, Batch(vault.objects), None, ours, report)
    _confirm(vault, now, theirs, report)
    return True


def _merge(
    vault: Vault, hub: Hub, now: Now, batch: Batch, ours: Oid, theirs: Oid, incoming: Incoming, report: SyncReport
) -> bool:
    """Merge into objects, publish, and only then check out."""
    merged = merge_commits(batch, ours, theirs, incoming.tree)
    message = merge_message(one.author for one in new_commits(vault.objects, theirs, [ours]))
    tip = write_commit(batch, vault.identity(), now, merged.tree, (ours, theirs), message)
    try:
        if not _publish(vault, hub, now, batch, theirs, tip, report):
            return False
    except HubUnreachable:
        # The link died in between: what came is here, so it is merged here, an ordinary commit that goes later.
        _note_merge(report, merged, tip)
        _check_out(vault, batch, ours, tip, report)
        raise
    _note_merge(report, merged, tip)
    return _check_out(vault, batch, ours, tip, report)


def _note_merge(report: SyncReport, merged: TreeMerge, tip: Oid) -> None:
    report.merged += merged.files
    report.made = tip


def _publish(vault: Vault, hub: Hub, now: Now, batch: Batch, theirs: Oid | None, tip: Oid, report: SyncReport) -> bool:
    """Compare-and-set the hub's main from `theirs` to `tip`; False when somebody was quicker."""
    sent = len(new_commits(batch, tip, [theirs] if theirs else []))
    reason = hub.publish(batch, {MAIN: (theirs, tip)}, [theirs] if theirs else [])[MAIN]
    if reason == STALE:
        return False
    if reason is not None:
        raise HubRefused("hub-refused", ref=MAIN, reason=reason)
    report.sent += sent
    batch.flush()
    _confirm(vault, now, tip, report)
    return True


def _confirm(vault: Vault, now: Now, tip: Oid, report: SyncReport) -> None:
    """The hub holds `tip`: note it, for `fv status` and for the next fetch."""
    with vault.lock("sync"):
        vault.refs.compare_and_set(HUB_MAIN, vault.refs.read(HUB_MAIN), tip, message="fv sync")
        vault.note_confirmed(tip, now()[0])
    report.confirmed = tip


def _check_out(vault: Vault, batch: Batch, ours: Oid | None, tip: Oid, report: SyncReport) -> bool:
    """Bring main, index and folder from `ours` to `tip`. False when main moved meanwhile: then another round."""
    with vault.lock("sync"):
        vault.guard_idle()
        try:
            old = read_commit(batch, ours).tree if ours else None
            changes = diff_trees(batch, old, read_commit(batch, tip).tree)
            change = Change(MAIN, ours, tip, changes, _files(vault, changes), reason=f"{CAME_IN}: {tip[:10]}")
            for outcome in apply_change(vault, batch, change):
                if outcome.problem:
                    report.behind[outcome.change.path] = outcome.problem
        except HeadMoved:
            return False
    return vault.head() == tip


def _files(vault: Vault, changes: list[TreeChange]) -> list[TreeChange]:
    """The working files to bring along: each is expected to hold the version it came from, its working base."""
    bases = vault.stats.behind()
    return [change._replace(old=bases.get(change.path, change.old)) for change in changes]


def _tell_news(vault: Vault, before: Oid | None, report: SyncReport) -> None:
    """What came in since `before`: whose commits, and what they changed here."""
    head = vault.head()
    if head is None or head == before:
        return
    report.received = [
        one for one in new_commits(vault.objects, head, [before] if before else []) if one.oid != report.made
    ]
    old, new = (read_commit(vault.objects, oid).tree if oid else None for oid in (before, head))
    changes = diff_trees(vault.objects, old, new)
    report.news = describe(vault.objects, Types(vault.objects, new), changes)
    assert new is not None
    report.problems = disagreements(vault, vault.objects, new, {change.path for change in changes}, old)
