"""The large attachments of HEAD: what they point to, which of them no hub has, and how the folder shows them.

Law: a file that holds neither the pointer nor its content is an edit, and stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from fieldvault.actions.ground.absent import Choices, choices_of
from fieldvault.actions.ground.recovery import locked
from fieldvault.actions.ground.showing import pointer_at
from fieldvault.actions.ground.vault import Vault
from fieldvault.core.pointers import Pointer
from fieldvault.core.snapshot import Entry, Oid, TreeChange
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.trees import find, list_tree


@contextmanager
def choosing(vault: Vault) -> Iterator[Choices]:
    """The notes of what is to be here, to be changed."""
    with locked(vault, "attachments"):
        choices = choices_of(vault)
        yield choices
        if choices != choices_of(vault):
            choices.save(vault)


def pointers(vault: Vault, paths: Iterable[str]) -> Iterator[tuple[str, Entry, Pointer]]:
    """What HEAD has at these paths, where that is a pointer."""
    tree = vault.head_tree()
    for path in sorted(paths):
        entry = find(vault.objects, tree, path) if tree else None
        pointer = pointer_at(vault.objects, path, entry) if entry else None
        if entry is not None and pointer is not None:
            yield path, entry, pointer


def named_at_head(vault: Vault) -> set[Oid]:
    """The blobs of HEAD."""
    tree = vault.head_tree()
    return {entry.oid for entry in list_tree(vault.objects, tree).values()} if tree else set()


def at_head(vault: Vault, pointers: Iterable[Pointer]) -> list[Pointer]:
    """Those of these that HEAD names."""
    found = list(pointers)
    named = named_at_head(vault) if found else set()
    return [pointer for pointer in found if pointer.oid in named]


def show(vault: Vault, entries: Iterable[tuple[str, Entry]], *, dropping: bool = False) -> dict[str, str]:
    """Bring working files from pointers to the contents that are here now, or back; those that stay, and why."""
    from fieldvault.actions.ground.change import Change, apply_change, left_behind  # status only counts

    with locked(vault, "get"):
        head = vault.head()
        files = [TreeChange(path, entry, entry) for path, entry in entries if vault.worktree.stat(path)]
        if head is None or not files:
            return {}
        with Batch(vault.objects) as batch:
            change = Change(vault.branch(), head, head, [], files, reason="fv: contents", dropping=dropping)
            return left_behind(apply_change(vault, batch, change))
