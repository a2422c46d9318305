"""Problems: what is wrong with a readable record, as facts.

Law: a problem never stops anybody from saving; it is computed from the files as they stand and stored nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from dataclasses import dataclass

from fieldvault.core.values import FieldPath


@dataclass(frozen=True)
class Problem:
    """One problem. `kind` is a key of the catalogue, `facts` are its values, `line` counts from 1."""

    field: FieldPath
    kind: str
    line: int | None = None
    facts: Mapping[str, object] = dataclasses.field(default_factory=dict)
