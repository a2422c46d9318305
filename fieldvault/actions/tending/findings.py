"""What a look at a vault or a hub finds.

Law: a finding is a key and facts, as an error is; messages/ has the sentence, and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fieldvault.errors import FieldvaultError

Level = Literal["wrong", "away", "hint"]  # needs a person; the hub is not there now; works, and could be better


@dataclass(frozen=True)
class Finding:
    """`kind`: a key of messages' findings, or of its errors. `repair`: what `fv doctor --repair` takes for it."""

    level: Level
    kind: str
    facts: Mapping[str, object] = field(default_factory=dict)
    repair: str | None = None


def of_error(error: FieldvaultError, level: Level = "wrong", repair: str | None = None) -> Finding:
    return Finding(level, error.kind, error.facts, repair)
