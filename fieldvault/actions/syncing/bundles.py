"""History on a stick: what a hub would carry, in one file.

Law: the same judgement and the same merge as in a sync, by the same code; a bundle is a hub that only gives. Making one
moves nothing, applying one twice changes nothing, and one that cannot be read or is another vault's changes nothing.
Contents that travel in chunks are not in it: they come from the hub.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from fieldvault.actions.committing.commit import CommitReport, Now, commit
from fieldvault.actions.ground.vault import HUB_MAIN, MAIN, Vault
from fieldvault.actions.syncing.hubnotes import INBOXES
from fieldvault.actions.syncing.report import SyncReport
from fieldvault.actions.syncing.taking_in import check_out, take_in, tell_news
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.hubs.arrivals import Arrivals
from fieldvault.edge.git.hubs.bundle import BundleHub, write_bundle
from fieldvault.edge.git.hubs.link import Progress, no_progress
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import merge_bases
from fieldvault.errors import Busy, FieldvaultError

_TRIES = 3  # a commit made meanwhile is one more thing to merge


@dataclass(frozen=True)
class Bundled:
    """What was written to `path`: `commits`, in `octets` bytes. `since`: the commit that whoever applies it must have;
    None where it holds everything.
    """

    committed: CommitReport
    path: Path
    commits: int
    octets: int
    since: Oid | None


def create_bundle(vault: Vault, now: Now, path: Path, *, everything: bool = False) -> Bundled:
    """Commit, then write what the hub has not confirmed yet, or everything, as a bundle.

    Raises `bundle-inside` for a place in the vault, `folder-missing`, `bundle-nothing` where nothing is newer.
    """
    if path.resolve().is_relative_to(vault.root.resolve()):
        raise FieldvaultError("bundle-inside", path=str(path), name=path.name)
    if not path.parent.is_dir():
        raise FieldvaultError("folder-missing", path=str(path.parent))
    _guard_main(vault)
    committed = commit(vault, now)
    head = vault.head()
    since = None if everything else vault.refs.read(HUB_MAIN)
    refs = {"HEAD": head, MAIN: head} if head else {}
    commits = write_bundle(path, vault.objects, refs, [since] if since else [])
    if not commits:
        raise FieldvaultError("bundle-nothing", path=str(path))
    return Bundled(committed, path, commits, path.stat().st_size, since)


def apply_bundle(vault: Vault, now: Now, path: Path, progress: Progress = no_progress) -> SyncReport:
    """Commit, then merge what the bundle at `path` brings. What the hub lacks of it goes there with the next sync.

    Raises what BundleHub raises, `bundle-no-main` and `bundle-unrelated` (path); nothing has changed then.
    """
    with vault.sync_lock(), BundleHub(path, progress) as bundle:
        _guard_main(vault)
        tips = bundle.tips()
        if MAIN not in tips:
            raise FieldvaultError("bundle-no-main", path=str(path))
        brought = list(dict.fromkeys([tips[MAIN], *(tips[ref] for ref in sorted(tips) if ref.startswith(INBOXES))]))
        _unpack(vault, bundle, brought)
        report = SyncReport(commit(vault, now))
        before = vault.head()
        for _ in range(_TRIES):
            if _bring_in(vault, now, brought, report):
                tell_news(vault, before, report)
                return report
        raise Busy("vault-busy", holder=str(vault.root))


def _unpack(vault: Vault, bundle: BundleHub, brought: Collection[Oid]) -> None:
    """git sees what came once it is whole and shares history with what is here."""
    folder, ours = vault.own_dir / "bundle", vault.head()
    known = [oid for oid in (ours, vault.refs.read(HUB_MAIN)) if oid]
    try:
        with Arrivals(folder, vault.objects) as arrivals:
            bundle.fetch(arrivals, brought, known)
            if ours is not None and not any(merge_bases(arrivals, ours, oid) for oid in brought):
                raise FieldvaultError("bundle-unrelated", path=bundle.url)
            arrivals.settle()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _bring_in(vault: Vault, now: Now, brought: Sequence[Oid], report: SyncReport) -> bool:
    """False when somebody committed meanwhile."""
    ours = vault.head()
    if ours is None:
        return check_out(vault, Batch(vault.objects), None, brought[0], report)
    return take_in(vault, now, ours, brought, report)


def _guard_main(vault: Vault) -> None:
    vault.guard_on_main()
