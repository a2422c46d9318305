"""A hub behind a git server: git://, ssh or http(s), spoken by dulwich's clients over links of ours.

Law: nothing that a server does shows as a foreign exception, and nothing that it sends is believed: a fetch returns
when all that the wanted commits need is here, a push when the server has answered for each ref.
The traps avoided: dulwich says nothing of a rejected push unless asked for each ref, compares a ref with what the
server advertised and not with what we saw before, and offers every commit of the vault as a have.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from itertools import islice
from typing import TYPE_CHECKING, Self

from dulwich.errors import GitProtocolError, HangupException, NotGitRepository, SendPackError
from dulwich.objects import ZERO_SHA, ObjectID
from dulwich.refs import Ref

from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.gitdir.refs import check_name
from fieldvault.edge.git.hubs.address import Address
from fieldvault.edge.git.hubs.arrivals import Arrivals
from fieldvault.edge.git.hubs.hub import BY_ID_VERSION, PREFIXES, STALE, Abilities, Parts, Pieces
from fieldvault.edge.git.hubs.link import Progress
from fieldvault.edge.git.hubs.packs import Sent, missing_objects, objects_to_send, pack_entries
from fieldvault.edge.git.hubs.salvage import salvage
from fieldvault.edge.git.hubs.streamclient import StreamClient
from fieldvault.edge.git.store.history import read_commit
from fieldvault.edge.git.store.objects import Objects, Reader
from fieldvault.edge.git.store.packintake import PackIntake
from fieldvault.errors import Corrupt, FieldvaultError, HubRefused, HubUnreachable

if TYPE_CHECKING:
    from dulwich.pack import UnpackedObject

    from fieldvault.edge.git.hubs.http import HttpClient

_HAVES_MAX = 256
_HAVE_STEPS_MAX = 64
_SAID_CHARACTERS_MAX = 400
_UNANSWERED = "no answer"
_LOCKED = ".lock': File exists"  # git's words where another process holds a ref
_NO_ROOM = ("No space left on device", "Disk quota exceeded")
_OID = re.compile(rb"[0-9a-f]{40}")
_DULWICH_SAYS = ("Invalid ", "invalid ", "unexpected ", "unknown ", "received more", "Redirected ", "[Errno")

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
            return _believable(refs)

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
            here = [oid for oid in map(_oid, have) if oid is not None and oid in source]
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
                now = _oid(advertised.get(Ref(ref.encode())))
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
                reason = _reason(" ".join(map(_text, error.args)), said)
                self._guard_room(reason)
                raise HubRefused("hub-refused", ref=", ".join(updates), reason=reason) from error
        for name, reason in (answer.ref_status or {}).items():
            results[_text(name)] = _reason(reason, said)
            self._guard_room(results[_text(name)])
        if any(reason not in (None, STALE) for reason in results.values()):
            self._look_again(updates, results)
        return results

    def _counted(self, objects: Iterable[Sent]) -> Iterator[Sent]:
        for sent in objects:
            yield sent
            self._progress(0, 1, "sent")

    def _guard_room(self, reason: str | None) -> None:
        """A disk that is full is the fault of no ref and of no commit."""
        if reason is not None and any(words in reason for words in _NO_ROOM):
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
                elif now.get(ref) != old or _LOCKED in reason:
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
            if not (isinstance(error, GitProtocolError) or _raised_by_dulwich(error)):
                raise
            raise _translated(error, self._address.place, pushing) from error


class Haves:
    """What we say we have: the tips that are complete here, then their first parents at doubling distances.

    The nearer ones are what a hub holds as a rule; the farther ones help where it was set back to a backup.
    """

    shallow: frozenset[ObjectID] = frozenset()

    def __init__(self, reader: Reader, tips: Collection[Oid]) -> None:
        self._oids = islice(_sparse(reader, tips), _HAVES_MAX)

    def __next__(self) -> ObjectID | None:
        oid = next(self._oids, None)
        return None if oid is None else ObjectID(oid.encode("ascii"))

    def ack(self, sha: ObjectID) -> None: ...

    def nak(self) -> None: ...


def _sparse(reader: Reader, tips: Collection[Oid]) -> Iterator[Oid]:
    yield from tips
    for tip in tips:
        oid, step = tip, 1
        while step <= _HAVE_STEPS_MAX and (parents := read_commit(reader, oid).parents) and parents[0] in reader:
            oid = parents[0]
            if step & (step - 1) == 0:
                yield oid
            step += 1


def _oid(raw: bytes | None) -> Oid | None:
    if raw is not None and not _OID.fullmatch(raw):
        raise GitProtocolError("invalid object id")
    return None if raw is None or raw == ZERO_SHA else raw.decode("ascii")


def _believable(refs: Mapping[Ref, ObjectID | None]) -> dict[str, Oid]:
    """The refs that concern a vault, and could be refs of git."""
    found = {}
    for name, raw in refs.items():
        ref, oid = name.decode("utf-8", "surrogateescape"), _oid(raw)
        if oid is not None and ref.startswith(PREFIXES):
            with contextlib.suppress(FieldvaultError):
                check_name(ref)
                found[ref] = oid
    return found


def _reason(status: str | None, said: list[bytes]) -> str | None:
    """Why a server refused a ref, with what its hook said."""
    if status is None:
        return None
    hook = b"".join(said).decode("ascii", "replace")
    return ": ".join(filter(None, [status, " ".join(hook.split())]))[:_SAID_CHARACTERS_MAX]


def _text(said: object) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _raised_by_dulwich(error: Exception) -> bool:
    """A server that makes no sense makes dulwich raise nearly anything; what our own code raises is a bug and shows."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__")).startswith("dulwich.")


def _translated(error: Exception, host: str, pushing: bool) -> FieldvaultError:
    text = " ".join(str(argument) for argument in error.args)[:_SAID_CHARACTERS_MAX]
    if isinstance(error, NotGitRepository) or "not exported" in text or "epository not found" in text:
        # git daemon gives one answer for a repository it does not serve and for a service it does not offer.
        return HubRefused("hub-forbidden" if pushing else "hub-not-found", host=host)
    if "not our ref" in text:  # it moved since we asked, or the link changed an id
        return HubUnreachable("hub-unreachable", host=host, reason="garbled")
    if isinstance(error, HangupException) or text.startswith("Length of pkt read"):
        return HubUnreachable("hub-unreachable", host=host, reason="cut")
    if isinstance(error, GitProtocolError) and not text.startswith(_DULWICH_SAYS):  # the server said it in words
        return HubRefused("hub-said", host=host, reason=text)
    return HubUnreachable("hub-unreachable", host=host, reason="garbled")
