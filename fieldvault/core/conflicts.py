"""Conflicts: fields at which more than one value stands until a person chooses.

Law: a conflict is a value, a function of what stands; it names no side, author or time, so that two machines that merge
the same pair write the same file. `standing` is what makes an open conflict survive merges until it is settled.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from fieldvault.core.values import FieldPath, Maybe, canonical, rank, to_pointer

EDITED_BOTH = "edited-both"
DELETED_EDITED = "deleted-edited"
ORDER = "order"
STALE_SAVE = "stale-save"
ATTACHMENT = "attachment"
RENAMED = "renamed"
UNREADABLE = "unreadable"
DUPLICATE_ID = "duplicate-id"

# The kinds whose `also` holds values of the field, and those whose `also` names files that lie beside; `renamed` names
# a path at which the record might lie, `order` holds the other order of a list.
OF_VALUES = frozenset((EDITED_BOTH, DELETED_EDITED, STALE_SAVE))
OF_FILES = frozenset((ATTACHMENT, UNREADABLE, DUPLICATE_ID))

_SAFE_ID = re.compile(r"[a-z0-9]{1,16}_[a-z0-9_]{1,64}")  # no case, no dot, no reserved name


class Conflict(NamedTuple):
    """What else stands at a field of a record, beside the value that the record shows. MISSING: a removal.

    `record` is the record's id, or its path where it has none; `base` is for the reader, MISSING where both added.
    """

    record: str
    field: FieldPath
    kind: str
    base: Maybe
    also: tuple[Maybe, ...]

    @property
    def waits(self) -> bool:
        """Whether a person must choose. Two versions of an attachment both stand, each under its own name."""
        return self.kind != ATTACHMENT

    @property
    def rank(self) -> tuple[bool, str, tuple[str, ...], str]:
        """Which of two at one field stands: the higher, and one of files before one of values."""
        return self.kind in OF_FILES, self.kind, tuple(map(canonical, self.also)), canonical(self.base)

    @property
    def others(self) -> Standing:
        """What else stands, as a set."""
        return as_standing(*self.also)


Conflicts: TypeAlias = Mapping[FieldPath, Conflict]  # what stands open in one version of a record


def as_open(one: Conflicts, other: Conflicts) -> bool:
    """Whether the same stands open in two versions."""
    return one.keys() == other.keys() and all(one[field].rank == other[field].rank for field in one)


def conflict_path(record: str, field: FieldPath) -> str:
    """Where the conflict of a field stands in the vault.

    A record without id, or with one that is no safe folder name everywhere, is named by the sha256 of what it has.
    """
    folder = record if _SAFE_ID.fullmatch(record) else _digest(record)
    return f"conflicts/{folder}/{_digest(to_pointer(field))}.yaml"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]


Standing: TypeAlias = Mapping[str, Maybe]  # canonical text -> value: the set of values that stand at a field


def standing(base: Standing, ours: Standing, theirs: Standing) -> Standing:
    """The values that stand after a merge, of those that stood on each side.

    Same as base on one side: the other side's. Both changed: what either holds, without what stood in the base and one
    side no longer has; a side that would be left with nothing contributes all of its values.
    """
    if ours.keys() == theirs.keys():
        return _united(ours, theirs)
    if ours.keys() == base.keys():
        return theirs
    if theirs.keys() == base.keys():
        return ours
    left = {key: value for key, value in ours.items() if key not in base or key in theirs} or ours
    right = {key: value for key, value in theirs.items() if key not in base or key in ours} or theirs
    return _united(left, right)


def _united(left: Standing, right: Standing) -> Standing:
    """Both sets; of one value in two spellings the higher."""
    return {name: max((side[name] for side in (left, right) if name in side), key=rank) for name in {**left, **right}}


def ranked(values: Standing) -> list[Maybe]:
    """The values, the one to show first: the highest in the form in which two are compared; a removal is the lowest."""
    return [values[name] for name in sorted(values, reverse=True)]


def as_standing(*values: Maybe) -> Standing:
    return {canonical(value): value for value in values}


def merge_conflict(base: Conflict | None, ours: Conflict | None, theirs: Conflict | None) -> Conflict | None:
    """Two decisions about one conflict, apart from its record; None where nothing stands any more.

    What stood in the base and one side let go of is settled. While versions lie side by side as files, nobody is asked
    whether they go.
    """
    values = ranked(standing(*(side.others if side else {} for side in (base, ours, theirs))))
    sides = [side for side in (ours, theirs) if side]
    if not sides or not values:
        return None
    higher = max(sides, key=lambda side: side.rank)
    names_only = higher.kind in OF_FILES
    return higher._replace(also=tuple(value for value in values if isinstance(value, str) or not names_only))
