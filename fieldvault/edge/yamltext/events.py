"""libyaml's events over a text.

Law: marks count the text's own characters. libyaml breaks lines where YAML 1.1 does, so the characters that are content
in YAML 1.2 have stand-ins while it reads; `unmask` turns those in an event's value back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

_LINE_ENDS_OF_1_1 = re.compile("[\x85\u2028\u2029\ufeff]|\r(?!\n)")


def events_of(text: str) -> tuple[Iterator[yaml.Event], dict[int, str]]:
    """The events, which raise yaml.YAMLError on their way, and the stand-ins."""
    readable, unmask = _masked(text)
    return iter(yaml.CBaseLoader(readable).get_event, None), unmask


def _masked(text: str) -> tuple[str, dict[int, str]]:
    found = set(_LINE_ENDS_OF_1_1.findall(text))
    if not found:
        return text, {}
    free = (chr(code) for code in range(0xE000, 0xF900) if chr(code) not in text)
    stand_in = dict(zip(sorted(found), free, strict=False))
    masked = _LINE_ENDS_OF_1_1.sub(lambda match: stand_in[match.group()], text)
    return masked, {ord(sign): original for original, sign in stand_in.items()}
