"""Merging text files that are no records: by lines, where that is clean.

Law: what is no UTF-8 text of moderate size, or was changed by both in the same words, is not merged: then both versions
stay. No marker is ever written into a file.
"""

from __future__ import annotations

from fieldvault.core.textmerge import merge_text

TEXT_BYTES_MAX = 1024 * 1024


def merge_lines(base: bytes | None, ours: bytes, theirs: bytes) -> bytes | None:
    """One text with the changes of both sides, or None."""
    texts = [_text(data) for data in (base, ours, theirs) if data is not None]
    if len(texts) < 3 or None in texts:
        return None
    merged = merge_text(*(text for text in texts if text is not None))
    return merged.encode("utf-8") if merged is not None else None


def _text(data: bytes) -> str | None:
    if len(data) > TEXT_BYTES_MAX or b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
