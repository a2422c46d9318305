"""Problems: what a record says that its schema does not allow.

Law: a problem is found by looking at the files as they stand, never stored, and stops nobody from saving.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fieldvault.core.values import FieldPath


class Problem(NamedTuple):
    """What is wrong at one field. `kind` names the message, `line` counts from 1, `facts` are what the message says."""

    field: FieldPath
    kind: str
    line: int | None = None
    facts: Mapping[str, object] = {}
