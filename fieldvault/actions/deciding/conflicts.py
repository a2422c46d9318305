"""What waits for a person's choice, and choosing.

Law: a conflict is a file that travels; choosing edits the record where the choice differs from what is shown, removes
the file, and is a commit like any other, which undo takes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fieldvault.actions.committing.commit import CommitReport, Now, commit
from fieldvault.actions.committing.rewriting import Rewrite, rewrite, standing
from fieldvault.actions.committing.survey import is_known
from fieldvault.actions.deciding.attribution import Written, writers
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.agreement import FileProblem, disagreements
from fieldvault.actions.records.lookup import find_record, head_tree
from fieldvault.actions.records.openconflicts import all_conflicts, open_conflicts
from fieldvault.actions.records.types import Types, record_id, value_of
from fieldvault.core.conflicts import ATTACHMENT, OF_VALUES, ORDER, RENAMED, UNREADABLE, Conflict, conflict_path
from fieldvault.core.describe import title_of
from fieldvault.core.fields import value_at
from fieldvault.core.listmerge import rearranged
from fieldvault.core.names import is_record
from fieldvault.core.reading import key_of
from fieldvault.core.schema import FieldRule
from fieldvault.core.snapshot import TreeChange
from fieldvault.core.values import MISSING, FieldPath, Maybe, Value, canonical, to_pointer
from fieldvault.edge import yamltext
from fieldvault.edge.git.store.trees import find_file, list_tree
from fieldvault.errors import FieldvaultError, Unreadable

OF_FIELDS = OF_VALUES | {ORDER}  # the kinds that are settled by an edit of the record


@dataclass(frozen=True)
class Standing:
    """One value that stands at a field; `shown`: it is the record's own. Who wrote it is None if history is silent."""

    value: Maybe
    shown: bool = False
    author: str | None = None
    time: int | None = None


@dataclass(frozen=True)
class OpenConflict:
    """One open field: the record's path and title, the conflict, and every standing value, the shown one first."""

    path: str
    title: str
    conflict: Conflict
    standing: tuple[Standing, ...]
    line: int | None = None  # where the field stands in the record

    @property
    def waits(self) -> bool:
        """Whether a person must choose. Two versions of an attachment both stand, each under its own name."""
        return self.conflict.kind != ATTACHMENT


@dataclass
class Waiting:
    """What waits for a person: open conflicts, and records that do not agree with each other."""

    conflicts: list[OpenConflict]
    problems: list[FileProblem]


def all_waiting(vault: Vault) -> Waiting:
    """Both, of HEAD."""
    tree = head_tree(vault)
    return Waiting(list_conflicts(vault), disagreements(vault, vault.objects, tree) if tree else [])


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
    """A conflict with what stands: values of a field, or names of files."""
    if path is None or conflict.kind not in OF_FIELDS or not is_record(path):
        title = _title(vault, types, path) if path else conflict.record
        return OpenConflict(path or conflict.record, title, conflict, _standing(path or MISSING, conflict.also, {}))
    schema = types.schema(path)
    read = vault.worktree.read(path)
    try:
        document = yamltext.read(read.data) if read else None
    except Unreadable:  # a draft stands there now; what it is a draft of is shown
        document = _committed(vault, path)
    value = document.value(schema) if document else None
    shown = value_at(value, conflict.field, schema) if document else MISSING
    if conflict.kind == ORDER:
        shown, who = _order(shown, schema.rule(conflict.field)), {}
    else:
        who = writers(vault, path, conflict.field, (shown, *conflict.also), schema)
    line = document.find(conflict.field, schema) if document else None
    return OpenConflict(path, title_of(value, path), conflict, _standing(shown, conflict.also, who), line)


def _committed(vault: Vault, path: str) -> yamltext.Document | None:
    """The record as it is in HEAD; None where there is none that can be read."""
    tree = head_tree(vault)
    entry = find_file(vault.objects, tree, path) if tree else None
    try:
        return yamltext.read(vault.objects.blob(entry.oid)) if entry else None
    except Unreadable:
        return None


