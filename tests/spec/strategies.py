"""Strategies, as docs/merge.md has them: what a field becomes that both changed, differently. MISSING: a register."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from fieldvault.core.values import MISSING
from tests.spec.lists import gaps, one_sided
from tests.spec.values import canonical, compared, instant, is_number


def added_up(base: Any, ours: Any, theirs: Any) -> Any:
    """The sum, None where it is not one of three numbers. MISSING counts 0."""
    known = 0 if base is MISSING else base
    if not all(map(is_number, (known, ours, theirs))):
        return None
    total = ours + theirs - known
    whole = isinstance(ours, int) and isinstance(theirs, int) and total == int(total)
    return int(total) if whole else Decimal(total)


def compare(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def extreme(rule: Any, _: Any, ours: Any, theirs: Any) -> Any:
    if not (is_number(ours) and is_number(theirs)) and not (isinstance(ours, str) and isinstance(theirs, str)):
        return MISSING
    moments = [instant(side) for side in (ours, theirs)]
    way = compare(*(moments if None not in moments else (ours, theirs))) or compare(canonical(ours), canonical(theirs))
    return ours if (way > 0) == (rule.strategy == "max") else theirs


def level(rule: Any, value: Any) -> int | None:
    """The place of a value on its levels, below the first where there is none; None off the ladder."""
    texts = [compared(each, rule) for each in rule.policy.levels]
    text = compared(value, rule)
    if text in texts:
        return texts.index(text)
    return -1 if value is MISSING or value is None else None


def climbed(rule: Any, base: Any, ours: Any, theirs: Any) -> Any:
    start, left, right = (level(rule, value) for value in (base, ours, theirs))
    if start is None or left is None or right is None or min(left, right) <= start:
        return MISSING
    return ours if left > right else theirs


def further(rule: Any, base: Any, ours: Any, theirs: Any) -> int | None:
    """Whose stage is the further one, 0 ours and 1 theirs; None where the ladder does not say."""
    start, left, right = (level(rule, value) for value in (base, ours, theirs))
    if start is None or left is None or right is None or left == right or min(left, right) <= start:
        return None
    return 0 if left > right else 1


def strictest(rule: Any, _: Any, ours: Any, theirs: Any) -> Any:
    texts = [compared(each, rule) for each in rule.policy.levels]
    if compared(ours, rule) not in texts or compared(theirs, rule) not in texts:
        return MISSING
    return max(ours, theirs, key=lambda side: texts.index(compared(side, rule)))


def either(_: Any, __: Any, ours: Any, theirs: Any) -> Any:
    return True if isinstance(ours, bool) and isinstance(theirs, bool) else MISSING


def text(_: Any, base: Any, ours: Any, theirs: Any) -> Any:
    """By lines with their ends, then by words inside a hunk that both changed."""
    if not all(isinstance(side, str) for side in (base, ours, theirs)):
        return MISSING
    merged: list[str] = []
    for known, left, right in gaps(*(side.splitlines(keepends=True) for side in (base, ours, theirs))):
        chosen = one_sided(known, left, right)
        if chosen is None and known:
            chosen = words(*("".join(lines) for lines in (known, left, right)))
        if chosen is None:
            return MISSING
        merged += chosen
    return "".join(merged)


def words(base: str, ours: str, theirs: str) -> list[str] | None:
    merged: list[str] = []
    for hunk in gaps(*(re.findall(r"[^\W_]+|\s+|.", side, re.DOTALL) for side in (base, ours, theirs))):
        chosen = one_sided(*hunk)
        if chosen is None:
            return None
        merged += chosen
    return merged


DECIDING: dict[str, Callable[..., Any]] = {
    "max": extreme, "min": extreme, "ladder": climbed, "strictest": strictest, "or": either, "text": text
}  # fmt: skip
