"""What a watched folder tells.

Law: events name paths, and are hints: a missed one costs time, never an edit, because the folder itself is looked at
again. Where events may have been missed that is told as well (`LOST`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

Kind = Literal["touched", "gone", "lost", "limit"]
TOUCHED: Kind = "touched"
GONE: Kind = "gone"
LOST: Kind = "lost"  # events were missed: look at the whole folder
LIMIT: Kind = "limit"  # the system watches no more folders: events will be missed from now on


class FileEvent(NamedTuple):
    """Something happened at `path`, which is the vault's with `/`; "" is the folder itself."""

    path: str
    kind: Kind = TOUCHED


Tell = Callable[[FileEvent], None]
Skip = Callable[[str, bool], bool]  # path, whether it is a folder -> not to be watched
