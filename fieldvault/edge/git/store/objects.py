"""One repository's objects: read from anywhere, write durably.

Law: what `read` returns has the id it was asked by, and what `write` returned survives a power cut.
The traps avoided by writing loose objects ourselves: dulwich's `add_object` flushes neither file nor folder, and leaves
a `.lock` when killed, after which that content can never be stored again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fieldvault.core.snapshot import Oid
from fieldvault.edge.durable import flush, flush_file, flush_folders, sweep, temporary
from fieldvault.edge.git.store.packfolder import PackFolder
from fieldvault.edge.git.store.packwriter import PackWriter
from fieldvault.edge.git.store.recent import Recent
from fieldvault.errors import Corrupt

if TYPE_CHECKING:
    from fieldvault.edge.git.store.packintake import PackIntake

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git knows it without storing it, and commits it unstored

_NAME_CHARACTERS = 38  # of a loose object's file; the other two are its folder's
_TRIES_MAX = 10
_RECENT_BYTES = 8 << 20
_LOOSE_LEVEL = 1  # git's own choice: loose objects are many, young and soon packed


def object_id(kind: str, data: bytes) -> Oid:
    """git's id of an object; `kind` is blob, tree, commit or tag."""
    return hashlib.sha1(_header(kind, data) + data, usedforsecurity=False).hexdigest()


def _header(kind: str, data: bytes) -> bytes:
    return f"{kind} {len(data)}\0".encode("ascii")


class Reader(Protocol):
    """Where objects can be read: a repository's `Objects`, or a `Batch` on top of it."""

    def read(self, oid: Oid) -> tuple[str, bytes]: ...

    def blob(self, oid: Oid) -> bytes: ...

    def __contains__(self, oid: Oid) -> bool: ...


class Objects:
    """The object folder of a vault or of a hub. Close it: open packs cannot be removed on Windows."""

    def __init__(self, git_dir: Path) -> None:
        self.path = git_dir / "objects"
        self.packs = PackFolder(self.path / "pack")
        self._recent: Recent[Oid, str] = Recent(_RECENT_BYTES)

    def close(self) -> None:
        self.packs.close()

    def __enter__(self) -> Objects:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, oid: Oid) -> tuple[str, bytes]:
        """The object's kind and content; Corrupt("object-missing") or Corrupt("object-damaged").

        A damaged copy is passed over where another one is whole, as git does.
        """
        if oid in self._recent:
            return self._recent[oid]
        found = self.read_packed(oid) or self.read_loose(oid)
        if found is None and self.packs.look_again():
            found = self.read_packed(oid)
        if found is not None:
            self._recent.keep(oid, found)
            return found
        if oid == EMPTY_TREE:
            return "tree", b""
        raise Corrupt("object-damaged" if oid in self else "object-missing", oid=oid)

    def blob(self, oid: Oid) -> bytes:
        return expect(self, oid, "blob")

    def blob_size(self, oid: Oid) -> int:
        """The size of its content, for which nothing large in a pack is read."""
        kind, size = self.packs.head(oid) or ("blob", -1)
        if kind != "blob":
            raise Corrupt("object-kind", oid=oid, expected="blob", found=kind)
        return len(self.blob(oid)) if size < 0 else size

    def __contains__(self, oid: Oid) -> bool:
        if oid == EMPTY_TREE or oid in self.packs or self._loose(oid).exists():
            return True
        return self.packs.look_again() and oid in self.packs

    def write(self, kind: str, data: bytes) -> Oid:
        """Store one object; durable on return. What stands already is left, and made durable as well."""
        return self.write_loose([(kind, data)])[0]

    def write_loose(self, items: Iterable[tuple[str, bytes]]) -> list[Oid]:
        """Store a few objects, each in its own file; all durable on return."""
        oids = []
        folders = set()
        for kind, data in items:
            oid = object_id(kind, data)
            target = self._loose(oid)
            stands = self.read_loose(oid) is not None and _made_durable(target)
            if not stands and _write_loose(target, _header(kind, data) + data):
                folders.add(self.path)
            oids.append(oid)
            folders.add(target.parent)
        flush_folders(folders)
        return oids

    def write_pack(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Store many objects in one pack, streamed; durable on return."""
        with PackWriter(self.packs) as writer:
            for kind, data in items:
                writer.add(object_id(kind, data), kind, data)
            writer.finish()

    def loose(self, folders: int = 256) -> Iterator[Oid]:
        """The ids of the loose objects, in the first so many of the 256 folders."""
        for number in range(folders):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                with os.scandir(self.path / f"{number:02x}") as folder:
                    names = [entry.name for entry in folder if len(entry.name) == _NAME_CHARACTERS]
                yield from (f"{number:02x}{name}" for name in names)

    def remove_loose(self, oids: Iterable[Oid]) -> None:
        """Take away the files of objects that stand in packs as well."""
        for oid in oids:
            with contextlib.suppress(OSError):  # git was quicker, or Windows removes no read-only file
                self._loose(oid).unlink()

    def sweep(self) -> None:
        """Remove what writers of ours that were killed had half written; git itself keeps it for two weeks."""
        sweep(self.path.glob("??/tmp_obj_*"), self.path.glob("pack/tmp_*"))

    def receive_pack(self) -> PackIntake:
        """A place for a pack from elsewhere: `write` its bytes into it, then `adopt` it."""
        from fieldvault.edge.git.store.packintake import PackIntake  # which only a fetch needs

        return PackIntake(self.packs, self.read)

    def _loose(self, oid: Oid) -> Path:
        return self.path / oid[:2] / oid[2:]

    def read_loose(self, oid: Oid) -> tuple[str, bytes] | None:
        """Kind and content; None where there is no whole loose object."""
        try:
            with open(f"{self.path}/{oid[:2]}/{oid[2:]}", "rb") as file:  # noqa: PTH123 - a Path costs as much as the read
                raw = zlib.decompress(file.read())
        except (FileNotFoundError, zlib.error):
            return None
        if hashlib.sha1(raw, usedforsecurity=False).hexdigest() != oid:
            return None
        header, _, data = raw.partition(b"\0")
        return header.split(b" ", 1)[0].decode("ascii"), data

    def read_packed(self, oid: Oid) -> tuple[str, bytes] | None:
        """Kind and content; None where no pack of the last look has the object whole."""
        found = self.packs.read(oid)
        return found if found is not None and object_id(*found) == oid else None


def expect(reader: Reader, oid: Oid, kind: str) -> bytes:
    """The content of an object that must be of this kind; else Corrupt("object-kind")."""
    found, data = reader.read(oid)
    if found != kind:
        raise Corrupt("object-kind", oid=oid, expected=kind, found=found)
    return data


def _made_durable(target: Path) -> bool:
    """Plain git leaves the objects of `git add` unflushed. False where upkeep has just taken it into a pack."""
    try:
        flush_file(target)
    except FileNotFoundError:
        return False
    return True


def _write_loose(target: Path, raw: bytes) -> bool:
    """True where its folder had to be made."""
    made = False
    for turn in range(_TRIES_MAX):
        try:
            scratch, file = temporary(target.parent, "tmp_obj_", 0o444)
            break
        except FileNotFoundError:  # a `git gc` at work takes away folders that are empty for a moment
            if turn == _TRIES_MAX - 1:
                raise
            target.parent.mkdir(exist_ok=True)
            made = True
    try:
        with file:
            file.write(zlib.compress(raw, _LOOSE_LEVEL))
            flush(file)
        scratch.replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            scratch.chmod(0o644)  # Windows removes no read-only file
            scratch.unlink()
        raise
    return made
