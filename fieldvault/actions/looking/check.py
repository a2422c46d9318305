"""Checking: what is wrong with records, schemas and settings, with file, line and hint.

Law: nothing is refused and nothing is changed; problems are functions of the files as they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fieldvault.actions.committing.survey import survey
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.agreement import FileProblem, disagreements
from fieldvault.actions.records.types import Types
from fieldvault.core.names import CONFIG_PATH, is_record, is_schema, lies_in
from fieldvault.core.snapshot import Oid
from fieldvault.edge import schemas, yamltext
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.objects import Reader
from fieldvault.edge.git.store.trees import find, list_tree, patch_tree
from fieldvault.errors import FieldvaultError, SchemaInvalid, Unreadable


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
        _Check(batch, tree, report, paths).run()
        across = disagreements(vault, batch, tree)
        types = Types(batch, tree)
        report.problems += [located(batch, tree, types, one) for one in across if _below(one.path, paths)]
    report.problems.sort(key=lambda one: (one.path, one.problem.line or 0))
    return report


def _tree_as_it_stands(vault: Vault, batch: Batch) -> Oid | None:
    edits = survey(vault).edits
    for edit in edits:
        if edit.read is not None:
            batch.add("blob", edit.read.data)
    tree = vault.head_tree()
    return patch_tree(batch, tree, {edit.change.path: edit.change.new for edit in edits}) if edits else tree


class _Check:
    """One pass over the files of a tree, each by itself."""

    def __init__(self, batch: Batch, tree: Oid, report: CheckReport, paths: Sequence[str]) -> None:
        self.batch = batch
        self.types = Types(batch, tree)
        self.report = report
        self.files = {path: entry for path, entry in list_tree(batch, tree).items() if _below(path, paths)}

    def run(self) -> None:
        for path in self.files:
            if is_record(path):
                self._record(path)
            elif is_schema(path) or path == CONFIG_PATH:
                self._own(path)

    def _own(self, path: str) -> None:
        self.report.files += 1
        try:
            if path == CONFIG_PATH:
                _ = self.types.settings
                self.report.unreadable += [(path, one) for one in self.types.problems if one.facts.get("path") == path]
            else:
                document = yamltext.read(self.batch.blob(self.files[path].oid))
                schemas.verify(document, schemas.load(document, path, self.types.settings.phone_country), path)
        except (Unreadable, SchemaInvalid) as error:
            self.report.unreadable.append((path, error))

    def _record(self, path: str) -> None:
        self.report.files += 1
        try:
            document = yamltext.read(self.batch.blob(self.files[path].oid))
        except Unreadable as error:
            self.report.unreadable.append((path, error))
            return
        problems = schemas.problems(document, self.types.schema(path))
        self.report.problems += [FileProblem(path, one) for one in problems]


def located(reader: Reader, tree: Oid, types: Types, one: FileProblem) -> FileProblem:
    """The problem with the line of its field."""
    entry = find(reader, tree, one.path)
    if entry is None:
        return one
    line = yamltext.read(reader.blob(entry.oid)).find(one.problem.field, types.schema(one.path))
    return FileProblem(one.path, one.problem._replace(line=line))


def _below(path: str, chosen: Sequence[str]) -> bool:
    """Whether a path is one of the chosen ones or lies below one; all do when none was chosen."""
    return not chosen or any(lies_in(path, one) for one in chosen)
