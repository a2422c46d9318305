"""Where files land that were settled one by one: no two at one place, on any machine.

Law: nothing is dropped for want of a place. Spellings that differ only by case or Unicode form are one name: what stood
in the base keeps its spelling, of new ones the higher does, then the higher id. A file gives way to a folder, and lies
under the one spelling of its folder. Whoever gives way lies beside, under a name made from its content, so that every
machine chooses the same. The cost follows what comes: folders into which nothing comes are not looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from fieldvault.core.names import beside, fold
from fieldvault.core.plan import Located
from fieldvault.core.snapshot import FOLDER, Entry, Oid
from fieldvault.edge.git.store.objects import Reader
from fieldvault.edge.git.store.trees import read_tree


class Moved(NamedTuple):
    """A file that could not lie where it was meant to."""

    file: Located
    to: str


class Placed(NamedTuple):
    """`changes` bring the base to hold what was settled: path -> Entry, None for what goes."""

    changes: dict[str, Entry | None]
    moved: list[Moved]


def place(reader: Reader, tree: Oid | None, gone: Collection[str], come: Iterable[Located]) -> Placed:
    """Give each file that comes its place in `tree` (None: the empty one), once what is `gone` is no longer there."""
    ground = _Ground(reader, tree, gone)
    files = sorted(set(come), key=lambda file: (ground.at_home(file), file), reverse=True)
    for file in files:
        ground.claim_folder(_folder(file.path))
    moved = []
    for file in [*files, *sorted(ground.evicted, reverse=True)]:
        to = ground.settle(file)
        if to != file.path:
            moved.append(Moved(file, to))
    return Placed(dict.fromkeys(ground.gone) | ground.settled, moved)


class _Name(NamedTuple):
    spelling: str
    is_folder: bool


class _Ground:
    """The names taken in each folder: at first by what stays of the base, then by what was settled."""

    def __init__(self, reader: Reader, tree: Oid | None, gone: Collection[str]) -> None:
        self.settled: dict[str, Entry] = {}
        self.evicted: list[Located] = []
        self._reader = reader
        self.gone = set(gone)  # and what gives way to a folder
        self._emptier = {above for path in gone for above in _above(path)}
        self._base: dict[str, dict[str, Entry]] = {"": dict(read_tree(reader, tree)) if tree else {}}
        self._taken: dict[str, dict[str, _Name]] = {}

    def at_home(self, file: Located) -> bool:
        """Whether the file comes to where it, or what it was made from, lay in the base."""
        return file.path in self.gone and _name(file.path) in self._entries(_folder(file.path))

    def claim_folder(self, folder: str) -> str:
        """The one spelling of a folder, which stands from now on."""
        if not folder:
            return ""
        above, name = self.claim_folder(_folder(folder)), _name(folder)
        holder = self._holder(above, name)
        if holder and holder.is_folder:
            return _join(above, holder.spelling)
        if holder:
            path = _join(above, holder.spelling)
            self.evicted.append(Located(path, self._entries(above)[holder.spelling]))
            self.gone.add(path)
        self._take(above, _Name(name, True))
        return _join(above, name)

    def settle(self, file: Located) -> str:
        """Where the file lies: at its name, or beside where that is taken."""
        folder, name = self.claim_folder(_folder(file.path)), _name(file.path)
        while holder := self._holder(folder, name):
            path = _join(folder, name)
            if self._standing(path) == file.entry:
                return path  # the same file twice
            if self.at_home(file) and not holder.is_folder and holder.spelling != name:
                break  # its twin stood beside it in the base already
            name = beside(name, file.entry.oid[:8])
        self._take(folder, _Name(name, False))
        self.settled[_join(folder, name)] = file.entry
        return _join(folder, name)

    def _standing(self, path: str) -> Entry | None:
        base = self._entries(_folder(path)).get(_name(path)) if path not in self.gone else None
        return self.settled.get(path, base)

    def _holder(self, folder: str, name: str) -> _Name | None:
        """Who has this name, in this spelling or another."""
        if folder not in self._taken:
            self._taken[folder] = {}
            for spelling, entry in self._entries(folder).items():
                if self._stays(_join(folder, spelling), entry):
                    self._take(folder, _Name(spelling, entry.mode == FOLDER))
        taken = self._taken[folder]
        return taken.get(name) or taken.get(fold(name))

    def _take(self, folder: str, name: _Name) -> None:
        self._taken[folder][fold(name.spelling)] = self._taken[folder][name.spelling] = name

    def _stays(self, path: str, entry: Entry) -> bool:
        """Whether anything of the base's file or folder is left."""
        if entry.mode != FOLDER:
            return path not in self.gone
        if path not in self._emptier:
            return True
        return any(self._stays(_join(path, name), below) for name, below in self._entries(path).items())

    def _entries(self, folder: str) -> dict[str, Entry]:
        """What the base has in a folder."""
        if folder not in self._base:
            entry = self._entries(_folder(folder)).get(_name(folder))
            is_folder = entry is not None and entry.mode == FOLDER
            self._base[folder] = dict(read_tree(self._reader, entry.oid)) if entry and is_folder else {}
        return self._base[folder]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _above(path: str) -> Iterator[str]:
    while path := _folder(path):
        yield path
