"""Every sentence that a person reads, one catalogue a language.

Law: a sentence stands in a catalogue under a key and nowhere else; facts are put into it here, and whatever comes from
files or other machines is made harmless first: a record must not be able to move the cursor or turn the text around.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fieldvault.messages import en

_HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    """The text with control and direction characters as escapes."""
    return _HARMFUL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def say(key: str, **facts: object) -> str:
    """The sentence for `key`."""
    return _fill(en.SENTENCES[key], facts)


def count(number: int, noun: str) -> str:
    """`1 record`, `2 records`."""
    one, many = en.NOUNS[noun]
    return f"{number} {one if number == 1 else many}"


def error(kind: str, facts: Mapping[str, object]) -> tuple[str, str]:
    """Message and hint for an error; the hint is "" where there is nothing to do."""
    message, hint = en.ERRORS.get(kind, (kind, ""))
    why = str(facts.get("reason", ""))
    facts = {**facts, "reason": en.REASONS.get(f"{kind}:{why}") or en.REASONS.get(why, why)}
    return _place(facts) + _fill(message, facts), _fill(hint, facts)


def problem(kind: str, facts: Mapping[str, object]) -> str:
    """What is wrong with a field."""
    return _fill(en.PROBLEMS.get(kind, kind), facts)


def reason(kind: str) -> str:
    """Why one path was held or refused, in a few words."""
    return en.REASONS.get(kind, kind)


def _place(facts: Mapping[str, object]) -> str:
    """`path:12:3: ` where the error has a line."""
    if "path" in facts and facts.get("line"):
        column = f":{facts['column']}" if facts.get("column") else ""
        return harmless(f"{facts['path']}:{facts['line']}{column}: ")
    return ""


class _Facts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def _fill(template: str, facts: Mapping[str, object]) -> str:
    texts = _Facts({key: _text(value) for key, value in facts.items()})
    return template.format_map(texts)


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_text, value))
    return harmless(str(value))
