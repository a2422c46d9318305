"""Pointers to large attachments that plain git has brought: with its clone, its pull, its merge.

Law: git brings no contents: what is not here is noted as still to come. And git merges two pointers as text, and leaves
its markers between their lines: both contents are kept then, each under a name of its own, as where fv merges them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fieldvault.actions.ground.absent import note_absent
from fieldvault.actions.ground.vault import Vault
from fieldvault.core.conflicts import ATTACHMENT, Conflict, conflict_path
from fieldvault.core.names import beside
from fieldvault.core.pointers import Pointer, may_be_pointed_to, merged_as_text, read_pointer
from fieldvault.core.snapshot import FILE, Entry, Oid, TreeChange
from fieldvault.core.values import MISSING
from fieldvault.edge import yamltext
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import read_commit
from fieldvault.edge.git.store.trees import diff_trees


def take_up_pointers(vault: Vault, batch: Batch, head: Oid | None, edits: Iterable[TreeChange]) -> dict[str, Entry]:
    """Look at what came with `head` since fv last looked, and at these edits; what is to stand in the place of pointers
    that git has merged, and beside them: path -> entry.
    """
    found: dict[str, Entry] = {}
    absent = []
    for path, _, new in [*_since_last_look(vault, head), *edits]:
        if new is None or not may_be_pointed_to(path):
            continue
        data = batch.blob(new.oid)
        pointer = read_pointer(data)
        if pointer is not None and pointer not in vault.contents:
            absent.append(path)
        elif (two := merged_as_text(data)) is not None:
            found |= _both(batch, path, new, two)
    note_absent(vault, absent)
    return found


def _since_last_look(vault: Vault, head: Oid | None) -> Iterator[TreeChange]:
    before = vault.looked_at()
    if head is not None and before != head:
        known = before if before is not None and before in vault.objects else None
        old, new = (read_commit(vault.objects, oid).tree if oid else None for oid in (known, head))
        yield from diff_trees(vault.objects, old, new)


def _both(batch: Batch, path: str, entry: Entry, two: tuple[Pointer, Pointer]) -> Iterator[tuple[str, Entry]]:
    """As merging/attachmentmerge keeps two versions of an attachment: the higher id in place."""
    from fieldvault.actions.merging.recordmerge import content_id  # which hardly a commit needs

    shown, second = sorted(two, key=lambda pointer: content_id(pointer.data), reverse=True)
    other = beside(path, content_id(second.data)[:8])
    yield path, entry._replace(oid=batch.add("blob", shown.data))
    yield other, entry._replace(oid=batch.add("blob", second.data))
    conflict = Conflict(path, (), ATTACHMENT, MISSING, (other,))
    yield conflict_path(path, ()), Entry(FILE, batch.add("blob", yamltext.write_conflict(conflict)))
