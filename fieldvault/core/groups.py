"""Groups: sibling fields that merge as one register over all of them.

Law: the result is one side's tuple as a whole, never a mixture that nobody entered. Where a member is a ladder the
group rides on it: the tuple of the further stage is shown, and it is a conflict if the other side changed a field that
the winner left at base.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fieldvault.core import strategies
from fieldvault.core.dressing import showing
from fieldvault.core.nodes import Collection, Entry
from fieldvault.core.reading import value_of
from fieldvault.core.schema import FieldRule
from fieldvault.core.slots import Sides
from fieldvault.core.strategies import Outcome
from fieldvault.core.values import MISSING, Maybe, Value, same
from fieldvault.core.writing import entry_of


def values(members: tuple[str, ...], version: Mapping[str, Entry], rule: FieldRule) -> Maybe:
    """The group's value: its members that are present, MISSING where none is. `rule` is that of the map around it."""
    present = {name: value_of(version[name].node, rule.field(name)) for name in members if name in version}
    return present or MISSING


def decide(members: tuple[str, ...], rule: FieldRule, base: Maybe, ours: Maybe, theirs: Maybe) -> Outcome:
    """The whole truth table for one group."""
    before, left, right = (rule.standard(value) for value in (base, ours, theirs))
    if same(left, right) or same(right, before):
        return Outcome(ours)
    if same(left, before):
        return Outcome(theirs)
    ladder = next((name for name in members if rule.field(name).strategy == "ladder"), None)
    if ladder is not None and isinstance(ours, dict) and isinstance(theirs, dict):
        outcome = _ridden(ladder, rule, base if isinstance(base, dict) else {}, ours, theirs)
        if outcome is not None:
            return outcome
    return strategies.register(rule, base, ours, theirs)


def _ridden(
    ladder: str, rule: FieldRule, base: dict[str, Value], ours: dict[str, Value], theirs: dict[str, Value]
) -> Outcome | None:
    """The tuple of the further stage; None where not both sides moved the stage forward."""
    before, left, right = (side.get(ladder, MISSING) for side in (base, ours, theirs))
    if same(before, left) or same(before, right) or same(left, right):
        return None
    moved = strategies.ladder(rule.field(ladder), before, left, right)
    if moved.also:
        return None
    winner, other = (ours, theirs) if same(moved.shown, left) else (theirs, ours)
    overridden = [
        name for name in {**base, **other} if _same(rule, name, winner, base) and not _same(rule, name, other, base)
    ]
    return Outcome(winner, (other,)) if overridden else Outcome(winner, dropped=(other,))


def _same(rule: FieldRule, name: str, left: dict[str, Value], right: dict[str, Value]) -> bool:
    field = rule.field(name)
    return same(field.standard(left.get(name, MISSING)), field.standard(right.get(name, MISSING)))


def entries(
    members: tuple[str, ...], value: Maybe, versions: Sequence[Mapping[str, Entry]], rule: FieldRule
) -> dict[str, Entry | None]:
    """The members' entries where the group has this value; None for a member that it lacks."""
    wanted = value if isinstance(value, dict) else {}
    return {name: _entry(name, wanted.get(name, MISSING), Sides.of(name, versions), rule) for name in members}


def _entry(name: str, value: Maybe, sides: Sides, rule: FieldRule) -> Entry | None:
    if value is MISSING:
        return None
    if sides.present:
        return showing(rule.field(name), sides, value)
    return sides.base or entry_of(name, value, Collection(True, []))
