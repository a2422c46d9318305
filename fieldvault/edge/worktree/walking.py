"""A walk over the folders of a vault: which files are new, may have changed, or are gone.

Law: opens no file. A tracked file whose stat is the known one is passed over; every other one that git does not ignore
is named, and so is a repository inside the vault, with which all that lies below it is left alone. `.git`, what editors
leave and our own temporary names are not looked at, unless something tracked has such a name.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import starmap
from pathlib import Path
from typing import NamedTuple

from fieldvault.core.names import is_leaving
from fieldvault.edge.durable import TEMPORARY
from fieldvault.edge.sharing import pays, shared
from fieldvault.errors import FieldvaultError


class Known(NamedTuple):
    """What a walk is told of a vault.

    `tracked(folder)` gives the stats of its tracked files by name, each in the form that `key` gives it;
    `holds_tracked` says whether any lies below a folder, and `ignored(path, is_folder)` what git ignores.
    """

    tracked: Callable[[str], Mapping[str, object]]
    key: Callable[[os.stat_result], object]
    holds_tracked: Callable[[str], bool]
    ignored: Callable[[str, bool], bool]


class Listing(NamedTuple):
    """One folder: the names of its files that are new or may have `changed`, and of the tracked ones that are `gone`.
    `problem` is a key of the catalogue where it is left alone with all that lies below it.
    """

    folder: str
    changed: Collection[str] = ()
    gone: Collection[str] = ()
    problem: str | None = None


def walk(root: Path, start: str, known: Known) -> Iterator[Listing]:
    """The folder `start` of the vault at `root` ("" for all) and every one below it."""
    return _below(root, [start], known)


def _below(root: Path, folders: Iterable[str], known: Known, *, alone: bool = False) -> Iterator[Listing]:
    waiting = deque(folders)
    while waiting:
        if not alone and pays(len(waiting)):
            found = shared(lambda part: _below(root, part, known, alone=True), tuple(waiting))
            yield from starmap(Listing, found)
            return
        listing, below = _look(root, waiting.popleft(), known)
        waiting.extend(below)
        yield listing


def _look(root: Path, folder: str, known: Known) -> tuple[Listing, list[str]]:
    """One folder, and those in it that are to be looked at as well."""
    try:
        with os.scandir(f"{root}/{folder}") as found:
            entries = {entry.name: entry for entry in found}
    except FileNotFoundError:
        entries = {}
    except OSError as error:
        raise FieldvaultError("folder-unreadable", path=folder or ".", reason=error.strerror) from error
    if folder and ".git" in entries:
        return Listing(folder, problem="nested-repository"), []
    prefix = f"{folder}/" if folder else ""
    tracked = known.tracked(folder)
    changed, gone, below = [], tracked.keys() - entries.keys(), []
    for name, entry in entries.items():  # the one loop over every file of the vault
        was = tracked.get(name)
        try:
            if was is not None and known.key(entry.stat(follow_symlinks=False)) == was:
                continue
        except FileNotFoundError:  # it went between the listing and the look
            gone.add(name)
            continue
        path = prefix + name
        if was is None and not known.holds_tracked(path) and any(map(_is_ours_or_left, path.split("/"))):
            continue  # also in such a folder only what is tracked counts
        if not entry.is_dir(follow_symlinks=False):
            if was is not None or not known.ignored(path, False):
                changed.append(name)
            continue
        if was is not None:
            gone.add(name)
        if known.holds_tracked(path) or not known.ignored(path, True):
            below.append(path)
    return Listing(folder, changed, gone), below


def _is_ours_or_left(name: str) -> bool:
    return name == ".git" or name.startswith(TEMPORARY) or is_leaving(name)
