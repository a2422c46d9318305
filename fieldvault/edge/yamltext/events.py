"""libyaml's events over a text.

Law: marks count the text's own characters. What libyaml does not read as YAML 1.2 and JSON do has stand-ins of the same
length while it reads: characters at which it would break a line, as in YAML 1.1, and the escape of a character beyond
U+FFFF as two, as JSON has it. `Mask` turns those in an event's value back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import yaml

_LINE_ENDS_OF_1_1 = re.compile("[\x85\u2028\u2029\ufeff]|\r(?!\n)")
_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})")
_PAIR_LENGTH = 12


class Mask(NamedTuple):
    """What stand-ins mean: in double quotes, and elsewhere, where an escape is nothing but its characters."""

    quoted: dict[int, str]
    elsewhere: dict[int, str]

    def lifted(self, event: yaml.ScalarEvent) -> str:
        """The value of a scalar."""
        return event.value.translate(self.quoted if event.style == '"' else self.elsewhere)


def events_of(text: str) -> tuple[Iterator[yaml.Event], Mask | None]:
    """The events, which raise yaml.YAMLError on their way, and the mask over the text, if it needed one."""
    readable, mask = _masked(text)
    return iter(yaml.CBaseLoader(readable).get_event, None), mask


def _masked(text: str) -> tuple[str, Mask | None]:
    ends = sorted(set(_LINE_ENDS_OF_1_1.findall(text)))
    pairs = sorted({found[2] for found in _PAIR.finditer(text)}) if "\\u" in text else []
    if not ends and not pairs:
        return text, None
    free = (chr(code) for code in chain(range(0xE000, 0xF900), range(0xF0000, 0xFFFFE)) if chr(code) not in text)
    filler = next(free)
    stand_in = dict(zip(ends + pairs, free, strict=False))
    masked = _LINE_ENDS_OF_1_1.sub(lambda end: stand_in[end.group()], text)
    if pairs:
        masked = _PAIR.sub(lambda pair: f"{pair[1]}{stand_in[pair[2]]}{filler * (_PAIR_LENGTH - 1)}", masked)
    elsewhere = {ord(sign): original for original, sign in stand_in.items()} | {ord(filler): ""}
    return masked, Mask(elsewhere | {ord(stand_in[pair]): _joined(pair) for pair in pairs}, elsewhere)


def _joined(pair: str) -> str:
    """The character that two escapes stand for."""
    high, low = int(pair[2:6], 16), int(pair[8:], 16)
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
