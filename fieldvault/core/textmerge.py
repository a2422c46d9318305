"""Texts: lines first, then words inside lines that both sides changed.

Law: a change of one side alone is taken, equal changes count once, and where both changed the same words there is no
merged text (None): the field is then a register. No marker is ever written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from fieldvault.core.diff3 import Hunk, align

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


def merge_text(base: str, ours: str, theirs: str) -> str | None:
    """One text with the changes of both sides, or None where they changed the same words."""
    return _merged(base.splitlines(True), ours.splitlines(True), theirs.splitlines(True), _merge_words)


def _merge_words(hunk: Hunk) -> str | None:
    base, ours, theirs = (_WORDS.findall("".join(lines)) for lines in (hunk.base, hunk.ours, hunk.theirs))
    return _merged(base, ours, theirs, lambda overlap: None) if base else None


def _merged(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str], overlap: Callable[[Hunk], str | None]
) -> str | None:
    out: list[str] = []
    for hunk in align(base, ours, theirs):
        if hunk.stable or hunk.ours == hunk.theirs or hunk.theirs == hunk.base:
            out.extend(hunk.ours)
        elif hunk.ours == hunk.base:
            out.extend(hunk.theirs)
        else:
            merged = overlap(hunk)
            if merged is None:
                return None
            out.append(merged)
    return "".join(out)
