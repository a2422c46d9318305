"""Open fields: what stood open in the three versions of a record, and what of it still does after their merge.

Law: at a field with an open conflict the merge works on the set of values that stand there. A conflict is settled only
by a side that settled it; what neither side touched stays open as it was.
"""

from __future__ import annotations

from collections.abc import Sequence

from fieldvault.core.conflicts import (
    DELETED_EDITED,
    EDITED_BOTH,
    OF_VALUES,
    Conflict,
    Conflicts,
    Standing,
    ranked,
    standing,
)
from fieldvault.core.schema import FieldRule
from fieldvault.core.values import MISSING, FieldPath, Maybe, canonical, rank

_SHOW_THE_BASE = ("hold", "immutable", "once")


class OpenFields:
    """The conflicts of base, ours and theirs, and those that the merge finds."""

    def __init__(self, record: str, base: Conflicts, ours: Conflicts, theirs: Conflicts) -> None:
        self.record = record
        self.before = (base, ours, theirs)
        self.found: dict[FieldPath, Conflict] = {}
        self._dealt_with: set[FieldPath] = set()
        paths = {path for conflicts in self.before for path in conflicts}
        self._ways = {path[:length] for path in paths for length in range(len(path) + 1)}

    def below(self, path: FieldPath) -> bool:
        """Whether something stands open at the field or inside it."""
        return path in self._ways

    def at(self, path: FieldPath) -> bool:
        """Whether values stand open at the field itself."""
        return any(path in conflicts and conflicts[path].kind in OF_VALUES for conflicts in self.before)

    def only_removals(self, path: FieldPath) -> bool:
        """Whether all that stands beside the shown value, anywhere, is that the field be removed."""
        here = [conflicts[path] for conflicts in self.before if path in conflicts]
        return all(value is MISSING for conflict in here if conflict.kind in OF_VALUES for value in conflict.also)

    def opened(self, path: FieldPath, version: int) -> bool:
        """Whether something stands open at the field or inside it in this version that did not in the base, but for
        values of the field itself.
        """
        base, side = self.before[0], self.before[version]
        return any(
            at[: len(path)] == path
            and (at != path or conflict.kind not in OF_VALUES)
            and (at not in base or conflict.others.keys() != base[at].others.keys())
            for at, conflict in side.items()
        )

    def stay(self, path: FieldPath, version: int) -> None:
        """What stands open in this version inside a field that the other side removed stays with the field."""
        inside = {at: one for at, one in self.before[version].items() if at != path and at[: len(path)] == path}
        self.found = inside | self.found

    def note(self, path: FieldPath, kind: str, base: Maybe, also: Sequence[Maybe]) -> None:
        """A conflict that this merge finds."""
        self.found[path] = Conflict(self.record, path, kind, base, tuple(sorted(also, key=canonical)))

    def settle(self, path: FieldPath, rule: FieldRule, values: Sequence[Maybe]) -> Maybe:
        """Merge the values that stand at a field; `values` are those that the three versions show.

        Gives the one to show: that which both show, or the one side that changed what stands, else the highest rank, or
        the base where the strategy says so. What else stands is noted.
        """
        base, ours, theirs = self._sets(path, rule, values)
        result = standing(base, ours, theirs)
        names = [canonical(rule.standard(value)) for value in values]
        shown = canonical(rule.standard(ranked(result)[0]))
        if names[1] == names[2]:
            shown = names[1]
        elif ours.keys() == base.keys() and (theirs.keys() != base.keys() or names[1] == names[0]):
            shown = names[2]
        elif theirs.keys() == base.keys() and (ours.keys() != base.keys() or names[2] == names[0]):
            shown = names[1]
        elif rule.strategy in _SHOW_THE_BASE and names[0] in result and values[0] is not MISSING:
            shown = names[0]
        others = [value for name, value in result.items() if name != shown]
        if others:
            kind = DELETED_EDITED if MISSING in result.values() else self._kind(path)
            self.note(path, kind, self.base(path, values[0]), others)
        return result[shown]

    def stand(self, path: FieldPath, rule: FieldRule, values: Sequence[Maybe]) -> Standing:
        """The set of values that stand at a field after the merge."""
        return standing(*self._sets(path, rule, values))

    def _sets(self, path: FieldPath, rule: FieldRule, values: Sequence[Maybe]) -> list[Standing]:
        self._dealt_with.add(path)
        return [
            {canonical(rule.standard(each)): each for each in (*self._also(path, version, value), value)}
            for version, value in enumerate(values)
        ]

    def _also(self, path: FieldPath, version: int, value: Maybe) -> tuple[Maybe, ...]:
        conflict = self.before[version].get(path)
        if conflict is None or value is MISSING or conflict.kind not in OF_VALUES:
            return ()  # a conflict at a field that is gone is void
        return conflict.also

    def _kind(self, path: FieldPath) -> str:
        kinds = {conflicts[path].kind for conflicts in self.before[1:] if path in conflicts} - {DELETED_EDITED}
        return kinds.pop() if len(kinds) == 1 else EDITED_BOTH

    def base(self, path: FieldPath, otherwise: Maybe) -> Maybe:
        """The base that a conflict names for its reader: that of the conflict which stood first."""
        if path in self.before[0]:
            return self.before[0][path].base
        found = [conflicts[path].base for conflicts in self.before[1:] if path in conflicts]
        return max(found, key=rank) if found else otherwise

    def untouched(self) -> list[Conflict]:
        """What stood open in places that the merge had no need to look into, and that no side has settled."""
        base, ours, theirs = self.before
        rest = {path for conflicts in self.before for path in conflicts} - self._dealt_with - self.found.keys()
        return [
            max((side[path] for side in (ours, theirs) if path in side), key=lambda conflict: conflict.rank)
            for path in rest
            if path not in base or (path in ours and path in theirs)
        ]
