"""Showing and editing one record.

Law: an edit replaces what differs and leaves every other byte; it is made to the file as it stands, and committed with
whatever else the person has changed in it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from fieldvault.actions.committing.commit import CommitReport, commit
from fieldvault.actions.committing.rewriting import rewrite
from fieldvault.actions.ground.commits import Now
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.lookup import FoundRecord, find_record
from fieldvault.actions.records.openconflicts import open_conflicts
from fieldvault.actions.records.types import Types
from fieldvault.core.assign import Assignment, apply
from fieldvault.core.conflicts import Conflict
from fieldvault.core.schema import Schema
from fieldvault.core.values import FieldPath, Maybe, Value
from fieldvault.errors import FieldvaultError

_Edit = tuple[FieldPath, Maybe]


@dataclass(frozen=True)
class Shown:
    """A record with what stands open at it."""

    found: FoundRecord
    value: Value
    conflicts: tuple[Conflict, ...]


def show(vault: Vault, text: str) -> Shown:
    """The record that `text` names."""
    found = find_record(vault, text)
    tree = vault.head_tree()
    value = found.document().value(Types(vault.objects, tree).schema(found.path))
    return Shown(found, value, tuple(open_conflicts(vault.objects, tree, found.key).values()))


def set_fields(vault: Vault, now: Now, text: str, assignments: Sequence[Assignment]) -> CommitReport:
    """Set fields of a record and commit it. Several assignments are one edit."""
    return _edit(vault, now, text, lambda value, schema: apply(value, assignments, schema))


def add_note(vault: Vault, now: Now, text: str, words: str) -> CommitReport:
    """Add an entry to a record's notes, with the time, and commit it."""
    seconds, offset = now()
    key = f"n{secrets.token_hex(4)}"  # random: two people add "note 3" on the same day
    at = datetime.fromtimestamp(seconds, timezone(timedelta(minutes=offset))).isoformat()
    note: _Edit = ("notes", key), {"id": key, "at": at, "text": words}
    return _edit(vault, now, text, lambda _, __: [note])


def _edit(vault: Vault, now: Now, text: str, edits: Callable[[Value, Schema], Sequence[_Edit]]) -> CommitReport:
    """Make edits to the record that `text` names, and commit it. Raises `edit-without-schema` (path) where they make no
    sense by the default rules, and the record's own are not to be had.
    """
    found = find_record(vault, text)
    types = Types(vault.objects, vault.head_tree())
    schema, document = types.schema(found.path), found.document()
    try:
        data = document.with_edits(edits(document.value(schema), schema), schema)
    except FieldvaultError as error:
        if types.problems:
            raise FieldvaultError("edit-without-schema", path=types.problems[0].facts["path"]) from error
        raise
    made = rewrite(vault, found.path, found.data, data)
    return commit(vault, now, paths=[found.path], rewrites=[made])
