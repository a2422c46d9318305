"""Who wrote a value that stands at a field, and when: read from history, never stored.

Law: a look back over the last commits, newest first; where history is silent the answer is silent too. Whoever takes
something back writes nothing: what stands again is by whoever wrote it first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from fieldvault.actions.deciding.takenback import taken_back_by
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.types import value_of_entry
from fieldvault.core.fields import value_at
from fieldvault.core.schema import Schema
from fieldvault.core.snapshot import Oid
from fieldvault.core.values import MISSING, FieldPath, Maybe, canonical
from fieldvault.edge.git.store.history import Commit, read_commit, walk
from fieldvault.edge.git.store.trees import find

COMMITS_MAX = 2000


class Written(NamedTuple):
    """`author` is "Name <mail>", `time` seconds since 1970."""

    author: str
    time: int


def writers(vault: Vault, path: str, field: FieldPath, values: Iterable[Maybe], schema: Schema) -> dict[str, Written]:
    """Who last gave the field of the record at `path` each of these values: canonical text -> who and when."""
    wanted = {canonical(value) for value in values}
    found: dict[str, Written] = {}
    taken_back: set[Oid] = set()
    head = vault.head()
    for count, commit in enumerate(walk(vault.objects, [head] if head else [])):
        if not wanted or count == COMMITS_MAX:
            break
        if len(commit.parents) > 1:
            continue
        now, undoes = _value(vault, commit.oid, path, field, schema), taken_back_by(commit)
        if not (now in wanted or undoes) or commit.oid in taken_back:
            continue
        if now == _before(vault, commit, path, field, schema):
            continue
        if undoes:
            taken_back.add(undoes)
        elif now is not None:
            found[now] = Written(commit.author, commit.author_time)
            wanted.remove(now)
    return found


def _before(vault: Vault, commit: Commit, path: str, field: FieldPath, schema: Schema) -> str | None:
    return _value(vault, commit.parents[0], path, field, schema) if commit.parents else None


def _value(vault: Vault, oid: Oid, path: str, field: FieldPath, schema: Schema) -> str | None:
    """The canonical text of the field, or of the record; None where a field's record was not there or not readable."""
    entry = find(vault.objects, read_commit(vault.objects, oid).tree, path)
    if entry is None:
        return None if field else canonical(MISSING)
    value = value_of_entry(vault.objects, entry, schema)
    return canonical(value_at(value, field, schema)) if value is not None else None
