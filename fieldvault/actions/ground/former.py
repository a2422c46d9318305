"""Which version a working file came from, when the table that said so is lost.

Law: guessed only where the guess undoes nobody. A file that holds exactly what main held before something came in, or
lacks what came in, was left behind by it; whatever else differs from HEAD is the person's edit. Main's reflog tells.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable

from fieldvault.actions.ground.vault import Vault
from fieldvault.core.snapshot import Entry, Oid, TreeChange
from fieldvault.edge.git.store.history import read_commit
from fieldvault.edge.git.store.trees import find_file
from fieldvault.errors import Corrupt

CAME_IN = "fv sync"  # how the reflog calls a move that brought in what others did
MOVES_MAX = 16  # of the branch, the last ones that brought something in


def regained(vault: Vault, edits: Callable[[], Iterable[TreeChange]]) -> dict[str, Entry | None]:
    """Of the differences from HEAD, those that are no edits: path -> the version that the file came from.

    They are asked for only where something ever came in.
    """
    trees = _former_trees(vault)
    found = {}
    for path, _, now in edits() if trees else ():
        if any(find_file(vault.objects, tree, path) == now for tree in trees):
            found[path] = now
    return found


def _former_trees(vault: Vault) -> list[Oid]:
    """What main held before each of the last times that something came in."""
    branch, _ = vault.refs.head()
    moves = vault.refs.reflog.moves(f"refs/heads/{branch}") if branch else ()
    heads = [move.old for move in moves if move.message.startswith(CAME_IN)][:MOVES_MAX]
    trees = []
    for head in heads:
        with contextlib.suppress(Corrupt):  # git forgets what nothing names any more
            trees.append(read_commit(vault.objects, head).tree)
    return trees
