"""What stands in the folder against what HEAD has: the facts behind status, commit and diff.

Law: reads only, takes no lock, and is right with or without the cache, and with or without a watcher's word. A file is
compared with its working base, the version it came from, not with HEAD: a file that could not be brought along is
behind, and nobody's change is undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from stat import S_ISDIR
from typing import NamedTuple

from fieldvault.actions.committing.belonging import belongs
from fieldvault.actions.committing.word import may_differ
from fieldvault.actions.ground.former import regained
from fieldvault.actions.ground.mirror import mirrored
from fieldvault.actions.ground.vault import Vault
from fieldvault.core.names import judge_path, lies_in
from fieldvault.core.snapshot import Entry, Oid, TreeChange
from fieldvault.edge.git.store.history import read_commit
from fieldvault.edge.git.store.trees import find
from fieldvault.edge.index.rows import NEVER, Folder, Rows, Stat, entry_of, seen, stat_of, trusted_key
from fieldvault.edge.worktree.files import Read, changed_entry
from fieldvault.edge.worktree.walking import Known, walk
from fieldvault.errors import FieldvaultError


class Edit(NamedTuple):
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
    """Look at these files and folders only, which the person names; at none: at the whole folder, but for what a
    watcher vouches for. [""] is the whole folder, whoever vouches.
    """
    head = vault.head()
    tree = read_commit(vault.objects, head).tree if head else None
    if not vault.stats.bases_known:
        behind = regained(vault, lambda: [edit.change for edit in _look(vault, head, tree, [""]).edits])
        mirrored_tree = vault.stats.tree
        vault.stats.update(mirrored_tree, {}, behind, expected=mirrored_tree)
    named = _outermost(paths)
    if named:
        return _look(vault, head, tree, named)
    doubtful = may_differ(vault, tree)
    if doubtful is None:
        return _look(vault, head, tree, [""])
    return _look(vault, head, tree, _outermost(doubtful), named=False)


def _look(vault: Vault, head: Oid | None, tree: Oid | None, paths: list[str], *, named: bool = True) -> Survey:
    look = _Look(vault, Survey(head, tree), mirrored(vault, tree, paths))
    look.run([path for path in paths if named or look.is_tracked(path) or belongs(vault, path)])
    return look.survey


def is_known(vault: Vault, path: str) -> bool:
    """Whether something stands at the path, or stood there in the last commit."""
    if not path or vault.worktree.stat(path) is not None:
        return True
    tree = vault.head_tree()
    return tree is not None and find(vault.objects, tree, path) is not None


class _Look:
    """One pass over the folder, or over parts of it."""

    def __init__(self, vault: Vault, survey: Survey, rows: Rows) -> None:
        self.vault = vault
        self.survey = survey
        self.rows = rows
        self.bases = vault.stats.behind()
        self.behind: dict[str, dict[str, Stat]] = {}  # the names of `bases`, by folder, as files that nobody has seen
        for base in self.bases:
            folder, _, name = base.rpartition("/")
            self.behind.setdefault(folder, {})[name] = NEVER
        self.holding = {above for folder in rows.filled() for above in _folders_above(folder)}
        self.met: set[str] = set()  # folders
        self.fresh: dict[str, Folder] = {}

    def run(self, paths: Iterable[str]) -> None:
        for path in paths:
            st = self.vault.worktree.stat(path) if path else None
            if st is not None and not S_ISDIR(st.st_mode):
                self._file(path)
            else:
                self._below(path)
        if self.fresh:
            folders = {folder: self.rows[folder] | known for folder, known in self.fresh.items()}
            self.vault.stats.update(self.survey.tree, folders, expected=self.survey.tree)
        self.survey.edits.sort(key=lambda edit: edit.change.path)
        self.survey.problems = dict(sorted(self.survey.problems.items()))

    def is_tracked(self, path: str) -> bool:
        """Whether HEAD has a file at the path, or below it, or had it when it was left behind."""
        folder, _, name = path.rpartition("/")
        return name in self._tracked(folder) or path in self.holding

    def _below(self, path: str) -> None:
        """All that stands in a folder, and what should stand there or at its own path."""
        left_alone: list[str] = []
        known = Known(self._tracked, stat_of, self.holding.__contains__, self.vault.ignore.matches)
        for folder, changed, gone, problem in walk(self.vault.root, path, known):
            if problem:
                self.survey.problems[folder] = problem
                left_alone.append(folder)
                continue
            self.met.add(folder)
            prefix = f"{folder}/" if folder else ""
            for name in changed:
                self._file(prefix + name)
            for name in sorted(gone):
                self._removed(prefix + name)
        missed = {
            f"{folder}/{name}" if folder else name
            for folder in (self.rows.keys() | self.behind.keys()) - self.met
            if lies_in(folder, path)
            for name in self._tracked(folder)
        }
        missed |= {path} if self._row(path) or path in self.bases else set()
        for one in sorted(missed):
            if not any(one != folder and lies_in(one, folder) for folder in left_alone):
                self._removed(one)

    def _tracked(self, folder: str) -> dict[str, Stat]:
        """The files of a folder that HEAD has, or had when they were left behind: these are always looked at."""
        return self.rows.stats(folder) | self.behind.get(folder, {})

    def _row(self, path: str) -> Entry | None:
        folder, _, name = path.rpartition("/")
        row = self.rows.get(folder, {}).get(name)
        return entry_of(row) if row is not None else None

    def _file(self, path: str) -> None:
        """A file that is new, or may have changed."""
        head = self._row(path)
        is_behind = path in self.bases
        problem = judge_path(path) if head is None and not is_behind else None
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
        base = self.bases[path] if is_behind else head
        now = changed_entry(read, base)
        if is_behind:
            self._judge_behind(path, base, head, now, read)
        elif now == base:
            folder, _, name = path.rpartition("/")
            self.fresh.setdefault(folder, {})[name] = seen(trusted_key(read.stat), now)
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
        head = self._row(path)
        if path in self.bases:
            base = self.bases[path]
            if head is None:
                self.survey.caught_up.add(path)
                return
            self.survey.behind[path] = base
            if base is not None:
                self.survey.edits.append(Edit(TreeChange(path, base, None), None))
        elif head is not None:
            self.survey.edits.append(Edit(TreeChange(path, head, None), None))


def _outermost(paths: Iterable[str]) -> list[str]:
    """The paths, each once, without those that lie in a folder among them."""
    given = set(paths)
    return [""] if "" in given else sorted(path for path in given if given.isdisjoint(list(_folders_above(path))[1:]))


def _folders_above(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""
