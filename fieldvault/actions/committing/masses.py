"""Mass deletions, held both ways: half a vault that went by accident is asked about, never sent and never taken.

Law: counted by type against what stood before; a record that only moved is not gone. Looks at history only where
records went at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable

from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.types import Types, record_id
from fieldvault.core.deletions import COUNT_MAX, WINDOW_SECONDS, allowed_in, held
from fieldvault.core.names import is_record
from fieldvault.core.snapshot import Oid, TreeChange
from fieldvault.edge.git.store.history import Commit, read_commit
from fieldvault.edge.git.store.objects import Reader
from fieldvault.edge.git.store.trees import diff_trees, list_tree

_Recent = Callable[[Types], "Counter[str]"]

_COMMITS_MAX = 200  # of the last hour that are looked at


def gone_records(reader: Reader, changes: Iterable[TreeChange]) -> set[str]:
    """The records that these changes remove, but for those that only moved."""
    records = [change for change in changes if is_record(change.path)]
    gone = {change.path: change.old for change in records if change.old and not change.new}
    if len(gone) <= COUNT_MAX:
        return set(gone)
    come = {record_id(reader.blob(change.new.oid)) for change in records if change.new and not change.old}
    return {path for path, entry in gone.items() if not come or record_id(reader.blob(entry.oid)) not in come}


def held_here(
    vault: Vault, reader: Reader, tree: Oid | None, head: Oid | None, gone: Collection[str], now: int
) -> set[str]:
    """Those of the records that were removed in the folder which wait for the person's word."""
    if vault.allow_deletions or tree is None or not gone:
        return set()
    return _held(reader, tree, gone, lambda types: _recent(vault, types, head, now))


def held_there(reader: Reader, base: Oid | None, gone: Collection[str], commits: Iterable[Commit]) -> set[str]:
    """Those of the records that incoming commits removed which are not taken: nobody said that they were meant."""
    if base is None or not gone or sum(allowed_in(commit.message) for commit in commits) >= len(gone):
        return set()
    return _held(reader, base, gone, lambda types: Counter())


def _held(reader: Reader, tree: Oid, gone: Collection[str], recent: _Recent) -> set[str]:
    types = Types(reader, tree)
    before = recent(types)
    if before.total() + len(gone) <= COUNT_MAX:
        return set()
    totals = Counter(types.type_of(path) for path in list_tree(reader, tree) if is_record(path))
    return held(gone, types.type_of, totals.__getitem__, before.__getitem__)


def _recent(vault: Vault, types: Types, head: Oid | None, now: int) -> Counter[str]:
    """How many records of each type our own commits of the last hour removed without a person's word for it."""
    found: Counter[str] = Counter()
    for _ in range(_COMMITS_MAX):
        commit = read_commit(vault.objects, head) if head else None
        if commit is None or not commit.parents or commit.commit_time < now - WINDOW_SECONDS:
            break
        head = commit.parents[0]
        if len(commit.parents) == 1 and not allowed_in(commit.message):
            parent = read_commit(vault.objects, head).tree
            for path in gone_records(vault.objects, diff_trees(vault.objects, parent, commit.tree)):
                found[types.type_of(path)] += 1
    return found
