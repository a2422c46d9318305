"""Contents of large attachments that a hub keeps for old versions alone.

Law: a content goes when some commit names it and none of the last so many days does, of any branch or delivery that the
hub has. What no commit names is on its way, and stays; where the hub has a commit that is not here, nothing goes. Only
whoever asks for it takes away what history can show no more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.syncing.bringing import talking
from fieldvault.actions.syncing.hubcontents import HubContents
from fieldvault.core.pointers import Pointer, may_be_pointed_to, read_pointer
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.hubs.link import Progress, no_progress
from fieldvault.edge.git.hubs.packs import objects_to_send
from fieldvault.edge.git.store.chunks import SHELVES
from fieldvault.edge.git.store.history import read_commit, walk
from fieldvault.edge.git.store.objects import Reader
from fieldvault.edge.git.store.trees import list_tree
from fieldvault.errors import FieldvaultError

_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class OldContents:
    """`count` contents of `octets` together that only old versions name; `removed` says whether they went."""

    count: int
    octets: int
    removed: bool


def prune_contents(
    vault: Vault, at: int, days: int, progress: Progress = no_progress, *, remove: bool = False
) -> OldContents:
    """Look for contents on the vault's hub that no commit of the last `days` before `at` names, seconds since 1970, and
    `remove` them from there. Raises `no-hub`, and `prune-behind` (ref) where the hub has what is not here.
    """
    with vault.sync_lock(), talking(vault, progress) as talk, HubContents(talk) as there:
        tips = {ref: oid for ref, oid in talk.tips.items() if not ref.startswith(SHELVES)}
        for ref, oid in tips.items():
            if oid not in vault.objects:
                raise FieldvaultError("prune-behind", ref=ref)
        old = there.kept(old_contents(vault.objects, tips.values(), at - days * _DAY_SECONDS))
        if remove:
            there.take_off(old)
            old -= there.kept(old)
        return OldContents(len(old), sum(one.size for one in old), remove)


def old_contents(reader: Reader, tips: Collection[Oid], since: int) -> set[Pointer]:
    """The contents that history names, and no commit since then, in seconds since 1970."""
    recent: set[Oid] = set()
    commits = list(walk(reader, tips))
    for commit in reversed(commits):  # whatever its clock said, a commit is no older than its parents
        if commit.commit_time >= since or not recent.isdisjoint(commit.parents):
            recent.add(commit.oid)
    # What recent commits name: all that came with them, and what stood when the first of them was made.
    before = {parent for commit in commits if commit.oid in recent for parent in commit.parents if parent not in recent}
    before |= set(tips) - recent
    named = {sent.oid for sent in objects_to_send(reader, tips, before)}
    for oid in before:
        named |= {entry.oid for entry in list_tree(reader, read_commit(reader, oid).tree).values()}
    ever = [sent.oid for sent in objects_to_send(reader, tips, ()) if sent.path and may_be_pointed_to(sent.path)]
    return {pointer for oid in ever if oid not in named and (pointer := _pointer(reader, oid))}


def _pointer(reader: Reader, oid: Oid) -> Pointer | None:
    kind, data = reader.read(oid)
    return read_pointer(data) if kind == "blob" else None
