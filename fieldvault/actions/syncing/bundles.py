"""History on a stick: what a hub would carry, in one file.

Law: the same judgement and the same merge as in a sync, by the same code; a bundle is a hub that only gives. Making one
moves nothing, applying one twice changes nothing, and one that cannot be read or is another vault's changes nothing.
What the newest commit names of large contents, and the hub may lack, is in it, in chunks on a shelf as on a hub.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fieldvault.actions.committing.commit import CommitReport, commit
from fieldvault.actions.ground.commits import Now
from fieldvault.actions.ground.device import device
from fieldvault.actions.ground.showing import pointer_at
from fieldvault.actions.ground.vault import HUB_MAIN, MAIN, Vault
from fieldvault.actions.syncing.attachments import at_head, pointers
from fieldvault.actions.syncing.bringing import bring_absent
from fieldvault.actions.syncing.hubnotes import INBOXES, HubNotes
from fieldvault.actions.syncing.report import SyncReport
from fieldvault.actions.syncing.taking_in import check_out, take_in, tell_news
from fieldvault.actions.syncing.talk import Talk
from fieldvault.core.pointers import Pointer
from fieldvault.core.snapshot import Oid, blob_id
from fieldvault.edge.git.hubs.bundle import BundleHub, write_bundle
from fieldvault.edge.git.hubs.link import Progress, no_progress
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.chunks import SHELVES, Sending, with_chunks
from fieldvault.edge.git.store.history import merge_bases, new_commits, read_commit
from fieldvault.edge.git.store.trees import diff_trees
from fieldvault.errors import Busy, FieldvaultError

_TRIES = 3  # a commit made meanwhile is one more thing to merge


@dataclass(frozen=True)
class Bundled:
    """What was written to `path`: `commits`, and the contents of `attachments`, in `octets` bytes. `since`: the commit
    that whoever applies it must have; None where it holds everything. `without`: how many contents are not in it.
    """

    committed: CommitReport
    path: Path
    commits: int
    octets: int
    since: Oid | None
    attachments: int = 0
    without: int = 0


def create_bundle(vault: Vault, now: Now, path: Path, *, everything: bool = False, attachments: bool = True) -> Bundled:
    """Commit, then write what the hub has not confirmed yet, or everything, as a bundle; without `attachments` no
    contents of large ones.

    Raises `bundle-inside` for a place in the vault, `folder-missing`, `bundle-nothing` where nothing is newer.
    """
    if path.resolve().is_relative_to(vault.root.resolve()):
        raise FieldvaultError("bundle-inside", path=str(path), name=path.name)
    if not path.parent.is_dir():
        raise FieldvaultError("folder-missing", path=str(path.parent))
    vault.guard_on_main()
    committed = commit(vault, now)
    head = vault.head()
    since = None if everything else vault.refs.read(HUB_MAIN)
    known = [since] if since else []
    commits = new_commits(vault.objects, head, known) if head else []
    if head is None or not commits:
        raise FieldvaultError("bundle-nothing", path=str(path))
    named = _large_ones(vault, head, since)
    taken = {one for one in named if attachments and vault.contents.sound(one)}
    refs = {"HEAD": head, MAIN: head}
    with Batch(vault.objects) as batch:
        shelf, source = _shelf(vault, batch, taken)
        write_bundle(path, source, refs | shelf, known)
    return Bundled(committed, path, len(commits), path.stat().st_size, since, len(taken), len(named - taken))


def _large_ones(vault: Vault, head: Oid, since: Oid | None) -> set[Pointer]:
    """The contents that the newest commit names, of those that came since then or that the hub is not seen to have."""
    old, new = (read_commit(vault.objects, oid).tree if oid else None for oid in (since, head))
    came = {one.path: one.new for one in diff_trees(vault.objects, old, new) if one.new}
    pointers = {pointer_at(vault.objects, path, entry) for path, entry in came.items()}
    return {one for one in pointers if one} | set(at_head(vault, vault.contents.unsent()))


def _shelf(vault: Vault, batch: Batch, pointers: Collection[Pointer]) -> tuple[dict[str, Oid], Sending]:
    """The ref under which these contents are in a bundle, and whoever gives their chunks."""
    shelf: Oid | None = None
    chunks: dict[Oid, Callable[[], bytes]] = {}
    for pointer in sorted(pointers):
        read = [partial(vault.contents.chunk, pointer, number) for number in range(pointer.chunks)]
        ids = [blob_id(one()) for one in read]
        shelf = with_chunks(batch, shelf, pointer, 0, ids, vault.identity().author)
        chunks |= zip(ids, read, strict=True)
    return {SHELVES[0] + device(vault): shelf} if shelf else {}, Sending(batch, chunks)


def apply_bundle(vault: Vault, now: Now, path: Path, progress: Progress = no_progress) -> SyncReport:
    """Commit, then merge what the bundle at `path` brings. What the hub lacks of it goes there with the next sync.

    Raises what BundleHub raises, `bundle-no-main` and `bundle-unrelated` (path); nothing has changed then.
    """
    with vault.sync_lock(), BundleHub(path, progress) as bundle:
        vault.guard_on_main()
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
                _bring_contents(vault, bundle, report)
                return report
        raise Busy("vault-busy", holder=str(vault.root))


def _unpack(vault: Vault, bundle: BundleHub, brought: Collection[Oid]) -> None:
    """git sees what came once it is whole and shares history with what is here."""
    ours = vault.head()
    if ours is not None and not any(merge_bases(bundle.unpacked(vault.objects), ours, oid) for oid in brought):
        raise FieldvaultError("bundle-unrelated", path=bundle.url)
    bundle.fetch(vault.objects, brought, [oid for oid in (ours, vault.refs.read(HUB_MAIN)) if oid])


def _bring_contents(vault: Vault, bundle: BundleHub, report: SyncReport) -> None:
    """The large attachments that are to come here, and are on the stick. The hub may have none of them yet."""
    talk = Talk(vault, bundle, HubNotes(bundle.url))
    talk.ask()
    brought = bring_absent(talk)
    for _, _, pointer in pointers(vault, brought.shown):
        vault.contents.note_unsent(pointer)
    report.attachments, report.absent = brought.shown, brought.left


def _bring_in(vault: Vault, now: Now, brought: Sequence[Oid], report: SyncReport) -> bool:
    """False when somebody committed meanwhile."""
    ours = vault.head()
    if ours is None:
        return check_out(vault, Batch(vault.objects), None, brought[0], report)
    return take_in(vault, now, ours, brought, report)
