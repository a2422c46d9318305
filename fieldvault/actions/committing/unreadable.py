"""Saved files that are not yet readable records.

Law: such a file is a draft: held, named with its line, and in nobody's way. Every other file can be committed.
"""

from __future__ import annotations

from typing import NamedTuple

from fieldvault.actions.committing.survey import Edit
from fieldvault.core.names import is_record, is_yaml
from fieldvault.edge import yamltext
from fieldvault.errors import Unreadable


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
    except Unreadable as problem:
        problem.facts["path"] = path
        return Draft(path, problem)
    return None
