"""Showing and editing one record.

Law: an edit replaces what differs and leaves every other byte; it is made to the file as it stands, and committed with
whatever else the person has changed in it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from fieldvault.actions.committing.commit import CommitReport, Now, commit
from fieldvault.actions.committing.rewriting import rewrite
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.lookup import FoundRecord, find_record, head_tree
from fieldvault.actions.records.openconflicts import open_conflicts
from fieldvault.actions.records.types import Types
from fieldvault.core.assign import Assignment, apply
from fieldvault.core.conflicts import Conflict
from fieldvault.core.values import FieldPath, Value


@dataclass(frozen=True)
class Shown:
    """A record with what stands open at it."""

    found: FoundRecord
    value: Value
    conflicts: tuple[Conflict, ...]


def show(vault: Vault, text: str) -> Shown:
    """The record that `text` names."""
    found = find_record(vault, text)
    tree = head_tree(vault)
    value = found.document().value(Types(vault.objects, tree).schema(found.path))
    return Shown(found, value, tuple(open_conflicts(vault.objects, tree, found.key).values()))


def set_fields(vault: Vault, now: Now, text: str, assignments: Sequence[Assignment]) -> CommitReport:
    """Set fields of a record and commit it. Several assignments are one edit."""
    found = find_record(vault, text)
    schema = Types(vault.objects, head_tree(vault)).schema(found.path)
    document = found.document()
    edits = apply(document.value(schema), assignments, schema)
    made = rewrite(vault, found.path, found.data, document.with_edits(edits, schema))
    return commit(vault, now, paths=[found.path], rewrites=[made])


def add_note(vault: Vault, now: Now, text: str, words: str) -> CommitReport:
    """Add an entry to a record's notes, with the time, and commit it."""
    found = find_record(vault, text)
    schema = Types(vault.objects, head_tree(vault)).schema(found.path)
    document = found.document()
    seconds, offset = now()
    key = f"n{secrets.token_hex(4)}"  # random: two people add "note 3" on the same day
    at = datetime.fromtimestamp(seconds, timezone(timedelta(minutes=offset))).isoformat()
    note: tuple[FieldPath, Value] = ("notes", key), {"id": key, "at": at, "text": words}
    made = rewrite(vault, found.path, found.data, document.with_edits([note], schema))
    return commit(vault, now, paths=[found.path], rewrites=[made])
