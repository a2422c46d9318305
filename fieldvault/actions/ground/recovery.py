"""What a command that was killed has left, and how the next one puts it right.

Law: any command may be cut off at any moment, and there is no manual step. Whoever opens the vault, or gets its lock,
finishes the change that was under way or drops it, gives git its locks back, and removes what was half written. A
process that is still at work is never disturbed: it holds the lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fieldvault.actions.ground.vault import PENDING, Vault
from fieldvault.edge.durable import TEMPORARY, sweep
from fieldvault.edge.git.gitdir.config import break_left_settings_lock
from fieldvault.edge.git.gitdir.locks import break_left_locks
from fieldvault.edge.git.store.upkeep import clean_up
from fieldvault.edge.lock import FileLock

LOCK_WAIT_SECONDS = 10.0


def recover(vault: Vault) -> None:
    """On opening a vault: put right what was left, unless a process is at work there, or nothing can be written."""
    if vault.read_only:
        return
    lock = vault.vault_lock("recover", 0)
    if (lock.named() or _left(vault)) and lock.try_acquire():
        with lock:
            mend(vault, lock)
    lock = vault.sync_lock(0)
    if lock.named() and lock.try_acquire():  # killed while it fetched
        with lock:
            _sweep(vault)
    if break_left_settings_lock(vault.git_dir):
        vault.mended.append("mended-locks")
    clean_up(vault.objects)


@contextmanager
def locked(vault: Vault, purpose: str) -> Iterator[None]:
    """The lock of every change of this vault. Never held while waiting for a byte or a person.

    Whoever gets it finishes first what its last holder left, if that was killed at work.
    """
    with vault.vault_lock(purpose, LOCK_WAIT_SECONDS) as held:
        mend(vault, held)
        yield


def mend(vault: Vault, lock: FileLock) -> None:
    """Put right what the last holder of `lock`, the vault's, which is ours now, left if it was killed."""
    if not (lock.inherited or _left(vault)):
        return
    from fieldvault.actions.ground.change import resume, unpin  # which most commands need not know

    journal = vault.journal.read()
    if journal is not None:
        vault.mended.append("mended-change" if resume(vault, journal) else "mended-dropped")
    vault.journal.remove()
    vault.replacing(()).discard()
    if break_left_locks(vault.locks_dir) and journal is None:
        vault.mended.append("mended-locks")
    unpin(vault)
    _sweep(vault)


def _sweep(vault: Vault) -> None:
    """Remove what processes that are gone had half written."""
    vault.objects.sweep()
    folders = (vault.git_dir, vault.own_dir, vault.contents.folder, (vault.git_dir / PENDING).parent)
    sweep(*(folder.glob(f"{TEMPORARY}*") for folder in folders))


def _left(vault: Vault) -> bool:
    """A power cut can take the name off the lock, but neither the journal, nor git's locks, nor what was staged."""
    folders = (vault.locks_dir, vault.staged_dir)
    return vault.journal.exists() or any(folder.is_dir() and any(folder.iterdir()) for folder in folders)