def _standing(shown: Maybe, also: Iterable[Maybe], who: Mapping[str, Written]) -> tuple[Standing, ...]:
    """The shown value first, as `--take` counts."""
    found = []
    for number, value in enumerate((shown, *also)):
        written = who.get(canonical(value))
        author, at = written if written else (None, None)
        found.append(Standing(value, number == 0, author, at))
    return tuple(found)


def _title(vault: Vault, types: Types, path: str) -> str:
    read = vault.worktree.read(path) if is_record(path) else None
    return title_of(value_of(read.data, types, path), path) if read else path.rpartition("/")[2]


def resolve(
    vault: Vault, now: Now, text: str, field: FieldPath | None, *, take: int | None = None, value: str | None = None
) -> CommitReport:
    """Choose what stands at a field: the `take`-th standing value (1 is the shown one), or a new `value`. Of a file
    whose second version lies beside it, the choice takes its name and the other one goes; of two names, the file.

    Raises `conflict-none`, `conflict-unknown`, `take-range`, `conflict-which` where the record has several and no field
    is named, and `resolve-by-hand` where another choice than what is shown is an edit that only a person can make.
    """
    tree = head_tree(vault)
    types = Types(vault.objects, tree)
    path, key = _named(vault, text)
    found = open_conflicts(vault.objects, tree, key)
    if not found:
        _guard_readable(vault, path)
    conflict = _choose(found, text, field)
    opened = _open(vault, types, path, conflict)
    if value is not None and conflict.kind in OF_VALUES:
        chosen: Maybe = types.schema(path).rule(conflict.field).value(value, plain=True)
    else:
        chosen = _taken(opened, take)
    settled = conflict_path(conflict.record, conflict.field)
    rewrites = [_removed(vault, settled)]
    if conflict.kind not in OF_FIELDS:
        rewrites += _taking_file(vault, now, path, chosen, conflict)
    elif canonical(chosen) != canonical(opened.standing[0].value):
        rewrites.append(_taking_value(vault, types, path, conflict, chosen))
    what = to_pointer(conflict.field)[1:] or path.rpartition("/")[2]
    touched = {path, settled, *(one.change.path for one in rewrites)}
    known = sorted(one for one in touched if is_known(vault, one) or one == chosen)
    return commit(vault, now, f"{opened.title}: settle {what}", known, rewrites)


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


def _order(value: Maybe, rule: FieldRule) -> list[Value]:
    """The order of a list's items, as a conflict tells it: their keys."""
    return [key_of(item, rule) for item in value] if isinstance(value, list) else []


def _in_order(value: Maybe, order: Maybe, rule: FieldRule, path: str) -> Maybe:
    """A list with its items in an order that a conflict tells; items that it does not name stay in their places."""
    if not isinstance(value, list) or not isinstance(order, list):
        return value
    items = {key_of(item, rule): item for item in value}
    if len(items) < len(value):  # a key stands twice by now
        raise FieldvaultError("resolve-by-hand", path=path)
    return [items[key] for key in rearranged(list(items), [str(key) for key in order])]


def _taking_file(vault: Vault, now: Now, path: str, chosen: Maybe, conflict: Conflict) -> list[Rewrite]:
    """Give the chosen version the name, or the file the chosen name."""
    others = [one for one in conflict.also if isinstance(one, str) and vault.worktree.stat(one) is not None]
    commit(vault, now, paths=[path, *others])  # what stands there now is in history, whatever is chosen
    here = standing(vault, path)
    if conflict.kind == RENAMED and isinstance(chosen, str) and chosen != path and not others:
        return [_removed(vault, path), Rewrite(TreeChange(chosen, None, here))]
    if conflict.kind not in (ATTACHMENT, UNREADABLE):
        if chosen != path:
            raise FieldvaultError("resolve-by-hand", path=path)
        return []
    taken = [Rewrite(TreeChange(path, here, standing(vault, str(chosen))))] if chosen in others else []
    return taken + [_removed(vault, one) for one in others]


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


def _taken(opened: OpenConflict, take: int | None) -> Maybe:
    if take is None or not 1 <= take <= len(opened.standing):
        raise FieldvaultError("take-range", count=len(opened.standing))
    return opened.standing[take - 1].value
