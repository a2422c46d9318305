"""Values, as docs/merge.md has them: canonical text, what is equal, what ranks higher, how an item is addressed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from fieldvault.core.values import MISSING

SEPARATOR = "\x1f"  # between the components of an item's key: lower than what may stand in one
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Whole(dict[str, Any]):
    """A map that is not looked into: it has an anchor, or an alias stands for it."""


def canonical(value: Any) -> str:
    if value is MISSING:
        return ""
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, Decimal):
        return decimal_text(value)
    return json.dumps(value, ensure_ascii=False)


def decimal_text(number: Decimal) -> str:
    number = number.normalize() if number else Decimal(0)
    exponent = int(number.as_tuple().exponent)
    if abs(exponent) > 30:
        return str(number)
    return format(number, "f") + (".0" if exponent >= 0 else "")


def spelled(value: Any) -> str:
    """The nearest to its text that a value knows: digits as they were written, keys in their order."""
    return json.dumps(value, ensure_ascii=False, default=repr)


def compared(value: Any, rule: Any) -> str:
    """The canonical text of the form in which two values are compared."""
    return canonical(rule.standard(value))


def rank(value: Any, rule: Any) -> tuple[bool, str, str]:
    return value is not MISSING, canonical(rule.standard(value)), canonical(value)


def is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def nothing_set(value: Any) -> bool:
    return value in (MISSING, None, "")


def instant(value: Any) -> datetime | None:
    """ISO 8601 dates and date-times, without an offset in UTC."""
    if not isinstance(value, str):
        return None
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return datetime.combine(date.fromisoformat(value), time(), UTC)
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        return None


def escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1").replace(",", "~2").replace(SEPARATOR, ",")


def item_step(names: Sequence[str], item: Any) -> str:
    """The step to an item of a keyed list or log."""
    known = {name: item[name] for name in names if name in item} if isinstance(item, dict) else {}
    texts = {name: value if isinstance(value, str) else canonical(value) for name, value in known.items()}
    if len(names) == 1:
        return texts.get(names[0], "")
    return SEPARATOR.join(f"{name}={text}" for name, text in texts.items())
