"""What stands in the folder against what HEAD has: the facts behind status, commit and diff.

Law: reads only, takes no lock, and is right with or without the cache. A file is compared with its working base, the
version it came from, not with HEAD: a file that could not be brought along is behind, and nobody's change is undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fieldvault.actions.former import regained
from fieldvault.actions.mirror import Rows, mirrored
from fieldvault.actions.vault import Vault
from fieldvault.core.names import judge_path
from fieldvault.core.snapshot import Entry, Oid, TreeChange
from fieldvault.edge.git.history import read_commit
from fieldvault.edge.git.trees import find
from fieldvault.edge.index.stats import Seen, stat_key, trusted_key
from fieldvault.edge.worktree import Found, Read, changed_entry
from fieldvault.errors import FieldvaultError


@dataclass(frozen=True)
class Edit:
    """One file that the person changed: from its working base to what stands there now (`read` is None: removed)."""

    change: TreeChange
    read: Read | None


@dataclass
class Survey:
    """`edits`: what the person did. `behind`: files that hold an older version than HEAD, and which one.

    `problems`: names that cannot be committed, with a key of the catalogue each.
    """

    head: Oid | None
    tree: Oid | None
    edits: list[Edit] = field(default_factory=list)
    behind: dict[str, Entry | None] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    caught_up: set[str] = field(default_factory=set)  # were behind, and hold HEAD's version now


def survey(vault: Vault, paths: Iterable[str] = ()) -> Survey:
    """Look at the whole folder, or at these files and folders of it only."""
    head = vault.head()
    tree = read_commit(vault.objects, head).tree if head else None
    if not vault.stats.bases_known:
        edits = (edit.change for edit in _look(vault, head, tree, []).edits)
        vault.stats.update(tree, {}, regained(vault, edits) if head else {}, expected=tree)
    return _look(vault, head, tree, list(paths))


def _look(vault: Vault, head: Oid | None, tree: Oid | None, paths: list[str]) -> Survey:
    look = _Look(vault, Survey(head, tree), mirrored(vault, tree))
    look.run(paths)
    return look.survey


def is_known(vault: Vault, path: str) -> bool:
    """Whether something stands at the path, or stood there in the last commit."""
    if not path or vault.worktree.stat(path) is not None:
        return True
    head = vault.head()
    return head is not None and find(vault.objects, read_commit(vault.objects, head).tree, path) is not None


class _Look:
    """One pass over the folder."""

    def __init__(self, vault: Vault, survey: Survey, rows: Rows) -> None:
        self.vault = vault
        self.survey = survey
        self.rows = rows
        self.bases = vault.stats.behind()
        self.met: set[str] = set()
        self.fresh: dict[str, dict[str, Seen]] = {}
        self.holding = {above for folder in rows for above in _folders_above(folder)}

    def run(self, paths: list[str]) -> None:
        for path in paths or [""]:
            for found in self._walk(path):
                self.met.add(found.path)
                self._judge(found)
            for gone in sorted(self._tracked_below(path) - self.met):
                self._removed(gone)
        if self.fresh:
            folders = {folder: {**self.rows[folder], **seen} for folder, seen in self.fresh.items()}
            self.vault.stats.update(self.survey.tree, folders, expected=self.survey.tree)
        self.survey.edits.sort(key=lambda edit: edit.change.path)

    def _walk(self, path: str) -> Iterator[Found]:
        worktree = self.vault.worktree
        st = worktree.stat(path) if path else None
        if path and (st is None or not worktree.path(path).is_dir() or worktree.path(path).is_symlink()):
            if st is not None:
                yield worktree.found(path, st)
            return
        yield from worktree.walk(path, lambda folder: self.rows.get(folder, {}), self._holds, self.vault.ignore.matches)

    def _holds(self, folder: str) -> bool:
        return folder in self.holding

    def _tracked_below(self, path: str) -> set[str]:
        prefix = f"{path}/" if path else ""
        below = {
            f"{folder}/{name}" if folder else name
            for folder, names in self.rows.items()
            if not path or folder == path or folder.startswith(prefix)
            for name in names
        }
        if path and self._row(path):
            below.add(path)
        return below | {gone for gone in self.bases if not path or gone == path or gone.startswith(prefix)}

    def _row(self, path: str) -> Seen | None:
        folder, _, name = path.rpartition("/")
        return self.rows.get(folder, {}).get(name)

    def _judge(self, found: Found) -> None:
        path, st, problem = found
        row = self._row(path)
        is_behind = path in self.bases
        if row is not None and not is_behind and not problem and row.stat == stat_key(st):
            return
        if row is None and not is_behind:
            problem = problem or judge_path(path)
        if problem:
            self.survey.problems[path] = problem
            return
        try:
            read = self.vault.worktree.read(path)
        except FieldvaultError as error:
            self.survey.problems[path] = error.kind
            return
        if read is None:
            return
        head = row.entry if row else None
        base = self.bases[path] if is_behind else head
        now = changed_entry(read, base)
        if is_behind:
            self._judge_behind(path, base, head, now, read)
        elif now == base:
            folder, _, name = path.rpartition("/")
            assert row is not None
            self.fresh.setdefault(folder, {})[name] = row._replace(stat=trusted_key(read.stat))
        else:
            self.survey.edits.append(Edit(TreeChange(path, base, now), read))

    def _judge_behind(self, path: str, base: Entry | None, head: Entry | None, now: Entry, read: Read) -> None:
        if now == head:
            self.survey.caught_up.add(path)
            return
        self.survey.behind[path] = base
        if now != base:
            self.survey.edits.append(Edit(TreeChange(path, base, now), read))

    def _removed(self, path: str) -> None:
        row = self._row(path)
        if path in self.bases:
            base = self.bases[path]
            if row is None:
                self.survey.caught_up.add(path)
                return
            self.survey.behind[path] = base
            if base is not None:
                self.survey.edits.append(Edit(TreeChange(path, base, None), None))
        elif row is not None:
            self.survey.edits.append(Edit(TreeChange(path, row.entry, None), None))


def _folders_above(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""
