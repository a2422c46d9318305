"""Words as people type them: without accents, in any case, a ligature or not.

Law: `plain` is for finding, never for storing or comparing values.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "’": "'"})


def plain(text: str) -> str:
    """`L'Haÿ-les-Roses` -> `l'hay-les-roses`, `Œuilly` -> `oeuilly`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LIGATURES))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def words_of(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", plain(text))


def matches(words: Iterable[str], text: str) -> bool:
    """Whether each of the plain words begins a word of `text`."""
    candidates = words_of(text)
    return all(any(candidate.startswith(word) for candidate in candidates) for word in words)


def nearest(text: str, names: Iterable[str], count: int = 3) -> list[str]:
    """The names that look most like `text`."""
    by_plain: dict[str, str] = {}
    for name in names:
        by_plain.setdefault(plain(name), name)
    return [by_plain[one] for one in difflib.get_close_matches(plain(text), by_plain, count, 0.6)]
