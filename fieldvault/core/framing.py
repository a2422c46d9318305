"""Framing: what stands around the record in its file.

Law: byte order mark, line ending and final newline are registers that need no conflict. What stands above and below the
record is text, of which nothing that a person wrote is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fieldvault.core import slots
from fieldvault.core.nodes import Entry, Tree


def framed(base: Tree | None, ours: Tree | None, theirs: Tree | None, root: Entry) -> Tree:
    """The merged root in the merged frame."""
    if ours is None or theirs is None:
        frame = ours or theirs
        assert frame is not None
        return replace(frame, root=root)
    whole_lines = all(not tree or not tree.start or tree.start.endswith("\n") for tree in (base, ours, theirs))
    merge_text: Callable[[str, str, str], str] = slots.joined if whole_lines else slots.pick
    start = merge_text(base.start if base else "", ours.start, theirs.start)
    return Tree(
        root,
        bom=slots.pick(base.bom if base else None, ours.bom, theirs.bom),
        newline=slots.pick(base.newline if base else None, ours.newline, theirs.newline),
        start=start + root.lead,  # the comments of a record that was emptied
        end=slots.joined(base.end if base else "", ours.end, theirs.end),
        final_newline=slots.pick(base.final_newline if base else None, ours.final_newline, theirs.final_newline),
    )
