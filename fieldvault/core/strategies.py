"""Strategies for one value: what becomes of a field that both sides changed, differently.

Law of this file: each strategy is a pure function of (rule, base, ours, theirs), gives the same outcome when ours and
theirs are swapped, and states its own law. Rows 1 to 3 of merge.py's table and equality have come first, except where
a strategy says that it adds. Strategies that look into maps and lists are in merge.py, which owns the one recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal

from fieldvault.core.schema import FieldRule
from fieldvault.core.textmerge import merge_text
from fieldvault.core.values import MISSING, Maybe, canonical, rank, same

_EXACT = Context(prec=5000)  # scalars.DIGITS_MAX bounds digits and exponents, so that sums fit


@dataclass(frozen=True)
class Outcome:
    """The value shown, what else stands (none: no conflict), and what gave way without one (none: no notice)."""

    shown: Maybe
    also: tuple[Maybe, ...] = ()
    dropped: tuple[Maybe, ...] = ()


Strategy = Callable[[FieldRule, Maybe, Maybe, Maybe], Outcome]


def register(rule: FieldRule, base: Maybe, ours: Maybe, theirs: Maybe) -> Outcome:
    """Both stand; the higher rank is shown."""
    shown, other = _ranked(rule, ours, theirs)
    return Outcome(shown, (other,))


def larger(rule: FieldRule, base: Maybe, ours: Maybe, theirs: Maybe) -> Outcome:
    """`max`: the larger number, the later instant, else the later text."""
    return _extreme(base, ours, theirs, rule, highest=True)


def smaller(rule: FieldRule, base: Maybe, ours: Maybe, theirs: Maybe) -> Outcome:
    """`min`: the smaller number, the earlier instant, else the earlier text."""
    return _extreme(base, ours, theirs, rule, highest=False)


def _extreme(base: Maybe, ours: Maybe, theirs: Maybe, rule: FieldRule, *, highest: bool) -> Outcome:
    if not (_numbers(ours, theirs) or (isinstance(ours, str) and isinstance(theirs, str))):
        return register(rule, base, ours, theirs)
    low, high = sorted((ours, theirs), key=lambda value: (_measure(value, ours, theirs), canonical(value)))
    shown, other = (high, low) if highest else (low, high)
    return Outcome(shown, dropped=(other,))


def _numbers(*values: Maybe) -> bool:
    return all(isinstance(value, int | Decimal) and not isinstance(value, bool) for value in values)


def _measure(value: Maybe, *both: Maybe) -> Decimal | str:
    """What two values are compared by: a number, an instant if both are one, else the text."""
    if not isinstance(value, str):
        assert isinstance(value, int | Decimal)
        return Decimal(value)
    moments = [instant(each) if isinstance(each, str) else None for each in both]
    moment = instant(value)
    return moment if moment is not None and None not in moments else value


def instant(text: str) -> Decimal | None:
    """An ISO 8601 date or date-time as seconds since 1970; None where it is none. No offset: UTC, for order alone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return Decimal(since.days * 86_400 + since.seconds) + Decimal(since.microseconds) / 1_000_000


def total(rule: FieldRule, base: Maybe, ours: Maybe, theirs: Maybe) -> Outcome:
    """`sum`: base + (ours - base) + (theirs - base), exact; MISSING counts 0. Two equal changes are two changes."""
    numbers = [_number(value) for value in (base, ours, theirs)]
    if any(number is None for number in numbers):
        return Outcome(ours) if same(ours, theirs) else register(rule, base, ours, theirs)
    start, left, right = (number for number in numbers if number is not None)
    result = _EXACT.subtract(_EXACT.add(left, right), start)
    whole = all(isinstance(value, int) for value in (ours, theirs))
    return Outcome(int(result) if whole and result == result.to_integral_value() else result)


def _number(value: Maybe) -> Decimal | None:
    if value is MISSING:
        return Decimal(0)
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def once(rule: FieldRule, base: Maybe, ours: Maybe, theirs: Maybe) -> Outcome:
    """Set once: from nothing, two different values conflict; a value that is set is immutable."""
    if base is MISSING or base is None or base == "":
        return register(rule, base, ours, theirs)
    return immutable(rule, base, ours, theirs)


def immutable(rule: FieldRule, base: Maybe, ours: Maybe, theirs: Maybe) -> Outcome:
    """The base stays shown, and both changes stand beside it. Where there is no base the higher rank is shown."""
    if base is MISSING:
        return register(rule, base, ours, theirs)
    return Outcome(base, _ranked(rule, ours, theirs))


def newly(rule: FieldRule, base: Maybe, ours: Maybe, theirs: Maybe) -> Outcome:
    """`or`: what either side newly holds true stands; a false beside it gives way."""
    if not (isinstance(ours, bool) and isinstance(theirs, bool)):
        return register(rule, base, ours, theirs)
    return Outcome(True, dropped=(False,))


def strictest(rule: FieldRule, base: Maybe, ours: Maybe, theirs: Maybe) -> Outcome:
    """The stricter of two levels, which the schema lists from the least strict."""
    left, right = _level(rule, ours), _level(rule, theirs)
    if left is None or right is None:
        return register(rule, base, ours, theirs)
    shown, other = (ours, theirs) if left > right else (theirs, ours)
    return Outcome(shown, dropped=(other,))


def ladder(rule: FieldRule, base: Maybe, ours: Maybe, theirs: Maybe) -> Outcome:
    """Both forward among the open rungs: the furthest. Everything else is a conflict."""
    start = -1 if base is MISSING or base is None else _level(rule, base)
    left, right = _level(rule, ours), _level(rule, theirs)
    if start is None or left is None or right is None or left <= start or right <= start:
        return register(rule, base, ours, theirs)
    shown, other = (ours, theirs) if left > right else (theirs, ours)
    return Outcome(shown, dropped=(other,))


def _level(rule: FieldRule, value: Maybe) -> int | None:
    levels = map(rule.standard, rule.policy.levels)
    return next((place for place, level in enumerate(levels) if same(level, value)), None)


def text(rule: FieldRule, base: Maybe, ours: Maybe, theirs: Maybe) -> Outcome:
    """Lines, then words inside an overlapping change; else a register. Never a marker."""
    if isinstance(ours, str) and isinstance(theirs, str) and isinstance(base, str):
        merged = merge_text(base, ours, theirs)
        if merged is not None:
            return Outcome(merged)
    return register(rule, base, ours, theirs)


def _ranked(rule: FieldRule, ours: Maybe, theirs: Maybe) -> tuple[Maybe, Maybe]:
    left, right = ((rank(rule.standard(value)), rank(value)) for value in (ours, theirs))
    return (ours, theirs) if left > right else (theirs, ours)


STRATEGIES: Mapping[str, Strategy] = {
    "register": register,
    "max": larger,
    "min": smaller,
    "sum": total,
    "once": once,
    "immutable": immutable,
    "hold": immutable,
    "or": newly,
    "strictest": strictest,
    "ladder": ladder,
    "text": text,
}  # the strategies that look inside a map or list fall back to `register` on values of another kind


def decide(rule: FieldRule, base: Maybe, ours: Maybe, theirs: Maybe) -> Outcome:
    """Row 4 of the table: the field's strategy on two different changes."""
    return STRATEGIES.get(rule.strategy, register)(rule, base, ours, theirs)
