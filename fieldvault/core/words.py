"""Words as people type them: without accents, in any case, a ligature or not.

Law: `plain` is for finding, never for storing or comparing values.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping

_LIGATURES = {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "’": "'"}


def plain(text: str) -> str:
    """`L'Haÿ-les-Roses` -> `l'hay-les-roses`, `Œuilly` -> `oeuilly`."""
    return "".join(character for character in _decomposed(text) if not unicodedata.combining(character))


def _decomposed(text: str) -> str:
    text = text.casefold()
    for sign, letters in _LIGATURES.items():  # a table for str.translate is asked for each character
        text = text.replace(sign, letters)
    return unicodedata.normalize("NFKD", text)


def words_of(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", plain(text))


def matches(words: Iterable[str], text: str) -> bool:
    """Whether each of the plain words begins a word of `text`."""
    candidates = words_of(text)
    return all(any(candidate.startswith(word) for candidate in candidates) for word in words)


def mentions(words: Collection[str], data: bytes) -> bool:
    """Whether each of the plain words stands anywhere in a file; a look that is cheap, and may say yes too often."""
    found = _decomposed(data.decode("utf-8", "replace"))
    if all(word.isascii() for word in words):  # what is none of ASCII may go then, at once and not sign by sign
        found = found.encode("ascii", "ignore").decode("ascii")
    else:
        found = plain(found)
    return all(word in found for word in words)


def nearest(text: str, named: Mapping[str, str], count: int = 3) -> list[str]:
    """What is called most like `text`: of `named`, plain name -> thing."""
    return [named[one] for one in difflib.get_close_matches(plain(text), named, count, 0.6)]
