"""What is wrong with a vault on this machine.

Law: looks only; reads all that the newest commit needs, and nothing of the network.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from fieldvault.actions.ground.vault import HUB_MAIN, MAIN, Vault
from fieldvault.actions.setting_up.equipment import lacks_equipment
from fieldvault.actions.syncing.hubnotes import notes_of
from fieldvault.actions.tending.findings import Finding, of_error
from fieldvault.core.names import ATTRIBUTES_PATH
from fieldvault.core.pointers import may_be_pointed_to
from fieldvault.core.snapshot import FOLDER, Oid
from fieldvault.edge.boot import started_at
from fieldvault.edge.git.store.trees import find_file, list_tree, read_tree
from fieldvault.errors import EXIT_AWAY, Corrupt, FieldvaultError

_MERGED_BY_US = b"merge=fieldvault"
_LOCKS = ("index.lock", "HEAD.lock", f"{MAIN}.lock", f"{HUB_MAIN}.lock", "packed-refs.lock", "config.lock")
_LOCK_SECONDS = 60  # git holds its locks for less, but while an editor is open; and clocks are off by as much
_ROOM_BYTES = 200 << 20


def vault_findings(vault: Vault) -> Iterator[Finding]:
    for look in (_person, _git, _locks, _equipment, _cache, _objects, _whole, _room, _last_sync):
        try:
            yield from look(vault)
        except FieldvaultError as error:
            yield of_error(error)


def _person(vault: Vault) -> Iterator[Finding]:
    vault.identity()
    yield from ()


def _git(vault: Vault) -> Iterator[Finding]:
    vault.guard_idle()
    try:
        vault.guard_on_main()
    except FieldvaultError as error:
        yield of_error(error, "hint")


def _locks(vault: Vault) -> Iterator[Finding]:
    """git's own: those of ours that were left, opening the vault has taken away."""
    dead = dead_locks(vault)
    yield from (Finding("wrong", "lock-dead", {"path": str(lock)}, "locks") for lock in dead)
    for lock in (vault.git_dir / name for name in _LOCKS):
        if lock not in dead and lock.exists() and time.time() - lock.stat().st_mtime > _LOCK_SECONDS:
            yield Finding("wrong", "lock-left", {"path": str(lock)})


def dead_locks(vault: Vault) -> list[Path]:
    """git's locks that stand since before this computer was started: the power went while git was at work."""
    started = started_at()
    if started is None:
        return []
    locks = (vault.git_dir / name for name in _LOCKS)
    return [lock for lock in locks if lock.exists() and lock.stat().st_mtime < started - _LOCK_SECONDS]


def _equipment(vault: Vault) -> Iterator[Finding]:
    if lacks_equipment(vault):
        yield Finding("wrong", "not-equipped", repair="settings")
    tree = vault.head_tree()
    entry = find_file(vault.objects, tree, ATTRIBUTES_PATH) if tree else None
    if tree is not None and (entry is None or _MERGED_BY_US not in vault.objects.blob(entry.oid)):
        yield Finding("hint", "attributes-missing", {"path": ATTRIBUTES_PATH})


def _cache(vault: Vault) -> Iterator[Finding]:
    try:
        vault.stats.behind()
    except FieldvaultError as error:
        yield of_error(error, repair="cache")


def _objects(vault: Vault) -> Iterator[Finding]:
    """Whether all that the newest commit needs is here and whole."""
    tree = vault.head_tree()
    bad = list(_unreadable(vault, tree)) if tree else []
    if bad:
        yield Finding("wrong", "objects-damaged", {"oid": bad[0], "count": len(bad)})


def _unreadable(vault: Vault, root: Oid) -> Iterator[Oid]:
    seen, stack = {root}, [(root, True)]
    while stack:
        oid, folder = stack.pop()
        try:
            if not folder:
                vault.objects.blob(oid)
                continue
            entries = [entry for _, entry in read_tree(vault.objects, oid) if entry.oid not in seen]
        except Corrupt:
            yield oid
            continue
        seen.update(entry.oid for entry in entries)
        stack += [(entry.oid, entry.mode == FOLDER) for entry in entries]


def _whole(vault: Vault) -> Iterator[Finding]:
    """Large attachments that plain git has committed where it could not call fv."""
    tree = vault.head_tree()
    files = list_tree(vault.objects, tree) if tree else {}
    sizes = {path: len(vault.objects.blob(one.oid)) for path, one in files.items() if may_be_pointed_to(path)}
    large = [path for path, octets in sizes.items() if octets > vault.chunk_above]
    if large:
        largest = max(large, key=lambda path: sizes[path])
        yield Finding("hint", "committed-whole", {"path": largest, "octets": sizes[largest], "count": len(large)})


def _room(vault: Vault) -> Iterator[Finding]:
    free = shutil.disk_usage(vault.root).free
    if free < _ROOM_BYTES:
        yield Finding("hint", "disk-nearly-full", {"octets": free})


def _last_sync(vault: Vault) -> Iterator[Finding]:
    url = vault.config.origin_url()
    failure = notes_of(vault, url).failure if url else None
    if failure is not None:
        refused = failure.kind in ("commit-refused", "commit-too-large")
        yield of_error(failure, "away" if failure.exit_code == EXIT_AWAY else "wrong", "outbox" if refused else None)
