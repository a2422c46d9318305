"""What waits for a person's choice.

Law: a conflict is a file that travels; what stands at its field is told with who wrote it and when, the shown value
first, as `fv resolve --take` counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fieldvault.actions.committing.adopting import left_open
from fieldvault.actions.deciding.attribution import Written, writers
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.agreement import FileProblem, disagreements
from fieldvault.actions.records.openconflicts import all_conflicts
from fieldvault.actions.records.types import Types, record_id, value_of
from fieldvault.core.conflicts import OF_VALUES, ORDER, Conflict
from fieldvault.core.describe import field_title, title_of
from fieldvault.core.fields import value_at
from fieldvault.core.names import is_record
from fieldvault.core.reading import key_of
from fieldvault.core.schema import FieldRule
from fieldvault.core.values import MISSING, Maybe, Value, canonical, spelled
from fieldvault.edge import yamltext
from fieldvault.edge.git.store.trees import find_file, list_tree
from fieldvault.errors import Unreadable

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
    """One open field: the record's path and title, the field's, the conflict, and every standing value, the shown one
    first.
    """

    path: str
    title: str
    field_title: str  # "" where files or the whole record stand open
    conflict: Conflict
    standing: tuple[Standing, ...]
    line: int | None = None  # where the field stands in the record

    @property
    def waits(self) -> bool:
        """Whether a person must choose."""
        return self.conflict.waits


@dataclass
class Waiting:
    """What waits for a person: open conflicts, and records that do not agree with each other."""

    conflicts: list[OpenConflict]
    problems: list[FileProblem]


def all_waiting(vault: Vault) -> Waiting:
    """Both, of HEAD."""
    tree = vault.head_tree()
    return Waiting(list_conflicts(vault), disagreements(vault, vault.objects, tree) if tree else [])


def list_conflicts(vault: Vault) -> list[OpenConflict]:
    """Every open conflict of HEAD, by record and field."""
    tree = vault.head_tree()
    found = left_open(vault) | all_conflicts(vault.objects, tree)
    if not found or tree is None:
        return []
    types = Types(vault.objects, tree)
    records = {conflict.record for conflict in found.values()}
    where = _paths_of(vault, tree, records)
    return sorted(
        (opened(vault, types, where.get(conflict.record), conflict) for conflict in found.values()),
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


def opened(vault: Vault, types: Types, path: str | None, conflict: Conflict) -> OpenConflict:
    """A conflict with what stands: values of a field, or names of files."""
    if path is None or conflict.kind not in OF_FIELDS or not is_record(path):
        title = _title(vault, types, path) if path else conflict.record
        return OpenConflict(path or conflict.record, title, "", conflict, _standing(path or MISSING, conflict.also, {}))
    schema = types.schema(path)
    read = vault.worktree.read(path)
    try:
        document = yamltext.read(read.data) if read else None
    except Unreadable:  # a draft stands there now; what it is a draft of is shown
        document = _committed(vault, path)
    value = document.value(schema) if document else None
    shown = value_at(value, conflict.field, schema) if document else MISSING
    if conflict.kind == ORDER:
        shown, who = order_of(shown, schema.rule(conflict.field)), {}
    else:
        who = writers(vault, path, conflict.field, (shown, *conflict.also), schema)
    line = document.find(conflict.field, schema) if document else None
    named = field_title(conflict.field, schema)
    return OpenConflict(path, title_of(value, path), named, conflict, _standing(shown, conflict.also, who), line)


def order_of(value: Maybe, rule: FieldRule) -> list[Value]:
    """The order of a list's items, as a conflict tells it: their keys."""
    return [spelled(key_of(item, rule)) for item in value] if isinstance(value, list) else []


def _committed(vault: Vault, path: str) -> yamltext.Document | None:
    """The record as it is in HEAD; None where there is none that can be read."""
    tree = vault.head_tree()
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
