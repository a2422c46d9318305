"""A hub in a folder: a USB stick, a share, another vault's neighbour on the same disk.

Law: the same promises as a server's, kept by our own store: objects are durable before a ref names them, and a ref
moves only from the value it was seen at. No git binary is needed, and no hook of the hub is run.
The trap avoided: dulwich's LocalGitClient is silent on a lost race, and slow: 5 s where a folder takes 11 ms.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from fieldvault.core.snapshot import Oid
from fieldvault.edge.durable import FULL, OWN_FOLDER
from fieldvault.edge.git.gitdir.config import GitConfig
from fieldvault.edge.git.gitdir.locks import break_left_locks
from fieldvault.edge.git.gitdir.refs import Refs
from fieldvault.edge.git.gitdir.repository import unsupported
from fieldvault.edge.git.hubs.arrivals import Arrivals
from fieldvault.edge.git.hubs.giving import give_objects, give_trees
from fieldvault.edge.git.hubs.hub import PREFIXES, STALE, Pieces
from fieldvault.edge.git.hubs.link import Direction, Progress
from fieldvault.edge.git.hubs.packs import missing_objects, objects_to_send
from fieldvault.edge.git.store.chunks import SHELVES, all_chunks
from fieldvault.edge.git.store.objects import Objects, Reader
from fieldvault.edge.git.store.packcopy import copy_packs
from fieldvault.edge.git.store.upkeep import clean_up, keep_tidy
from fieldvault.edge.lock import FileLock
from fieldvault.errors import Busy, Corrupt, FieldvaultError, HubRefused, HubUnreachable

_LOOSE_MAX = 3  # objects, each of which costs two flushes; more come as one pack, which costs three in all
_TURN_SECONDS = 10.0


class PathHub:
    """One bare repository by its path; see hub.Hub for what its methods promise.

    Opening it raises HubUnreachable("hub-missing", path), or FieldvaultError: "hub-not-a-repository" (path),
    "hub-not-bare" (path), "hub-unsupported" (path, word).
    """

    checked = True
    linked = False
    parts = None  # a copy within one machine is not taken up again, but made again

    def __init__(self, path: Path, progress: Progress) -> None:
        self.url = str(path)
        self._path = path
        self._progress = progress
        with self._reached():
            self._objects = Objects(path)
            self._refs = Refs(path)
            clean_up(self._objects)

    def close(self) -> None:
        self._objects.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def tips(self) -> dict[str, Oid]:
        with self._reached():
            return {ref: oid for prefix in PREFIXES for ref, oid in self._refs.under(prefix).items()}

    def fetch(self, into: Objects, wants: Collection[Oid], haves: Iterable[Oid]) -> None:
        complete = [oid for oid in haves if oid in into]
        wanted = [oid for oid in wants if missing_objects(into, [oid], complete)]
        with self._reached():
            if wanted and not complete:
                chunks = self._chunks()
                for octets, objects in copy_packs(self._objects.packs, into.packs, chunks):
                    self._progress(octets, objects, "received")
            self._copy(self._objects, into, wanted, complete, "received")

    def _chunks(self) -> set[Oid]:
        """What devices keep here of large contents: it comes when it is asked for, after the records."""
        shelves = [oid for prefix in SHELVES for oid in self._refs.under(prefix).values()]
        return set[Oid]().union(*(all_chunks(self._objects, oid) for oid in shelves))

    @property
    def pieces(self) -> Pieces:
        return self

    def fetch_trees(self, into: Arrivals, commits: Collection[Oid]) -> None:
        with self._reached():
            give_trees(self._objects, into, commits, self._progress)

    def fetch_objects(self, into: Arrivals, oids: Collection[Oid]) -> None:
        with self._reached():
            give_objects(self._objects, into, oids, self._progress)

    def expect_publish(self) -> None:
        """A folder is always ready."""

    def publish(
        self, source: Reader, updates: Mapping[str, tuple[Oid | None, Oid]], known: Iterable[Oid] = ()
    ) -> dict[str, str | None]:
        results: dict[str, str | None] = {}
        with self._reached(writing=True), self._turn() as refs:
            now = {ref: refs.read(ref) for ref in updates}
            moves = {ref: (old, new) for ref, (old, new) in updates.items() if now[ref] == old != new}
            if moves:
                here = [oid for oid in self.tips().values() if oid in source]
                self._copy(source, self._objects, [new for _, new in moves.values()], [*here, *known], "sent")
            for ref, (old, new) in updates.items():
                try:
                    moved = ref in moves and refs.compare_and_set(ref, old, new, message="push")
                    results[ref] = None if moved or refs.read(ref) == new else STALE
                except FieldvaultError as error:
                    if error.kind != "ref-in-the-way":
                        raise
                    results[ref] = error.kind
        keep_tidy(self._objects)
        return results

    def remove(self, refs: Mapping[str, Oid]) -> dict[str, str | None]:
        with self._reached(writing=True), self._turn() as here:
            return {
                ref: None if here.compare_and_set(ref, oid, None, message="prune") else STALE
                for ref, oid in refs.items()
            }

    def abilities(self) -> None:
        """There is no server."""

    @contextlib.contextmanager
    def _turn(self) -> Iterator[Refs]:
        """The refs, while no other fv writes here, so that the locks and files of one that was killed can be told from
        those of one at work. Where the file system knows no locks between processes, git's own must do.
        """
        own_dir = self._path / OWN_FOLDER
        turn = FileLock(own_dir / "hub.lock", _TURN_SECONDS, "publish")
        try:
            turn.acquire()
        except Busy as error:
            raise HubUnreachable("hub-in-use", path=self.url) from error
        except OSError as error:
            if error.errno == errno.EIO:  # a disk that fails, and no file system without locks
                raise
            yield self._refs
            return
        with turn:
            if turn.inherited:
                break_left_locks(own_dir / "locks")
                self._objects.sweep()
            yield Refs(self._path, own_dir / "locks")

    def _copy(
        self, source: Reader, target: Objects, new: Collection[Oid], known: Iterable[Oid], direction: Direction
    ) -> None:
        """Copy what `new` need. The list has everything an object names before it, so a cut copy lacks no part."""

        def contents() -> Iterator[tuple[str, bytes]]:
            for sent in objects:
                kind, data = source.read(sent.oid)
                yield kind, data
                self._progress(len(data), 1, direction)

        try:
            target.packs.look_again()
            objects = [sent for sent in objects_to_send(source, new, known) if sent.oid not in target.packs]
            if len(objects) > _LOOSE_MAX:
                target.write_pack(contents())
            else:
                target.write_loose(contents())
        except Corrupt as error:
            if direction == "received" and error.kind in ("object-missing", "object-damaged"):
                raise Corrupt("hub-incomplete", oid=error.facts["oid"], count=1) from error
            raise

    @contextlib.contextmanager
    def _reached(self, writing: bool = False) -> Iterator[None]:
        """A stick that was pulled, a share that went, rights that are missing; our own disk's errors pass.

        Looked at each time: a folder that is gone reads as an empty hub, and would be filled as one.
        """
        try:
            _expect_hub(self._path)
            yield
        except OSError as error:
            at_hub = str(error.filename).startswith(self.url) if error.filename else writing
            if not at_hub:
                raise
            if error.errno in FULL:
                raise HubRefused("hub-full", path=self.url) from error
            if isinstance(error, PermissionError) or error.errno == errno.EROFS:
                raise HubRefused("hub-forbidden", host=self.url) from error
            raise HubUnreachable("hub-missing", path=self.url) from error


def _expect_hub(path: Path) -> None:
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):  # a mount point without its stick is empty
        raise HubUnreachable("hub-missing", path=str(path))
    if (path / ".git").exists() or GitConfig.of_file(path / "config").get_bool("core", "bare") is False:
        raise FieldvaultError("hub-not-bare", path=str(path))
    if not ((path / "HEAD").is_file() and (path / "objects").is_dir()):
        raise FieldvaultError("hub-not-a-repository", path=str(path))
    if (word := unsupported(path, hub=True)) is not None:
        raise FieldvaultError("hub-unsupported", path=str(path), word=word)
