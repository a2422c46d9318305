"""One sync's talk with its hub: what the hub said last, and what is remembered of the link.

Law: whoever meets a cut notes how much it cost and asks the hub anew before anything is sent again, because a push may
have landed and only the answer been lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from fieldvault.actions.ground.device import device
from fieldvault.actions.ground.vault import MAIN, Vault
from fieldvault.actions.syncing.hubnotes import INBOXES, HubNotes
from fieldvault.actions.syncing.patience import Patience
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.hubs.hub import Hub
from fieldvault.edge.git.store.history import commits_here
from fieldvault.errors import HubRefused, HubUnreachable

CUT = ("cut", "timeout", "garbled", "broken-off")  # a link, or a server, that less at once may get through


@dataclass
class Talk:
    """`tips`: the hub's refs, as it last told them or acknowledged them. `refusal`: why it takes no contents of large
    attachments now.
    """

    vault: Vault
    hub: Hub
    notes: HubNotes
    patience: Patience = field(default_factory=Patience)
    tips: dict[str, Oid] = field(default_factory=dict)
    refusal: HubRefused | None = None

    @property
    def main(self) -> Oid | None:
        return self.tips.get(MAIN)

    @property
    def held(self) -> list[Oid]:
        """The commits that the hub holds and we know."""
        return commits_here(self.vault.objects, self.tips.values())

    @property
    def known(self) -> bool:
        """Whether the hub's main is here: only then is it sure to be our vault's, and clear what it lacks of ours."""
        return self.main is None or self.main in self.vault.objects

    def inbox(self) -> str | None:
        """Our own inbox on this hub; None where it takes no deliveries."""
        return self.notes.inboxes[0] + device(self.vault) if self.notes.inboxes else None

    def inboxes(self) -> list[Oid]:
        """What was delivered and is not known to be settled, in the order of the commits' ids."""
        delivered = {oid for ref, oid in self.tips.items() if ref.startswith(INBOXES)}
        return sorted(delivered - set(self.notes.settled))

    def settle(self, merged: Iterable[Oid]) -> None:
        """The hub's main contains these deliveries, or can never: they are not looked at again."""
        settled = {*self.notes.settled, *merged}
        self.notes.settled = tuple(sorted(settled & set(self.tips.values())))

    def ask(self) -> None:
        """Hear from the hub where its refs stand, at the second or third try where the link is cut."""
        while True:
            try:
                self.tips = self.hub.tips()
                self.patience.answered = True
                return
            except HubUnreachable as error:
                self.patience.after(error)

    @contextmanager
    def risking(self, direction: Literal["up", "down"], octets: int) -> Iterator[None]:
        """What is done within moves about so many bytes: learn from how that went."""
        budget = getattr(self.notes, direction)
        try:
            yield
        except HubUnreachable as error:
            if error.facts.get("reason") in CUT:
                setattr(self.notes, direction, budget.cut(min(octets, 2 * budget.size)))
            raise
        setattr(self.notes, direction, budget.sent())
