"""What was read lately: whoever reads an object asks for it, or for its neighbours, again.

Law: memory holds so many bytes of contents and no more. A full one forgets everything at once, since to find a dict's
oldest again and again takes ever longer.
"""

from __future__ import annotations

from typing import TypeVar

Key = TypeVar("Key")
Kind = TypeVar("Kind")


class Recent(dict[Key, tuple[Kind, bytes]]):
    """Objects as (kind, content), up to `limit` bytes of content."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._held = 0

    def keep(self, key: Key, whole: tuple[Kind, bytes]) -> None:
        """Hold an object, unless it is larger than the limit."""
        size = len(whole[1])
        if size > self._limit:
            return
        if self._held + size > self._limit:
            self.clear()
            self._held = 0
        self[key] = whole
        self._held += size
