"""Choosing what stands.

Law: choosing edits the record where the choice differs from what is shown, removes the conflict's file, and is a commit
like any other, which undo takes back. What the choice drops is in history.
"""

from __future__ import annotations

from pathlib import Path

from fieldvault.actions.committing.adopting import left_open
from fieldvault.actions.committing.commit import CommitReport, commit
from fieldvault.actions.committing.rewriting import Rewrite, rewrite, standing
from fieldvault.actions.committing.survey import is_known
from fieldvault.actions.deciding.conflicts import OF_FIELDS, OpenConflict, opened
from fieldvault.actions.ground.commits import Now
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.lookup import find_record
from fieldvault.actions.records.openconflicts import open_conflicts
from fieldvault.actions.records.types import Types
from fieldvault.core.conflicts import (
    ATTACHMENT,
    DUPLICATE_ID,
    OF_VALUES,
    ORDER,
    RENAMED,
    UNREADABLE,
    Conflict,
    conflict_path,
)
from fieldvault.core.fields import value_at
from fieldvault.core.listmerge import rearranged
from fieldvault.core.names import is_record
from fieldvault.core.reading import key_of
from fieldvault.core.schema import FieldRule, Schema
from fieldvault.core.snapshot import TreeChange, blob_id
from fieldvault.core.values import MISSING, FieldPath, Maybe, canonical, spelled, to_pointer
from fieldvault.edge import yamltext
from fieldvault.errors import FieldvaultError, Unreadable


def resolve(
    vault: Vault, now: Now, text: str, field: FieldPath | None, *, take: int | None = None, value: str | None = None
) -> CommitReport:
    """Choose what stands at a field: the `take`-th standing value (1 is the shown one), or a new `value`.

    Of a file whose second version lies beside it, the choice takes its name and the other one goes; of two names, the
    file has the choice; of two records that were made with one id, the choice has it and the other one the new id.

    Raises `conflict-none`, `conflict-unknown`, `take-range`, `conflict-which` where the record has several and no field
    is named, and `resolve-by-hand` where another choice than what is shown is an edit that only a person can make.
    """
    path, key = _named(vault, text)
    if left_open(vault):
        commit(vault, now, paths=[path])
    tree = vault.head_tree()
    types = Types(vault.objects, tree)
    found = open_conflicts(vault.objects, tree, key)
    if not found:
        _guard_readable(vault, path)
    conflict = _choose(found, text, field)
    waiting = opened(vault, types, path, conflict)
    if value is not None and conflict.kind in OF_VALUES:
        chosen: Maybe = types.schema(path).rule(conflict.field).value(value, plain=True)
    else:
        chosen = _taken(waiting, take)
    settled = conflict_path(conflict.record, conflict.field)
    rewrites = [_removed(vault, settled)]
    if conflict.kind not in OF_FIELDS:
        rewrites += _taking_file(vault, now, path, chosen, conflict, types.schema(path))
    elif canonical(chosen) != canonical(waiting.standing[0].value):
        rewrites.append(_taking_value(vault, types, path, conflict, chosen))
    what = to_pointer(conflict.field)[1:] or path.rpartition("/")[2]
    touched = {path, settled, *(one.change.path for one in rewrites)}
    known = sorted(one for one in touched if is_known(vault, one) or one == chosen)
    return commit(vault, now, f"{waiting.title}: settle {what}", known, rewrites)


def record_file(vault: Vault, text: str) -> Path:
    """The file of the record or attachment that `text` names."""
    return vault.worktree.path(_named(vault, text)[0])


def _named(vault: Vault, text: str) -> tuple[str, str]:
    """The path that `text` names and by what its conflicts are filed; an attachment is named by its path."""
    if vault.worktree.stat(text) is not None and not is_record(text):
        return text, text
    found = find_record(vault, text)
    return found.path, found.key


def _guard_readable(vault: Vault, path: str) -> None:
    """Raise Unreadable for a draft, which does not say whose conflicts are asked for."""
    read = vault.worktree.read(path) if is_record(path) else None
    try:
        if read is not None:
            yamltext.check(read.data)
    except Unreadable as error:
        error.facts["path"] = path
        raise


