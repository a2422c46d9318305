"""Many records merged at once, by two processes where that pays.

Law: the outcome is that of each merge alone. A merge is a function of three versions and a schema, and reads what does
not change; so it is all one who does it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeVar

from fieldvault.edge.sharing import Found, pays, shared

One = TypeVar("One", bound=Hashable)
Outcome = TypeVar("Outcome")


def merge_all(merge: Callable[[One], Outcome], records: Sequence[One]) -> dict[One, Outcome]:
    """What `merge` makes of each record."""
    if not pays(len(records)):
        return {record: merge(record) for record in records}
    import pickle  # one process alone does without

    def merge_part(numbers: Sequence[int]) -> Iterator[Found]:
        yield (pickle.dumps([(number, merge(records[number])) for number in numbers]),)

    outcomes: dict[One, Outcome] = {}
    for (part,) in shared(merge_part, range(len(records))):
        assert isinstance(part, bytes)
        outcomes |= {records[number]: outcome for number, outcome in pickle.loads(part)}
    return outcomes
