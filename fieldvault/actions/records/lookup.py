"""Finding the record that a person means: by id, by the start of one, by path, or by words.

Law: one record or an error that lists the candidates; never a guess.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fieldvault.actions.ground.mirror import mirrored
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.types import Types, record_id, value_of
from fieldvault.core.describe import title_of
from fieldvault.core.names import is_record
from fieldvault.core.words import matches, mentions, nearest, plain, words_of
from fieldvault.edge import yamltext
from fieldvault.errors import FieldvaultError, Unreadable

CANDIDATES_MAX = 10


@dataclass(frozen=True)
class FoundRecord:
    """A record as it stands in the folder: its path, id, title and bytes."""

    path: str
    record: str | None
    title: str
    data: bytes

    @property
    def key(self) -> str:
        """By what its conflicts are filed."""
        return self.record or self.path

    def document(self) -> yamltext.Document:
        """What its bytes say; Unreadable with the path."""
        try:
            return yamltext.read(self.data)
        except Unreadable as error:
            error.facts["path"] = self.path
            raise


def find_record(vault: Vault, text: str) -> FoundRecord:
    """The record that `text` names; a relative path counts from the current folder, or from the vault's.

    Raises `record-unknown` with the nearest names, `record-ambiguous` with the candidates.
    """
    types = Types(vault.objects, vault.head_tree())
    path = _as_path(vault, text)
    if path is not None:
        return _load(vault, types, path)
    paths = sorted(_record_paths(vault))
    for named in _named(vault, text, paths):
        if candidates := _standing(vault, named):
            return _only(vault, types, text, candidates)
    titles = {path: _load(vault, types, path).title for path in _mentioning(vault, text, paths)}
    if candidates := _by_words(text, titles, titles.__getitem__):
        return _only(vault, types, text, candidates)
    alike = nearest(text, {_called(path): path for path in _standing(vault, paths)})
    raise FieldvaultError("record-unknown", record=text, nearest=[_load(vault, types, path).title for path in alike])


def _named(vault: Vault, text: str, paths: list[str]) -> Iterator[list[str]]:
    """The records that are called so without a look at what they say, the surest way first."""
    yield _by_id(vault, text, paths)
    yield _by_words(text, paths, _stem)


def _mentioning(vault: Vault, text: str, paths: Iterable[str]) -> Iterator[str]:
    """The records whose title can have these words: they stand in its bytes, or escaped. Only those are parsed."""
    words = words_of(text)
    for path in paths if words else ():
        if (read := vault.worktree.read(path)) and (b"\\" in read.data or mentions(words, read.data)):
            yield path


def _only(vault: Vault, types: Types, text: str, paths: list[str]) -> FoundRecord:
    """The one of these records that is called exactly so, or the only one; `record-ambiguous` otherwise."""
    if len(paths) > CANDIDATES_MAX:
        raise _ambiguous(vault, types, text, paths)
    found = [_load(vault, types, path) for path in paths]
    exact = [one for one in found if plain(one.title) == plain(text)]
    if len(exact or found) > 1:
        raise _ambiguous(vault, types, text, paths)
    return (exact or found)[0]


def _ambiguous(vault: Vault, types: Types, text: str, paths: list[str]) -> FieldvaultError:
    shown = [_load(vault, types, path) for path in paths[:CANDIDATES_MAX]]
    names = [f"{found.title} ({found.record or found.path})" for found in shown]
    return FieldvaultError("record-ambiguous", record=text, candidates=names, count=len(paths))


def _as_path(vault: Vault, text: str) -> str | None:
    root = Path(os.path.realpath(vault.root))
    for base in (Path.cwd(), root):
        candidate = Path(os.path.realpath(base / text))
        if candidate.is_file() and candidate.is_relative_to(root):
            path = candidate.relative_to(root).as_posix()
            return path if is_record(path) else None
    return None


def _record_paths(vault: Vault) -> Iterator[str]:
    for folder, names in mirrored(vault, vault.head_tree()).items():
        for name in names:
            path = f"{folder}/{name}" if folder else name
            if is_record(path):
                yield path


def _standing(vault: Vault, paths: Iterable[str]) -> list[str]:
    """Those that the folder has as well."""
    return [path for path in paths if vault.worktree.stat(path) is not None]


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]


def _called(path: str) -> str:
    """What the file's name says of the record: `garage-simon~0hx…` is Garage Simon."""
    return " ".join(words_of(_stem(path).partition("~")[0]))


def _by_id(vault: Vault, text: str, paths: list[str]) -> list[str]:
    """Those whose id is, or begins with, `text`. The id usually stands in the file's name; else it is read."""
    if not text or " " in text:
        return []
    named = [path for path in paths if _stem(path).rpartition("~")[2].startswith(text)]
    exact = [path for path in named if _stem(path).rpartition("~")[2] == text]
    if exact or named:
        return exact or named
    return [path for path in paths if "~" not in path and _id_at(vault, path).startswith(text)]


def _id_at(vault: Vault, path: str) -> str:
    read = vault.worktree.read(path)
    return (record_id(read.data) if read else None) or ""


def _by_words(text: str, paths: Iterable[str], name_of: Callable[[str], str]) -> list[str]:
    words = words_of(text)
    return [path for path in paths if matches(words, name_of(path))] if words else []


def _load(vault: Vault, types: Types, path: str) -> FoundRecord:
    read = vault.worktree.read(path)
    if read is None:
        raise FieldvaultError("record-unknown", record=path, nearest=[])
    return FoundRecord(path, record_id(read.data), title_of(value_of(read.data, types, path), path), read.data)
