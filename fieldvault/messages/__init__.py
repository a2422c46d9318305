"""Every sentence that a person reads, one catalogue a language.

Law: a sentence stands in a catalogue under a key and nowhere else; facts are put into it here, and whatever comes from
files or other machines is made harmless first: a record must not be able to move the cursor or turn the text around.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fieldvault.messages import en

_HARMFUL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    """One line of text with control and direction characters as escapes."""
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
    return _worded(en.ERRORS.get(kind, (kind, "")), kind, facts)


def finding(kind: str, facts: Mapping[str, object]) -> tuple[str, str]:
    """What `fv doctor` found, an error or something of its own, and what to do."""
    return _worded(en.FINDINGS.get(kind) or en.ERRORS.get(kind, (kind, "")), kind, facts)


def _worded(pair: tuple[str, str], kind: str, facts: Mapping[str, object]) -> tuple[str, str]:
    message, hint = pair
    why = str(facts.get("reason", ""))
    if "octets" in facts:
        facts = {**facts, "size": size(int(str(facts["octets"])))}
    facts = {**facts, "reason": en.REASONS.get(f"{kind}:{why}") or en.REASONS.get(why, why)}
    place = "" if "{path}" in message else _place(facts)
    return place + _fill(message, facts), _fill(hint, facts) if _said(hint, facts) else ""


def size(octets: int) -> str:
    """`18 kB`: decimal units, as git counts."""
    number = float(octets)
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if number >= 10 or unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def problem(kind: str, facts: Mapping[str, object]) -> str:
    """What is wrong with a field."""
    return _fill(en.PROBLEMS.get(kind, kind), facts)


def reason(kind: str) -> str:
    """Why one path was held or refused, in a few words."""
    return en.REASONS.get(kind, kind)


def _place(facts: Mapping[str, object]) -> str:
    """`path:12:3: `, as far as the error knows."""
    if not facts.get("path"):
        return ""
    numbers = [str(facts[name]) for name in ("line", "column") if facts.get(name)]
    return harmless(":".join([str(facts["path"]), *numbers]) + ": ")


def _said(hint: str, facts: Mapping[str, object]) -> bool:
    """Whether the facts have something to say in the hint: a list of nothing is no help."""
    return not any(value in ([], ()) and f"{{{name}}}" in hint for name, value in facts.items())


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
