"""Contents of large attachments on their way to the hub and back.

Law: what the hub has acknowledged is not sent again, and what has come is not asked for again: both ways chunks follow
each other in order, and a cut costs those that were under way. What came is checked by its SHA-256 before it is shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import Self

from fieldvault.actions.ground.device import device
from fieldvault.actions.syncing.talk import Talk
from fieldvault.core.pointers import CHUNK_BYTES, Pointer
from fieldvault.core.snapshot import Oid, blob_id
from fieldvault.edge.durable import make_folder
from fieldvault.edge.git.hubs.arrivals import Arrivals
from fieldvault.edge.git.hubs.hub import STALE
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.chunks import SHELVES, Sending, chunk_ids, empty_shelf, with_chunks, without_contents
from fieldvault.edge.git.store.objects import Objects, Reader
from fieldvault.errors import Corrupt, HubRefused, HubUnreachable

_GROUP_BYTES_MAX = 16 << 20  # what is in memory, or mapped into it, at a time
_TREE_FILES_MAX = 1_000


class HubContents:
    """The contents that devices keep on one hub. A context manager: it holds packs open."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        objects, own_dir = talk.vault.objects, talk.vault.own_dir
        self._trees = Arrivals(own_dir / "shelves", objects)
        self._own = Objects(own_dir / "shelves")
        make_folder(self._own.path)
        self._chunks = Arrivals(own_dir / "chunks", objects)
        self._known: set[Pointer] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._trees, self._own, self._chunks):
            one.close()

    def holds(self, pointer: Pointer) -> bool:
        """Whether the hub has all of it."""
        if pointer not in self._known and any(len(ids) == pointer.chunks for ids in self._found(pointer)):
            self._known.add(pointer)
            self._talk.vault.contents.note_sent(pointer)
        return pointer in self._known

    def send(self, pointer: Pointer) -> None:
        """Every chunk is acknowledged on return. HubRefused where the hub takes none. What has rotted stays here."""
        if self.holds(pointer) or not self._talk.vault.contents.sound(pointer):
            return
        shelf = self._own_shelf()
        while not self.holds(pointer):
            self._send_group(pointer, shelf)

    def receive(self, pointer: Pointer) -> bool:
        """Bring a content here; False where the hub lacks it. Corrupt("content-damaged") where what it has is wrong."""
        contents = self._talk.vault.contents
        damaged: Corrupt | None = None
        for ids in self._found(pointer):
            if len(ids) < pointer.chunks:
                continue
            while contents.arrived(pointer) < pointer.chunks:
                self._receive_group(pointer, ids[contents.arrived(pointer) :])
            try:
                contents.complete(pointer)
                return True
            except Corrupt as error:  # somebody's machine has put something else there: the next one's may be right
                damaged = error
        if damaged is not None:
            raise damaged
        return False

    def kept(self, pointers: Collection[Pointer]) -> set[Pointer]:
        """Those of which some device keeps anything on the hub."""
        return {pointer for pointer in pointers if any(self._found(pointer))}

    def take_off(self, pointers: Collection[Pointer]) -> None:
        """Take these contents off every shelf that nobody changes meanwhile. HubRefused where the hub lets none go."""
        talk = self._talk
        self._look()
        for ref, oid in shelves(talk).items():
            with Batch(self._own) as batch:
                if not any(chunk_ids(batch, oid, pointer) for pointer in pointers):
                    continue
                commit = without_contents(batch, oid, pointers, talk.vault.identity().author)
                reason = self._publish(batch, batch, ref, commit, 0)
            if reason is not None:
                raise HubRefused("hub-refused", ref=ref, reason=reason)

    def _found(self, pointer: Pointer) -> Iterator[list[Oid]]:
        """The chunks of it that each device keeps on the hub, the first ones."""
        self._look()
        for oid in shelves(self._talk).values():
            try:
                yield chunk_ids(self._trees, oid, pointer)
            except Corrupt:
                continue  # somebody's broken tree stops nobody

    def _look(self) -> None:
        """Bring the trees of every device's shelf."""
        while missing := [oid for oid in shelves(self._talk).values() if oid not in self._trees]:
            if self._trees.files > _TREE_FILES_MAX:
                self._trees.clear()
                make_folder(self._own.path)
                continue
            try:
                if pieces := self._talk.hub.pieces:
                    pieces.fetch_trees(self._trees, missing)
                else:  # an old server: everything, in one piece
                    self._talk.hub.fetch(self._own, missing, [])
            except HubUnreachable as error:
                self._talk.patience.after(error)
                self._talk.ask()

    def _own_shelf(self) -> str:
        """The ref of this device's chunks, which stands there on return."""
        talk = self._talk
        names = [folder + device(talk.vault) for folder in SHELVES]
        for ref in names:
            if ref in talk.tips:
                return ref
        refusal: str | None = None
        for ref in names:
            with Batch(self._own) as batch:
                empty = empty_shelf(batch, talk.vault.identity().author)
                while ref not in talk.tips:
                    refusal = self._publish(batch, batch, ref, empty, 0)
                    if refusal is not None:
                        break
                else:
                    return ref
        raise HubRefused("hub-refused", ref=names[0], reason=refusal)

    def _send_group(self, pointer: Pointer, ref: str) -> None:
        """One push of as many chunks as the link has room for."""
        talk, contents = self._talk, self._talk.vault.contents
        before = talk.tips.get(ref)
        first = len(chunk_ids(self._trees, before, pointer)) if before else 0
        count = min(self._room(talk.notes.up.size), pointer.chunks - first)
        chunks = [partial(contents.chunk, pointer, number) for number in range(first, first + count)]
        ids = [blob_id(chunk()) for chunk in chunks]
        with Batch(self._own) as batch:
            commit = with_chunks(batch, before, pointer, first, ids, talk.vault.identity().author)
            source = Sending(batch, dict(zip(ids, chunks, strict=True)))
            reason = self._publish(batch, source, ref, commit, count * CHUNK_BYTES)
        if reason is not None:
            raise HubRefused("hub-refused", ref=ref, reason=reason)

    def _publish(self, batch: Batch, source: Reader, ref: str, commit: Oid, octets: int) -> str | None:
        """Put `commit` in the place of what `ref` had; why the hub refused it. After a cut or a lost race None as well,
        and `talk.tips` says what stands there.
        """
        talk = self._talk
        try:
            with talk.risking("up", octets):
                reason = talk.hub.publish(source, {ref: (talk.tips.get(ref), commit)})[ref]
        except HubUnreachable as error:
            talk.patience.after(error)
            talk.ask()
            return None
        if reason == STALE:
            talk.ask()
            return None
        if reason is None:
            batch.flush()
            talk.patience.moved()
            talk.tips[ref] = commit
        return reason

    def _receive_group(self, pointer: Pointer, ids: list[Oid]) -> None:
        """The next chunks, as many as the link has room for, and into the file what has come in order."""
        talk = self._talk
        asked = ids[: self._room(talk.notes.down.size)]
        missing = [oid for oid in dict.fromkeys(asked) if not self._has(oid)]
        complete = True
        try:
            if missing and (pieces := talk.hub.pieces):
                with talk.risking("down", len(missing) * CHUNK_BYTES):
                    pieces.fetch_objects(self._chunks, missing)
        except HubUnreachable as error:
            complete = False
            if any(self._has(oid) for oid in missing):
                talk.patience.moved()
            talk.patience.after(error)
            talk.ask()
        came = 0
        with talk.vault.contents.arriving(pointer) as file:
            while came < len(asked) and self._has(asked[came]):
                file.write(self._chunk(asked[came]))
                came += 1
        if came == len(asked):
            talk.patience.moved()
            self._chunks.clear()
        elif complete:
            raise Corrupt("hub-incomplete", oid=asked[came], count=len(asked) - came)

    def _has(self, oid: Oid) -> bool:
        return oid in self._chunks or oid in self._own

    def _chunk(self, oid: Oid) -> bytes:
        return self._chunks.blob(oid) if oid in self._chunks else self._own.blob(oid)

    @staticmethod
    def _room(octets: int) -> int:
        return max(1, min(octets, _GROUP_BYTES_MAX) // CHUNK_BYTES)


def shelves(talk: Talk) -> dict[str, Oid]:
    """Where devices keep contents on the hub, and the commits that stand there."""
    return {ref: oid for ref, oid in talk.tips.items() if ref.startswith(SHELVES)}