def _removed(vault: Vault, path: str) -> Rewrite:
    return Rewrite(TreeChange(path, standing(vault, path), None))


def _taking_value(vault: Vault, types: Types, path: str, conflict: Conflict, chosen: Maybe) -> Rewrite:
    """The record with the chosen value, or with its list in the chosen order; without the record where the choice is
    that it goes.
    """
    field = conflict.field
    if not field and chosen is MISSING:
        return _removed(vault, path)
    read = vault.worktree.read(path)
    if read is None:
        raise FieldvaultError("record-unknown", record=path, nearest=[])
    document, schema = yamltext.read(read.data), types.schema(path)
    if conflict.kind == ORDER:
        chosen = _in_order(value_at(document.value(schema), field, schema), chosen, schema.rule(field), path)
    return rewrite(vault, path, read.data, document.with_edits([(field, chosen)], schema))


def _in_order(value: Maybe, order: Maybe, rule: FieldRule, path: str) -> Maybe:
    """A list with its items in an order that a conflict tells; items that it does not name stay in their places."""
    if not isinstance(value, list) or not isinstance(order, list):
        return value
    items = {spelled(key_of(item, rule)): item for item in value}
    if len(items) < len(value):  # a key stands twice by now
        raise FieldvaultError("resolve-by-hand", path=path)
    return [items[key] for key in rearranged(list(items), [str(key) for key in order])]


def _taking_file(vault: Vault, now: Now, path: str, chosen: Maybe, conflict: Conflict, schema: Schema) -> list[Rewrite]:
    """Give the chosen version the name, or the file the chosen name."""
    others = [one for one in conflict.also if isinstance(one, str) and vault.worktree.stat(one) is not None]
    commit(vault, now, paths=[path, *others])  # what stands there now is in history, whatever is chosen
    here = standing(vault, path)
    if conflict.kind == RENAMED and isinstance(chosen, str) and chosen != path and not others:
        return [_removed(vault, path), Rewrite(TreeChange(chosen, None, here))]
    if conflict.kind == DUPLICATE_ID and chosen in others:
        return _ids_exchanged(vault, path, str(chosen), schema)
    if conflict.kind not in (ATTACHMENT, UNREADABLE):
        if chosen != path:
            raise FieldvaultError("resolve-by-hand", path=path)
        return []
    taken = [Rewrite(TreeChange(path, here, standing(vault, str(chosen))))] if chosen in others else []
    return taken + [_removed(vault, one) for one in others]


def _ids_exchanged(vault: Vault, path: str, other: str, schema: Schema) -> list[Rewrite]:
    """Two records with each other's id, each in the file that has it in its name."""
    files = [vault.worktree.read(one) for one in (path, other)]
    documents = [yamltext.read(file.data) for file in files if file]
    ids = [value_at(document.value(schema), ("id",), schema) for document in documents]
    exchanged = []
    for at, document, new in zip((path, other), documents[::-1], ids, strict=True):
        data, was = document.with_edits([(("id",), new)], schema), standing(vault, at)
        assert was is not None
        exchanged.append(Rewrite(TreeChange(at, was, was._replace(oid=blob_id(data))), data))
    return exchanged


def _choose(conflicts: dict[FieldPath, Conflict], title: str, field: FieldPath | None) -> Conflict:
    if not conflicts:
        raise FieldvaultError("conflict-none", record=title)
    if field is not None and field not in conflicts:
        named = to_pointer(field)[1:]
        raise FieldvaultError("conflict-unknown", record=title, field=named, fields=_names(conflicts))
    if field is None and len(conflicts) > 1:
        raise FieldvaultError("conflict-which", record=title, fields=_names(conflicts))
    return conflicts[field] if field is not None else next(iter(conflicts.values()))


def _names(conflicts: dict[FieldPath, Conflict]) -> list[str]:
    return [to_pointer(field)[1:] for field in sorted(conflicts)]


def _taken(waiting: OpenConflict, take: int | None) -> Maybe:
    if take is None or not 1 <= take <= len(waiting.standing):
        raise FieldvaultError("take-range", count=len(waiting.standing))
    return waiting.standing[take - 1].value
