"""What a watched folder tells.

Law: events name paths, and are hints: a missed one costs time, never an edit, because the folder itself is looked at
again. Where events may have been missed that is told as well (`LOST`). Where `tells_all` holds they are more: of all
that happens something is told, in the order in which it happens, so that whoever meets a question (`ASKED`) has met
everything that was done before it was put.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

Kind = Literal["touched", "new", "gone", "folder", "lost", "limit", "asked"]
TOUCHED: Kind = "touched"
NEW: Kind = "new"  # a file stands where none stood; not told of one that was moved there
GONE: Kind = "gone"
FOLDER: Kind = "folder"  # a folder came, or what may be done in it changed; its files are told one by one
LOST: Kind = "lost"  # events were missed: look at the whole folder
LIMIT: Kind = "limit"  # the system watches no more folders: events will be missed from now on
ASKED: Kind = "asked"  # a name appeared in the folder for questions


class FileEvent(NamedTuple):
    """Something happened at `path`, which is the vault's with `/`; "" is the folder itself. Of ASKED: a name."""

    path: str
    kind: Kind = TOUCHED


Tell = Callable[[FileEvent], None]
Skip = Callable[[str, bool], bool]  # path, whether it is a folder -> not to be watched
