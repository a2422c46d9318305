"""Merging attachments: what becomes of a file that is no record where both sides touched it.

Law: nothing is dropped, and no marker is ever written into a file. An edit outlives a removal; UTF-8 text of moderate
size merges by lines where that is clean; else both versions stay, that of the higher content in place, the other beside
it, and a conflict names them.
"""

from __future__ import annotations

from dataclasses import dataclass

from fieldvault.actions.merging.recordmerge import content_id
from fieldvault.core.conflicts import ATTACHMENT, DELETED_EDITED, Conflict
from fieldvault.core.names import beside
from fieldvault.core.plan import Located, Unit, settle_mode
from fieldvault.core.pointers import read_pointer
from fieldvault.core.snapshot import Entry
from fieldvault.core.textmerge import merge_text
from fieldvault.core.values import MISSING
from fieldvault.edge.git.store.batch import Batch

TEXT_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True)
class MergedAttachment:
    """The file at its path, a second version beside it, and the conflict that tells of it."""

    shown: Located
    other: Located | None = None
    conflict: Conflict | None = None


def merge_attachment(batch: Batch, unit: Unit) -> MergedAttachment:
    """Merge an attachment that at least one side has; what is written goes into the batch."""
    path, mode = unit.path, settle_mode(unit)
    if unit.ours is None or unit.theirs is None:
        stands = unit.ours or unit.theirs
        assert stands is not None
        return MergedAttachment(stands, conflict=Conflict(path, (), DELETED_EDITED, MISSING, (MISSING,)))
    contents = {side.entry.oid: batch.blob(side.entry.oid) for side in (unit.ours, unit.theirs)}
    if len(contents) == 1:
        return MergedAttachment(Located(path, Entry(mode, unit.ours.entry.oid)))
    merged = _by_lines(batch.blob(unit.base.entry.oid) if unit.base else None, *contents.values())
    if merged is not None:
        return MergedAttachment(Located(path, Entry(mode, batch.add("blob", merged))))
    lower, higher = sorted(contents, key=lambda oid: content_id(contents[oid]))
    other = beside(path, content_id(contents[lower])[:8])
    conflict = Conflict(path, (), ATTACHMENT, MISSING, (other,))
    return MergedAttachment(Located(path, Entry(mode, higher)), Located(other, Entry(mode, lower)), conflict)


def _by_lines(base: bytes | None, ours: bytes, theirs: bytes) -> bytes | None:
    """One text with the changes of both sides, or None. What stands for a content that is elsewhere is no text."""
    if base is None or read_pointer(ours) or read_pointer(theirs):
        return None
    texts = [text for text in map(_text, (base, ours, theirs)) if text is not None]
    merged = merge_text(*texts) if len(texts) == 3 else None
    return merged.encode("utf-8") if merged is not None else None


def _text(data: bytes) -> str | None:
    if len(data) > TEXT_BYTES_MAX or b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
