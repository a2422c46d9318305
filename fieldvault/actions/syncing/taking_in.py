"""What came becomes main here, and the folder follows.

Law: judged and merged before anything is written, brought into the folder as every change is. Whether a hub, a cut link
or a stick brought it makes no difference.
"""

from __future__ import annotations

from collections.abc import Collection

from fieldvault.actions.ground.change import Change, HeadMoved, apply_change, left_behind
from fieldvault.actions.ground.commits import Now
from fieldvault.actions.ground.former import CAME_IN
from fieldvault.actions.ground.recovery import locked
from fieldvault.actions.ground.vault import MAIN, Vault
from fieldvault.actions.records.agreement import disagreements
from fieldvault.actions.records.describing import describe
from fieldvault.actions.records.types import Types
from fieldvault.actions.syncing.combining import combine
from fieldvault.actions.syncing.report import SyncReport
from fieldvault.core.snapshot import Oid, TreeChange
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import new_commits, read_commit
from fieldvault.edge.git.store.trees import diff_trees


def take_in(vault: Vault, now: Now, ours: Oid, others: Collection[Oid], report: SyncReport) -> bool:
    """Merge `others`, which are complete here, into main: ordinary commits of ours, that go to a hub later. False when
    main is no longer at `ours`: nothing has changed then.
    """
    with Batch(vault.objects) as batch:
        combined = combine(vault, batch, now, ours, others)
        if combined.tip == ours:
            return True
        if not check_out(vault, batch, ours, combined.tip, report):
            return False
        report.note_refused(combined)
        report.note_merges(combined)
        return True


def check_out(vault: Vault, batch: Batch, ours: Oid | None, tip: Oid, report: SyncReport) -> bool:
    """Bring main, index and folder from `ours` to `tip`. False when main moved meanwhile: then another round."""
    with locked(vault, "sync"):
        vault.guard_idle()
        try:
            old = read_commit(batch, ours).tree if ours else None
            changes = diff_trees(batch, old, read_commit(batch, tip).tree)
            change = Change(MAIN, ours, tip, changes, _files(vault, changes), reason=f"{CAME_IN}: {tip[:10]}")
            report.behind |= left_behind(apply_change(vault, batch, change))
        except HeadMoved:
            return False
    return vault.head() == tip


def _files(vault: Vault, changes: list[TreeChange]) -> list[TreeChange]:
    """The working files to bring along: each is expected to hold the version it came from, its working base."""
    bases = vault.stats.behind()
    return [change._replace(old=bases.get(change.path, change.old)) for change in changes]


def tell_news(vault: Vault, before: Oid | None, report: SyncReport) -> None:
    """What came in since `before`: whose commits, and what they changed here."""
    head = vault.head()
    if head is None or head == before:
        return
    report.received = [
        one for one in new_commits(vault.objects, head, [before] if before else []) if one.oid not in report.made
    ]
    old, new = (read_commit(vault.objects, oid).tree if oid else None for oid in (before, head))
    changes = diff_trees(vault.objects, old, new)
    report.news = describe(vault.objects, Types(vault.objects, new), changes)
    assert new is not None
    report.problems = disagreements(vault, vault.objects, new, {change.path for change in changes}, old)
