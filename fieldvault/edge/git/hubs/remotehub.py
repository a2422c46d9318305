"""A hub behind a git server: git://, ssh or http(s), spoken by dulwich's clients over links of ours.

Law: nothing that a server does shows as a foreign exception, and nothing that it sends is believed: a fetch returns
when all that the wanted commits need is here, a push when the server has answered for each ref.
The traps avoided: dulwich says nothing of a rejected push unless asked for each ref, and compares a ref with what the
server advertised and not with what we saw before.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from typing import TYPE_CHECKING, Self

from dulwich.errors import SendPackError
from dulwich.objects import ZERO_SHA, ObjectID
from dulwich.refs import Ref

from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.hubs import answers
from fieldvault.edge.git.hubs.address import Address
from fieldvault.edge.git.hubs.arrivals import Arrivals
from fieldvault.edge.git.hubs.haves import Haves
from fieldvault.edge.git.hubs.hub import BY_ID_VERSION, PREFIXES, STALE, Abilities, Parts, Pieces
from fieldvault.edge.git.hubs.link import Progress
from fieldvault.edge.git.hubs.packs import Sent, missing_objects, objects_to_send, pack_entries
from fieldvault.edge.git.hubs.salvage import salvage
from fieldvault.edge.git.hubs.streamclient import StreamClient
from fieldvault.edge.git.store.objects import Objects, Reader
from fieldvault.edge.git.store.packintake import PackIntake
from fieldvault.errors import Corrupt, FieldvaultError, HubRefused, HubUnreachable

if TYPE_CHECKING:
    from dulwich.pack import UnpackedObject

    from fieldvault.edge.git.hubs.http import HttpClient

_UNANSWERED = "no answer"

_Moves = Mapping[str, tuple[Oid | None, Oid | None]]


class RemoteHub:
    """One git server's repository; see hub.Hub for what its methods promise."""

    linked = True

    def __init__(self, address: Address, client: StreamClient | HttpClient, progress: Progress) -> None:
        self.url = address.shown
        self.checked = address.scheme in ("ssh", "https")
        self._address = address
        self._client = client
        self._path = address.path.encode("utf-8", "surrogateescape")
        self._progress = progress
        self._by_id = False

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def tips(self) -> dict[str, Oid]:
        with self._talk():
            refs = self._client.refs([prefix.encode("ascii") for prefix in PREFIXES])
            self._by_id = self._client.protocol_version == BY_ID_VERSION
            return answers.believable(refs)

    def abilities(self) -> Abilities:
        with self._talk():
            said = self._client.capabilities()
            words = {word for line in said for word in re.split(rb"[ =\n]", line)}
            self._client.close()
            return Abilities(int(self._client.protocol_version), b"filter" in words)

    @property
    def parts(self) -> Parts | None:
        return self if self._by_id else None

    def fetch(self, into: Objects, wants: Collection[Oid], haves: Iterable[Oid]) -> None:
        complete = [oid for oid in haves if oid in into]
        wanted = [oid for oid in wants if missing_objects(into, [oid], complete)]
        if not wanted:
            return
        with into.receive_pack() as intake:
            arrived = self._receive(intake, wanted, Haves(into, complete))
        if missing := missing_objects(into, wanted, complete, set(arrived)):
            raise Corrupt("hub-incomplete", oid=missing[0], count=len(missing))

    def fetch_all(self, into: Arrivals, wants: Collection[Oid], haves: Iterable[Oid]) -> None:
        self._receive_part(into, wants, haves)

    def fetch_history(self, into: Arrivals, wants: Collection[Oid], haves: Iterable[Oid]) -> None:
        self._receive_part(into, wants, haves, b"blob:none")

    @property
    def pieces(self) -> Pieces | None:
        return self if self._by_id else None

    def fetch_trees(self, into: Arrivals, commits: Collection[Oid]) -> None:
        self.fetch_history(into, commits, ())

    def fetch_objects(self, into: Arrivals, oids: Collection[Oid]) -> None:
        self._receive_part(into, oids, (), b"tree:0")  # no entries of the trees that are asked for

    def _receive_part(
        self, into: Arrivals, wants: Collection[Oid], haves: Iterable[Oid], without: bytes | None = None
    ) -> None:
        complete = [oid for oid in haves if oid in into.settled]
        with into.receive_pack() as intake:
            try:
                self._receive(intake, wants, Haves(into.settled, complete), without)
            except HubUnreachable as error:
                if error.facts.get("reason") != "garbled":  # nobody knows which of its objects the link has changed
                    self._progress(0, salvage(intake), "received")
                raise

    def _receive(
        self, intake: PackIntake, wants: Collection[Oid], haves: Haves, without: bytes | None = None
    ) -> list[Oid]:
        """The ids of the pack that came; `without` is a filter of git's."""
        with self._talk():
            self._client.receive([ObjectID(oid.encode("ascii")) for oid in wants], haves, intake.write, without)
        try:
            arrived = intake.adopt()
        except Corrupt as error:
            if error.facts.get("reason") in ("header", "checksum"):  # the link did that, not the hub
                raise HubUnreachable("hub-unreachable", host=self._address.place, reason="garbled") from error
            raise
        self._progress(0, len(arrived), "received")
        return arrived

    def expect_publish(self) -> None:
        with self._talk():
            self._client.expect_push()

    def publish(
        self, source: Reader, updates: Mapping[str, tuple[Oid | None, Oid]], known: Iterable[Oid] = ()
    ) -> dict[str, str | None]:
        def generate(
            have: Set[ObjectID],
            want: Set[ObjectID],
            *,
            ofs_delta: bool = False,
            progress: Callable[[bytes], None] | None = None,
        ) -> tuple[int, Iterator[UnpackedObject]]:
            here = [oid for oid in map(answers.oid_of, have) if oid is not None and oid in source]
            objects = objects_to_send(source, [oid.decode("ascii") for oid in want], [*here, *known])
            return len(objects), pack_entries(source, self._counted(objects))

        return self._move(updates, generate)

    def remove(self, refs: Mapping[str, Oid]) -> dict[str, str | None]:
        return self._move({ref: (oid, None) for ref, oid in refs.items()}, lambda *_, **__: (0, iter(())))

    def _move(
        self, updates: _Moves, generate: Callable[..., tuple[int, Iterator[UnpackedObject]]]
    ) -> dict[str, str | None]:
        """`updates` as of `publish`, None for a ref that goes; `generate` makes the pack that they need."""
        results: dict[str, str | None] = {}
        said: list[bytes] = []

        def update_refs(advertised: dict[Ref, ObjectID]) -> dict[Ref, ObjectID]:
            """The moves that still can be made: a ref that moved since is left alone, never forced."""
            moves = {}
            for ref, (old, new) in updates.items():
                now = answers.oid_of(advertised.get(Ref(ref.encode())))
                results[ref] = None if now == new else STALE
                if now == old != new:
                    results[ref] = _UNANSWERED
                    moves[Ref(ref.encode())] = ObjectID(new.encode("ascii")) if new else ZERO_SHA
            return moves

        with self._talk(pushing=True):
            try:
                answer = self._client.send_pack(self._path, update_refs, generate, progress=said.append)
            except SendPackError as error:
                # the pack as a whole: too large, no room, an object that git's check refuses
                reason = answers.reason_of(" ".join(map(answers.text_of, error.args)), said)
                self._guard_room(reason)
                raise HubRefused("hub-refused", ref=", ".join(updates), reason=reason) from error
        for name, reason in (answer.ref_status or {}).items():
            results[answers.text_of(name)] = answers.reason_of(reason, said)
            self._guard_room(results[answers.text_of(name)])
        if any(reason not in (None, STALE) for reason in results.values()):
            self._look_again(updates, results)
        return results

    def _counted(self, objects: Iterable[Sent]) -> Iterator[Sent]:
        for sent in objects:
            yield sent
            self._progress(0, 1, "sent")

    def _guard_room(self, reason: str | None) -> None:
        if answers.is_full(reason):
            raise HubRefused("hub-full", path=self._address.place)

    def _look_again(self, updates: _Moves, results: dict[str, str | None]) -> None:
        """A server words a lost race in many ways; where the ref stands now tells it apart from a refusal. One that is
        just being written, perhaps by our own push whose answer was cut off, is one.
        """
        now = self.tips()
        for ref, reason in results.items():
            if reason not in (None, STALE) and ref in updates:
                old, new = updates[ref]
                if now.get(ref) == new:
                    results[ref] = None
                elif now.get(ref) != old or answers.is_being_written(reason):
                    results[ref] = STALE

    @contextlib.contextmanager
    def _talk(self, pushing: bool = False) -> Iterator[None]:
        """What dulwich raises leaves as ours; an OSError is our own disk's, since channels raise none."""
        try:
            yield
        except (FieldvaultError, OSError):
            self._client.close()
            raise
        except Exception as error:
            self._client.close()
            if not answers.is_foreign(error):
                raise
            raise answers.translated(error, self._address.place, pushing) from error
