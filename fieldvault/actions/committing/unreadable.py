"""Saved files that are not yet readable records.

Law: such a file is a draft: held, named with its line, and in nobody's way. Every other file can be committed. So are
settings of a format that this fv does not know: committed, they would keep everybody out who has no newer one.
"""

from __future__ import annotations

from typing import NamedTuple

from fieldvault.actions.committing.survey import Edit
from fieldvault.core.names import CONFIG_PATH, is_record, is_yaml
from fieldvault.edge import yamltext
from fieldvault.errors import SchemaInvalid, Unreadable


class Draft(NamedTuple):
    """A saved file that is not yet a readable record; `problem` says why, with line and column."""

    path: str
    problem: Unreadable


def draft_in(edit: Edit) -> Draft | None:
    """The draft that a file is while it cannot be read as a record; None for everything else."""
    path, old, _ = edit.change
    if edit.read is None or not is_yaml(path):
        return None
    try:
        if not edit.read.data.strip() and old is not None:
            raise Unreadable("yaml-emptied", line=1)
        if is_record(path):
            yamltext.check(edit.read.data)
        if path == CONFIG_PATH:
            _refuse_newer(edit.read.data)
    except Unreadable as problem:
        problem.facts["path"] = path
        return Draft(path, problem)
    return None


def _refuse_newer(data: bytes) -> None:
    from fieldvault.core.schema import DEFAULT  # settings are seldom edited
    from fieldvault.core.settings import NEWER, settings_from

    try:
        settings_from(yamltext.read(data).value(DEFAULT))
    except SchemaInvalid as error:
        if error.kind == NEWER:
            raise Unreadable(error.kind, **error.facts) from error
    except Unreadable:
        return  # settings that cannot be read say nothing, and stop nobody
