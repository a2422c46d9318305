"""Leaving out what the hub refuses, so that everything else gets there.

Law: only commits that the hub does not hold are written anew, in their order, with their authors and times; what was
refused stands in none of them, what stood before it does. Nothing is lost: the file stays in the folder under another
name, which git does not look at, and the old commits stay under `refs/fv/backup/`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from fieldvault.actions.committing.commit import commit
from fieldvault.actions.ground.change import Change, apply_change
from fieldvault.actions.ground.commits import Now
from fieldvault.actions.ground.recovery import locked
from fieldvault.actions.ground.vault import HUB_MAIN, MAIN, Vault
from fieldvault.actions.setting_up.equipment import exclude
from fieldvault.actions.syncing.hubnotes import notes_of
from fieldvault.core.names import beside
from fieldvault.core.snapshot import Entry, Oid, TreeChange
from fieldvault.edge.durable import flush_file, flush_folder
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import Commit, encode_commit, new_commits, read_commit
from fieldvault.edge.git.store.trees import diff_trees, find_file, patch_tree
from fieldvault.errors import FieldvaultError

BACKUP = "refs/fv/backup/"
_WILD = re.compile(r"([\\*?\[])")


@dataclass
class LeftOut:
    """`oid`: the commit that was refused; `kept`: path -> where its file lies now; `backup`: the ref of the old head;
    `written`: how many commits were written anew; `dropped`: how many had nothing left in them.
    """

    oid: Oid
    backup: str
    kept: dict[str, str] = field(default_factory=dict)
    written: int = 0
    dropped: int = 0


def leave_out(vault: Vault, now: Now) -> LeftOut:
    """Write what waits for the hub anew, without what the last sync was told is refused.

    Raises `outbox-well` where no commit was refused, or it is not among those that wait any more.
    """
    oid, paths = _refused(vault)
    with vault.sync_lock():
        vault.guard_idle()
        commit(vault, now)  # the folder then holds what the head does
        with locked(vault, "doctor"), Batch(vault.objects) as batch:
            head = vault.head()
            known = vault.refs.read(HUB_MAIN)
            waiting = new_commits(batch, head, [known] if known else []) if head else []
            if vault.branch() != MAIN or oid not in [one.oid for one in waiting]:
                raise FieldvaultError("outbox-well")
            assert head is not None
            refused = _versions(batch, oid, paths)
            report = LeftOut(oid, BACKUP + head)
            tip = _Anew(batch, refused, report).write(waiting, head)
            _replace_head(vault, batch, head, tip, refused, report)
    return report


def _refused(vault: Vault) -> tuple[Oid, Collection[str]]:
    """The commit, and the paths in it, that the last sync could not bring to the hub."""
    url = vault.config.origin_url()
    failure = notes_of(vault, url).failure if url else None
    if failure is None or failure.kind not in ("commit-refused", "commit-too-large"):
        raise FieldvaultError("outbox-well")
    return str(failure.facts["oid"]), failure.facts["paths"]  # type: ignore[return-value]


def _versions(batch: Batch, oid: Oid, paths: Collection[str]) -> set[Oid]:
    tree = read_commit(batch, oid).tree
    found = (find_file(batch, tree, path) for path in paths)
    return {entry.oid for entry in found if entry is not None}


class _Anew:
    """Commits played again, without some contents."""

    def __init__(self, batch: Batch, refused: set[Oid], report: LeftOut) -> None:
        self._batch = batch
        self._refused = refused
        self._report = report
        self._new: dict[Oid, Oid | None] = {}  # None: nothing is left, and nothing came before

    def write(self, commits: Sequence[Commit], head: Oid) -> Oid | None:
        """The new head; `commits` have their parents before them."""
        for one in commits:
            self._new[one.oid] = self._again(one)
        return self._new[head]

    def _again(self, one: Commit) -> Oid | None:
        parents = tuple(dict.fromkeys(new for new in (self._new.get(oid, oid) for oid in one.parents) if new))
        before = read_commit(self._batch, one.parents[0]).tree if one.parents else None
        tree = read_commit(self._batch, parents[0]).tree if parents else None
        left = self._left(diff_trees(self._batch, before, one.tree))
        tree_now = patch_tree(self._batch, tree, left)
        if parents == one.parents and tree_now == one.tree:
            return one.oid
        if len(parents) < 2 and (tree_now == tree or not left):
            self._report.dropped += 1
            return parents[0] if parents else None
        self._report.written += 1
        extra = tuple(pair for pair in one.extra if pair[0] != "gpgsig")  # it signs what was
        again = one._replace(oid="", tree=tree_now, parents=parents, extra=extra)
        return self._batch.add("commit", encode_commit(again))

    def _left(self, changes: Sequence[TreeChange]) -> dict[str, Entry | None]:
        """The changes without the refused contents; where one only moves, it stays where its last good version is."""
        comes = {change.new.oid for change in changes if change.new} & self._refused
        return {
            change.path: change.new
            for change in changes
            if not (change.new and change.new.oid in self._refused)
            and not (change.new is None and change.old and change.old.oid in comes)
        }


def _replace_head(vault: Vault, batch: Batch, head: Oid, tip: Oid | None, refused: set[Oid], report: LeftOut) -> None:
    """The folder's files keep their content beside, then main, index and folder follow."""
    if tip is None:  # a first commit with nothing else in it
        raise FieldvaultError("outbox-all", commit=report.oid[:10])
    changes = diff_trees(batch, read_commit(batch, head).tree, read_commit(batch, tip).tree)
    for change in changes:
        if change.old and change.old.oid in refused:
            report.kept[change.path] = _keep_beside(vault, change.path, change.old.oid)
    vault.refs.compare_and_set(report.backup, vault.refs.read(report.backup), head)
    apply_change(vault, batch, Change(MAIN, head, tip, changes, changes, reason="fv doctor"))


def _keep_beside(vault: Vault, path: str, oid: Oid) -> str:
    """A copy of the file under a name of its own, left out of what git looks at; that name."""
    other = beside(path, oid[:8])
    source, target = vault.worktree.path(path), vault.worktree.path(other)
    if source.is_file():
        shutil.copyfile(source, target)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(vault.objects.blob(oid))
    flush_file(target)
    flush_folder(target.parent)
    exclude(vault, "/" + _WILD.sub(r"\\\1", other).replace("\n", "?"))
    return other
