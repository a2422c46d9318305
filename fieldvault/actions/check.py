"""Checking: what is wrong with records, schemas and settings, with file, line and hint.

Law: nothing is refused and nothing is changed; problems are functions of the files as they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fieldvault.actions.lookup import head_tree
from fieldvault.actions.survey import survey
from fieldvault.actions.types import Types
from fieldvault.actions.vault import Vault
from fieldvault.core.names import CONFIG_PATH, is_record, is_schema
from fieldvault.core.problems import Problem
from fieldvault.core.schema import Schema
from fieldvault.core.snapshot import Oid
from fieldvault.core.values import Value, canonical
from fieldvault.edge import schemas, yamltext
from fieldvault.edge.git.batch import Batch
from fieldvault.edge.git.trees import list_tree, patch_tree
from fieldvault.errors import FieldvaultError, SchemaInvalid, Unreadable


@dataclass(frozen=True)
class FileProblem:
    """One thing that is wrong with one file."""

    path: str
    problem: Problem


@dataclass
class CheckReport:
    """`files`: how many were looked at."""

    files: int = 0
    problems: list[FileProblem] = field(default_factory=list)
    unreadable: list[tuple[str, FieldvaultError]] = field(default_factory=list)


def check(vault: Vault, paths: Sequence[str] = ()) -> CheckReport:
    """Check the folder as it stands, all of it or below `paths`."""
    report = CheckReport()
    with Batch(vault.objects) as batch:
        tree = _tree_as_it_stands(vault, batch)
        if tree is None:
            return report
        _Check(batch, tree, report).run(paths)
    report.problems.sort(key=lambda one: (one.path, one.problem.line or 0))
    return report


def _tree_as_it_stands(vault: Vault, batch: Batch) -> Oid | None:
    edits = survey(vault).edits
    for edit in edits:
        if edit.read is not None:
            batch.add("blob", edit.read.data)
    tree = head_tree(vault)
    return patch_tree(batch, tree, {edit.change.path: edit.change.new for edit in edits}) if edits else tree


class _Check:
    """One pass over the records of a tree, and then over what they say of each other."""

    def __init__(self, batch: Batch, tree: Oid, report: CheckReport) -> None:
        self.batch = batch
        self.types = Types(batch, tree)
        self.report = report
        self.files = list_tree(batch, tree)
        self.ids: dict[str, list[str]] = {}
        self.unique: dict[tuple[str, str, str], list[tuple[str, int | None]]] = {}
        self.refs: list[tuple[str, str, str, str, int | None]] = []

    def run(self, paths: Sequence[str]) -> None:
        for path in self.files:
            chosen = (
                not paths
                or any(path == one or path.startswith(f"{one.rstrip('/')}/") for one in paths if one)
                or "" in paths
            )
            if is_record(path):
                self._record(path, chosen)
            elif chosen and (is_schema(path) or path == CONFIG_PATH):
                self._own(path)
        self._across(paths)

    def _own(self, path: str) -> None:
        self.report.files += 1
        try:
            data = self.batch.blob(self.files[path].oid)
            if path == CONFIG_PATH:
                _ = self.types.settings
                self.report.unreadable += [(path, one) for one in self.types.problems if one.facts.get("path") == path]
            else:
                document = yamltext.read(data)
                schemas.verify(document, schemas.load(document, path, self.types.settings.phone_country), path)
        except (Unreadable, SchemaInvalid) as error:
            self.report.unreadable.append((path, error))

    def _record(self, path: str, chosen: bool) -> None:
        self.report.files += chosen
        try:
            document = yamltext.read(self.batch.blob(self.files[path].oid))
        except Unreadable as error:
            if chosen:
                self.report.unreadable.append((path, error))
            return
        schema = self.types.schema(path)
        value = document.value(schema)
        if chosen:
            self.report.problems += [FileProblem(path, one) for one in schemas.problems(document, schema)]
        if isinstance(value, dict):
            self._note(path, value, schema, document)

    def _note(self, path: str, value: dict[str, Value], schema: Schema, document: yamltext.Document) -> None:
        """Remember what this record says that others must agree with."""
        if isinstance(value.get("id"), str):
            self.ids.setdefault(str(value["id"]), []).append(path)
        kind = self.types.type_of(path)
        for name, held in value.items():
            rule = schema.rule((name,))
            if rule.unique and kind:
                self.unique.setdefault((kind.name, name, canonical(held)), []).append((path, document.find((name,))))
            if rule.ref and isinstance(held, str):
                self.refs.append((path, name, rule.ref, held, document.find((name,))))

    def _across(self, paths: Sequence[str]) -> None:
        """What two records may not both say, and what one says of another."""
        found = []
        for key, holders in self.ids.items():
            for path in holders if len(holders) > 1 else ():
                facts = {"id": key, "other": _other(holders, path)}
                found.append((path, Problem(("id",), "id-twice", None, facts)))
        for (_, name, text), places in self.unique.items():
            holders = [path for path, _ in places]
            for path, line in places if len(places) > 1 else ():
                facts = {"value": text, "other": _other(holders, path)}
                found.append((path, Problem((name,), "not-unique", line, facts)))
        for path, name, kind, target, line in self.refs:
            if target not in self.ids:
                found.append((path, Problem((name,), "ref-missing", line, {"type": kind, "target": target})))
        self.report.problems += [FileProblem(path, problem) for path, problem in found if _below(path, paths)]


def _below(path: str, chosen: Sequence[str]) -> bool:
    """Whether a path is one of the chosen ones or lies below one; all do when none was chosen."""
    return not chosen or any(one in ("", path) or path.startswith(f"{one}/") for one in chosen)


def _other(holders: list[str], path: str) -> str:
    return next(other for other in holders if other != path)
