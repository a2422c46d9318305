"""Open fields: what stood open in the three versions of a record, and what of it still does after their merge.

Law: at a field with an open conflict the merge works on the set of values that stand there. A conflict is settled only
by a side that settled it; what neither side touched stays open as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fieldvault.core.conflicts import (
    DELETED_EDITED,
    EDITED_BOTH,
    OF_VALUES,
    Conflict,
    Conflicts,
    Standing,
    as_standing,
    standing,
)
from fieldvault.core.schema import FieldRule
from fieldvault.core.values import MISSING, FieldPath, Maybe, canonical, rank

_SHOW_THE_BASE = ("hold", "immutable", "once")
_REMOVED = canonical(MISSING)


class _Held(NamedTuple):
    """What one version holds at an open field: the name of the value that it shows, and all that stands there."""

    shown: str
    standing: Standing


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

        Gives the one to show; what else stands is noted.
        """
        self._dealt_with.add(path)
        base, ours, theirs = (self._held(path, rule, version, value) for version, value in enumerate(values))
        result = standing(base.standing, ours.standing, theirs.standing)
        shown = _shown(rule, base, ours, theirs, result)
        others = [value for name, value in result.items() if name != shown]
        if others:
            kind = DELETED_EDITED if MISSING in result.values() else self._kind(path)
            self.note(path, kind, self.base(path, values[0]), others)
        return result[shown]

    def presence(self, path: FieldPath, there: Sequence[bool]) -> set[bool]:
        """Whether a field at which removals alone stand open is there after the merge: True, False, or both stand.

        `there`: whether each of the three versions has it.
        """
        self._dealt_with.add(path)
        versions = [
            as_standing(has, False) if has and self._also(path, version) else as_standing(has)
            for version, has in enumerate(there)
        ]
        return {value is True for value in standing(*versions).values()}

    def _held(self, path: FieldPath, rule: FieldRule, version: int, value: Maybe) -> _Held:
        also = () if value is MISSING else self._also(path, version)  # a conflict at a field that is gone is void
        held = {canonical(rule.standard(each)): each for each in (*also, value)}
        return _Held(canonical(rule.standard(value)), held)

    def _also(self, path: FieldPath, version: int) -> tuple[Maybe, ...]:
        conflict = self.before[version].get(path)
        return conflict.also if conflict is not None and conflict.kind in OF_VALUES else ()

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


def _shown(rule: FieldRule, base: _Held, ours: _Held, theirs: _Held, result: Standing) -> str:
    """Which of the values that stand after the merge is shown, by the first row that fits:

    both sides show one value                                   it
    one side alone changed what stands                          what that side shows
    none did, and one side alone changed what is shown          what that side shows
    the strategy shows the base, and that still stands          the base
    any other case                                              the highest rank
    """
    if ours.shown == theirs.shown:
        return ours.shown
    changed = [side for side in (ours, theirs) if side.standing.keys() != base.standing.keys()]
    changed = changed or [side for side in (ours, theirs) if side.shown != base.shown]
    if len(changed) == 1:
        return changed[0].shown
    if rule.strategy in _SHOW_THE_BASE and base.shown in result and base.shown != _REMOVED:
        return base.shown
    return max(result)
