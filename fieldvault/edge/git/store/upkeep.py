"""Few files, however many commits: loose objects go into one pack, many small packs into a larger one.

Law: nothing is thrown away, whether anything names it or not; that is for `git gc` to decide. What is taken away stands
by then, whole and durable, in a pack that everybody finds who looks again: this runs beside readers, writers and git,
and may be cut off anywhere. Everything is streamed, and entries of packs are copied as they lie there.
"""

from __future__ import annotations

import contextlib
import time
from itertools import islice
from pathlib import Path

from fieldvault.edge.durable import OWN_FOLDER, flush_folder, is_alive
from fieldvault.edge.git.store.objects import Objects
from fieldvault.edge.git.store.packfile import PackFile
from fieldvault.edge.git.store.packwriter import PackWriter
from fieldvault.edge.lock import FileLock

LOOSE_MAX = 2_000
PACKS_MAX = 20

_GC_FORGOTTEN_SECONDS = 12 * 3600  # git's: an older sign counts no more, whoever is named
_SAMPLE = 32  # of the 256 folders: near enough, and a look at them takes half a millisecond


def keep_tidy(objects: Objects) -> None:
    """Bring an object folder back within its limits; where nothing is due it costs a look.

    It waits for nobody and fails for nothing: what cannot be done now (a full disk, somebody else at the same work) is
    due the next time. The caller holds no lock that others wait for.
    """
    git_dir = objects.path.parent
    if not _is_due(objects) or gc_is_running(git_dir):
        return
    with contextlib.suppress(OSError):
        lock = upkeep_lock(git_dir)
        if lock.try_acquire():
            with lock:
                _tidy(objects)


def clean_up(objects: Objects) -> None:
    """Remove what an upkeep that was killed had half written; where none was it costs a look."""
    lock = upkeep_lock(objects.path.parent)
    with contextlib.suppress(OSError):
        if lock.named() and lock.try_acquire():
            with lock:
                objects.sweep()


def upkeep_lock(git_dir: Path) -> FileLock:
    """One at a time, for two would do the same. Whose name was left on it was killed at work."""
    return FileLock(git_dir / OWN_FOLDER / "upkeep.lock", 0, "upkeep")


def gc_is_running(git_dir: Path) -> bool:
    """Whether a `git gc` says that it is at work. It counts packs first and looks for them later: none may go then."""
    sign = git_dir / "gc.pid"
    try:
        if time.time() - sign.stat().st_mtime > _GC_FORGOTTEN_SECONDS:
            return False
        process, _, host = sign.read_text("utf-8", "replace").strip().partition(" ")
    except OSError:
        return False
    import socket

    return not process.isdecimal() or host != socket.gethostname() or is_alive(int(process))


def _is_due(objects: Objects) -> bool:
    sample = sum(1 for _ in objects.loose(_SAMPLE))
    return sample * 256 > LOOSE_MAX * _SAMPLE or len(objects.packs.sizes()) > PACKS_MAX


def _tidy(objects: Objects) -> None:
    objects.sweep()
    if sum(1 for _ in islice(objects.loose(), LOOSE_MAX + 1)) > LOOSE_MAX:
        _pack_loose(objects)
    if len(sizes := objects.packs.sizes()) > PACKS_MAX:
        _join(objects, to_join(sizes))


def to_join(sizes: dict[str, int]) -> list[str]:
    """The smallest packs: so many that no more than PACKS_MAX remain, and on while the next one is not larger than all
    of them together. So each object is copied again only when what it lies in has doubled.
    """
    names = sorted(sizes, key=lambda name: (sizes[name], name))
    least = len(names) - PACKS_MAX + 1
    joined: list[str] = []
    total = 0
    for name in names:
        if len(joined) >= least and sizes[name] >= total:
            break
        joined.append(name)
        total += sizes[name]
    return joined


def _pack_loose(objects: Objects) -> None:
    """What is damaged stays as it is, for fsck to name."""
    objects.packs.look_again()
    packed = []
    with PackWriter(objects.packs) as writer:
        for oid in objects.loose():
            if objects.read_packed(oid) is None:
                found = objects.read_loose(oid)
                if found is None:
                    continue
                writer.add(oid, *found)
            packed.append(oid)
        writer.finish()
    flush_folder(objects.packs.path)  # of those that git packed
    objects.remove_loose(packed)


def _join(objects: Objects, names: list[str]) -> None:
    """A pack that is not sound stays as it is; its objects may be whole elsewhere."""
    joined = []
    with PackWriter(objects.packs) as writer, contextlib.ExitStack() as stack:
        for name in names:
            with contextlib.suppress(OSError, ValueError):
                pack = stack.enter_context(contextlib.closing(PackFile(objects.packs.path / name)))
                if pack.is_whole() and pack.can_be_walked():
                    joined.append((name, pack))
        for _, pack in joined:
            for entry in pack.entries():
                writer.copy(entry)
        new = writer.finish()
    if not gc_is_running(objects.path.parent):
        for name, _ in joined:
            if name != new:  # one of them held all that the others do
                objects.packs.remove(name)
