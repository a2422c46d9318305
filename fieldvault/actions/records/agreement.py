"""Whether records agree with each other: no two of one id, unique values unique, references to somebody who exists.

Law: computed, never stored; a merge and a fast-forward alike can bring about what no single edit did. The index is
brought along by what changed; asking after a sync costs what that sync touched.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.types import Types
from fieldvault.core.claims import claims
from fieldvault.core.names import CONFIG_PATH, is_record, is_schema
from fieldvault.core.problems import Problem
from fieldvault.core.snapshot import Oid, TreeChange
from fieldvault.edge import yamltext
from fieldvault.edge.git.store.objects import Reader
from fieldvault.edge.git.store.trees import differences
from fieldvault.edge.index.claims import ClaimsIndex, Disagreement, Typed
from fieldvault.errors import Corrupt, FieldvaultError, Unreadable

CHANGES_MAX = 2_000  # more than a sync should wait for: `fv check` brings the index along


@dataclass(frozen=True)
class FileProblem:
    """One thing that is wrong with one file."""

    path: str
    problem: Problem


def bring_along(index: ClaimsIndex, reader: Reader, tree: Oid, *, limit: int | None = None) -> bool:
    """Have the index mirror `tree`; False where more than `limit` files changed since it did."""
    was = index.tree
    if was == tree:
        return True
    most = None if limit is None else limit + 1
    try:
        changes = list(islice(differences(reader, was, tree), most))
    except Corrupt:
        changes = list(islice(differences(reader, None, tree), most))
    if any(change.path == CONFIG_PATH or is_schema(change.path) for change in changes):
        gone = [change for change in changes if change.new is None]
        changes = [*islice(differences(reader, None, tree), most), *gone]
    if limit is not None and len(changes) > limit:
        return False
    records = [change for change in changes if is_record(change.path)]
    types = Types(reader, tree)
    try:
        index.update(tree, {change.path: _claims_of(reader, types, change) for change in records})
    except FieldvaultError:
        if limit is None:
            raise
        return False  # a full disk must not stop a sync at its last step: `fv check` brings the index along
    return True


def disagreements(
    vault: Vault, reader: Reader, tree: Oid, touched: Collection[str] | None = None, before: Oid | None = None
) -> list[FileProblem]:
    """What does not agree in `tree`: everywhere, or about the records at `touched` and those that refer to whoever is
    gone since the tree `before`. Nothing where the index is not there yet and making it would keep a sync waiting.
    """
    limit = None if touched is None else CHANGES_MAX
    gone: set[str] = set()
    if touched is not None and before is not None:
        if not bring_along(vault.claims, reader, before, limit=limit):
            return []
        gone = vault.claims.ids(touched)
    if not bring_along(vault.claims, reader, tree, limit=limit):
        return []
    return [FileProblem(one.path, _problem(one)) for one in vault.claims.disagreements(touched, gone)]


def _problem(one: Disagreement) -> Problem:
    facts = {"id-twice": "id", "not-unique": "value", "ref-missing": "target"}
    other = "type" if one.kind == "ref-missing" else "other"
    return Problem(one.field, one.kind, None, {facts[one.kind]: one.value, other: one.other})


def _claims_of(reader: Reader, types: Types, change: TreeChange) -> Typed | None:
    if change.new is None:
        return None
    schema = types.schema(change.path)
    try:
        value = yamltext.read(reader.blob(change.new.oid)).value(schema)
    except Unreadable:
        return None
    return Typed(types.type_of(change.path), claims(value, schema))
