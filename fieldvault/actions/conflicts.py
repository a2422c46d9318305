"""What waits for a person's choice, and choosing.

Law: a conflict is a file that travels; choosing edits the record where the choice differs from what is shown, removes
the file, and is a commit like any other, which undo takes back.
"""

from __future__ import annotations

from dataclasses import dataclass

from fieldvault.actions.commit import CommitReport, Now, commit
from fieldvault.actions.lookup import find_record, head_tree
from fieldvault.actions.openconflicts import all_conflicts, open_conflicts
from fieldvault.actions.records import rewrite
from fieldvault.actions.types import Types, record_id, value_of
from fieldvault.actions.vault import Vault
from fieldvault.core.conflicts import Conflict, conflict_path
from fieldvault.core.describe import title_of
from fieldvault.core.fields import value_at
from fieldvault.core.names import is_record
from fieldvault.core.values import MISSING, FieldPath, Maybe, canonical, to_pointer
from fieldvault.edge import yamltext
from fieldvault.edge.git.trees import list_tree
from fieldvault.errors import FieldvaultError


@dataclass(frozen=True)
class Standing:
    """One value that stands at a field; `shown`: it is the record's own. Who wrote it is None where history is silent."""

    value: Maybe
    shown: bool = False
    author: str | None = None
    time: int | None = None


@dataclass(frozen=True)
class OpenConflict:
    """One field that waits: the record's path and title, the conflict, and every standing value, the shown one first."""

    path: str
    title: str
    conflict: Conflict
    standing: tuple[Standing, ...]


def list_conflicts(vault: Vault) -> list[OpenConflict]:
    """Every open conflict of HEAD, by record and field."""
    tree = head_tree(vault)
    found = all_conflicts(vault.objects, tree)
    if not found or tree is None:
        return []
    types = Types(vault.objects, tree)
    records = {conflict.record for conflict in found.values()}
    where = _paths_of(vault, tree, records)
    return sorted(
        (_open(vault, types, where.get(conflict.record), conflict) for conflict in found.values()),
        key=lambda one: (one.title, one.conflict.field),
    )


def _paths_of(vault: Vault, tree: str, records: set[str]) -> dict[str, str]:
    """Where the records of these ids lie; a record without one is named by its path."""
    where = {}
    for path, entry in list_tree(vault.objects, tree).items():
        if path in records:
            where[path] = path
        elif is_record(path):
            name = path.rpartition("/")[2].removesuffix(".yaml").rpartition("~")[2]
            key = name if name in records else record_id(vault.objects.blob(entry.oid)) if "~" not in path else None
            if key in records:
                where[key] = path
    return where


def _open(vault: Vault, types: Types, path: str | None, conflict: Conflict) -> OpenConflict:
    shown: Maybe = MISSING
    title = path or conflict.record
    if path and is_record(path):
        read = vault.worktree.read(path)
        value = value_of(read.data, types, path) if read else None
        title = title_of(value, path)
        shown = value_at(value, conflict.field, types.schema(path)) if value is not None else MISSING
    others = tuple(Standing(value) for value in conflict.also)
    return OpenConflict(path or conflict.record, title, conflict, (Standing(shown, shown=True), *others))


def resolve(
    vault: Vault, now: Now, text: str, field: FieldPath | None, *, take: int | None = None, value: str | None = None
) -> CommitReport:
    """Choose what stands at a field: the `take`-th standing value (1 is the shown one), or a new `value`.

    Raises `conflict-unknown`, `conflict-which` where the record has several and no field is named, `take-range`.
    """
    found = find_record(vault, text)
    tree = head_tree(vault)
    types = Types(vault.objects, tree)
    conflict = _choose(open_conflicts(vault.objects, tree, found.key), found.title, field)
    schema = types.schema(found.path)
    opened = _open(vault, types, found.path, conflict)
    chosen = schema.rule(conflict.field).value(value, plain=True) if value is not None else _taken(opened, take)
    document = yamltext.read(found.data)
    if canonical(chosen) != canonical(opened.standing[0].value):
        rewrite(vault, found, document.with_edits([(conflict.field, chosen)], schema))
    path = conflict_path(conflict.record, conflict.field)
    vault.worktree.path(path).unlink(missing_ok=True)
    return commit(
        vault, now, f"{found.title}: settle {to_pointer(conflict.field)[1:] or 'the record'}", [found.path, path]
    )


def _choose(conflicts: dict[FieldPath, Conflict], title: str, field: FieldPath | None) -> Conflict:
    if not conflicts or (field is not None and field not in conflicts):
        named = to_pointer(field)[1:] if field is not None else None
        raise FieldvaultError("conflict-unknown", record=title, field=named, fields=_names(conflicts))
    if field is None and len(conflicts) > 1:
        raise FieldvaultError("conflict-which", record=title, fields=_names(conflicts))
    return conflicts[field] if field is not None else next(iter(conflicts.values()))


def _names(conflicts: dict[FieldPath, Conflict]) -> list[str]:
    return [to_pointer(field)[1:] for field in sorted(conflicts)]


def _taken(opened: OpenConflict, take: int | None) -> Maybe:
    if take is None or not 1 <= take <= len(opened.standing):
        raise FieldvaultError("take-range", count=len(opened.standing))
    return opened.standing[take - 1].value
