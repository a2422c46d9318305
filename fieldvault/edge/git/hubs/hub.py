"""What a vault asks of its hub, whatever stands behind the address.

Law: one hub is one small set of promises, the same for a folder, git://, ssh and http(s); the tests run one contract
against all of them. A lost race is an answer, never an exception.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, Protocol, Self

from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.hubs.arrivals import Arrivals
from fieldvault.edge.git.store.objects import Objects, Reader

STALE = "stale"  # publish's answer for a ref that somebody else moved first
BY_ID_VERSION = 2  # of git's protocol: from here on a server gives any object by its id, so a cut fetch goes on
PREFIXES = ("refs/heads/", "refs/fv/")  # what of a hub concerns a vault


class Abilities(NamedTuple):
    """What a git server offers: its version of git's protocol, and whether it leaves contents out when asked to."""

    protocol: int
    filters: bool


class Hub(Protocol):
    """One hub. Raises HubUnreachable, HubRefused or Corrupt; no foreign exception, and nothing that hangs."""

    url: str  # as a person may see it: without a password
    checked: bool  # whether a byte that changed on its way is noticed; else a refusal may be one, and is asked again
    linked: bool  # whether a link lies between, which can be cut and then carries less at once

    def tips(self) -> dict[str, Oid]:
        """refs/heads/* and refs/fv/* of the hub, asked now; {} for an empty hub."""

    def fetch(self, into: Objects, wants: Collection[Oid], haves: Iterable[Oid]) -> None:
        """Bring what the commits `wants` need, durably, as one pack.

        `haves` are commits that are complete here, best those that the hub had last; what they contain is not asked
        for. On return everything that `wants` contain is here: Corrupt("hub-incomplete", oid, count) otherwise.
        """

    @property
    def parts(self) -> Parts | None:
        """How to fetch what a cut link left over; None where the hub gives only all or nothing. Asked after `tips`."""

    @property
    def pieces(self) -> Pieces | None:
        """How to fetch objects by their ids; None where the hub gives only whole commits. Asked after `tips`."""

    def expect_publish(self) -> None:
        """A publish is to follow: where a server has to start for it, it starts now."""

    def publish(
        self, source: Reader, updates: Mapping[str, tuple[Oid | None, Oid]], known: Iterable[Oid] = ()
    ) -> dict[str, str | None]:
        """Move refs by compare-and-set, never by force: {ref: (the value it must have now, its new value)}.

        The answer for each ref: None where it stands at the new value, "stale" where it has another than it must,
        else why the hub refused it. `known` are commits that the hub is known to hold, beside its own refs.
        """

    def remove(self, refs: Mapping[str, Oid]) -> dict[str, str | None]:
        """Remove refs that stand at these values still; the answers are those of `publish`."""

    def abilities(self) -> Abilities | None:
        """What the server offers, asked now; None where there is none: a folder, a file."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Parts(Protocol):
    """A fetch in parts. Each keeps what came whole when the link is cut, and raises HubUnreachable then."""

    def fetch_all(self, into: Arrivals, wants: Collection[Oid], haves: Iterable[Oid]) -> None:
        """What `wants` need and `haves` lack, in one piece."""

    def fetch_history(self, into: Arrivals, wants: Collection[Oid], haves: Iterable[Oid]) -> None:
        """The same without the files' contents, where the hub can leave them out."""

    def fetch_objects(self, into: Arrivals, oids: Collection[Oid]) -> None:
        """These trees and blobs, by their ids."""


class Pieces(Protocol):
    """Objects by their ids. What came whole before a cut is kept, and HubUnreachable raised then."""

    def fetch_trees(self, into: Arrivals, commits: Collection[Oid]) -> None:
        """These commits, which have no parents, and their trees, without the files' contents."""

    def fetch_objects(self, into: Arrivals, oids: Collection[Oid]) -> None:
        """These blobs."""
