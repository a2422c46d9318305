"""A bundle: refs and one pack in a file, for a stick where there is no link.

Law: what is written here git verifies, clones and fetches from; what git writes is read here. A bundle is a hub that
only gives: what it holds is trusted no more than what a server sends, and contents of large attachments come when they
are asked for. The file is written whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from fieldvault.core.snapshot import Oid
from fieldvault.edge.durable import OWN_FOLDER, whole_file
from fieldvault.edge.git.hubs.arrivals import Arrivals
from fieldvault.edge.git.hubs.giving import give_objects, give_trees
from fieldvault.edge.git.hubs.hub import PREFIXES, Pieces
from fieldvault.edge.git.hubs.link import Progress, no_progress
from fieldvault.edge.git.hubs.packs import missing_objects, objects_to_send, pack_entries
from fieldvault.edge.git.store.chunks import SHELVES, all_chunks
from fieldvault.edge.git.store.history import commits_here, read_commit, walk
from fieldvault.edge.git.store.objects import Objects, Reader
from fieldvault.errors import Corrupt, FieldvaultError, HubRefused

_SIGNATURES = (b"# v2 git bundle\n", b"# v3 git bundle\n")
_PREREQUISITE = re.compile(r"-([0-9a-f]{40})(?: .*)?")
_REF = re.compile(r"([0-9a-f]{40}) (HEAD|refs/.+)")
_CAPABILITY_OF_EVERY_BUNDLE = "@object-format=sha1"
_LINE_BYTES_MAX = 64 << 10
_LINES_MAX = 100_000
_BLOCK_BYTES = 1 << 20
_MAIN = "refs/heads/main"


@dataclass(frozen=True)
class Header:
    """`needs`: the commits that a bundle builds on; `refs`: what it brings; `pack_at`: where its pack begins."""

    needs: tuple[Oid, ...]
    refs: Mapping[str, Oid]
    pack_at: int


def is_bundle(path: Path) -> bool:
    """Whether a file begins as a bundle does."""
    try:
        with path.open("rb") as file:
            return file.read(len(_SIGNATURES[0])) in _SIGNATURES
    except OSError:
        return False


class BundleHub:
    """One bundle as a hub; see hub.Hub for what its methods promise. Nothing can be published to it.

    Opening it raises FieldvaultError: "file-missing" (path), "bundle-not" (path), "bundle-damaged" (path),
    "bundle-unsupported" (path, word).
    """

    checked = True
    linked = False
    parts = None

    def __init__(self, path: Path, progress: Progress) -> None:
        self.url = str(path)
        self._path = path
        self._progress = progress
        self._header = read_header(path)
        self._unpacked: Arrivals | None = None

    def close(self) -> None:
        if self._unpacked is not None:
            self._unpacked.clear()
            self._unpacked = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def tips(self) -> dict[str, Oid]:
        """As of a hub; of a bundle that names no main, HEAD stands for it."""
        refs = self._header.refs
        named = {ref: oid for ref, oid in refs.items() if ref.startswith(PREFIXES)}
        return named if _MAIN in named or "HEAD" not in refs else named | {_MAIN: refs["HEAD"]}

    def fetch(self, into: Objects, wants: Collection[Oid], haves: Iterable[Oid]) -> None:
        """Raises what `unpacked` raises."""
        complete = [oid for oid in haves if oid in into]
        wanted = [oid for oid in wants if missing_objects(into, [oid], complete)]
        if not wanted:
            return
        unpacked = self.unpacked(into)
        if missing_objects(unpacked, wanted, complete):
            raise FieldvaultError("bundle-damaged", path=self.url)
        shelves = [oid for ref, oid in self._header.refs.items() if ref.startswith(SHELVES)]
        chunks = {chunk for oid in shelves for chunk in all_chunks(unpacked, oid)}
        if chunks:  # one may be a small file's content as well
            chunks -= {sent.oid for sent in objects_to_send(unpacked, wanted, complete)}
        unpacked.settle(chunks)

    def unpacked(self, objects: Objects) -> Arrivals:
        """What it holds, on top of a vault's objects, which do not have it yet; until it is closed.

        Raises FieldvaultError "bundle-lacks" (path, oid) where a commit is not here that it builds on, and
        "bundle-damaged" (path).
        """
        if self._unpacked is None:
            for oid in self._header.needs:
                if oid not in objects:
                    raise FieldvaultError("bundle-lacks", path=self.url, oid=oid[:10])
            self._unpacked = Arrivals(objects.path.parent / OWN_FOLDER / "bundle", objects)
            self._unpacked.clear()  # of one that was killed
            try:
                self._adopt(self._unpacked)
            except Corrupt as error:
                raise FieldvaultError("bundle-damaged", path=self.url) from error
        return self._unpacked

    def _adopt(self, into: Arrivals) -> None:
        with self._path.open("rb") as file, into.receive_pack() as intake:
            file.seek(self._header.pack_at)
            while block := file.read(_BLOCK_BYTES):
                intake.write(block)
                self._progress(len(block), 0, "received")
            self._progress(0, len(intake.adopt()), "received")

    @property
    def pieces(self) -> Pieces:
        return self

    def fetch_trees(self, into: Arrivals, commits: Collection[Oid]) -> None:
        give_trees(self.unpacked(into.settled), into, commits, no_progress)

    def fetch_objects(self, into: Arrivals, oids: Collection[Oid]) -> None:
        give_objects(self.unpacked(into.settled), into, oids, no_progress)

    def expect_publish(self) -> None:
        """There will be none."""

    def publish(
        self, source: Reader, updates: Mapping[str, tuple[Oid | None, Oid]], known: Iterable[Oid] = ()
    ) -> dict[str, str | None]:
        raise HubRefused("hub-is-bundle", path=self.url)

    def remove(self, refs: Mapping[str, Oid]) -> dict[str, str | None]:
        raise HubRefused("hub-is-bundle", path=self.url)

    def abilities(self) -> None:
        """There is no server."""


def read_header(path: Path) -> Header:
    """What stands before the pack. Raises what opening a BundleHub raises."""
    try:
        file = path.open("rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FieldvaultError("file-missing", path=str(path)) from error
    except IsADirectoryError as error:
        raise FieldvaultError("bundle-not", path=str(path)) from error
    with file:
        if file.readline(len(_SIGNATURES[0])) not in _SIGNATURES:
            raise FieldvaultError("bundle-not", path=str(path))
        needs, refs = [], {}
        for line in _lines(file, path):
            if line.startswith("@"):
                if line != _CAPABILITY_OF_EVERY_BUNDLE:
                    raise FieldvaultError("bundle-unsupported", path=str(path), word=line[1:])
            elif match := _PREREQUISITE.fullmatch(line):
                needs.append(match[1])
            elif match := _REF.fullmatch(line):
                refs[match[2]] = match[1]
            else:
                raise FieldvaultError("bundle-damaged", path=str(path))
        return Header(tuple(needs), refs, file.tell())


def _lines(file: BinaryIO, path: Path) -> Iterator[str]:
    """The lines up to the empty one that ends a header."""
    for _ in range(_LINES_MAX):
        line = file.readline(_LINE_BYTES_MAX)
        if line == b"\n":
            return
        if not line.endswith(b"\n"):
            break
        yield line[:-1].decode("utf-8", "surrogateescape")
    raise FieldvaultError("bundle-damaged", path=str(path))


def write_bundle(path: Path, reader: Reader, refs: Mapping[str, Oid], known: Collection[Oid]) -> None:
    """Write what `refs` name and no commit in `known` contains. Each of them brings something: git takes no other."""
    from dulwich.object_format import SHA1
    from dulwich.pack import write_pack_data

    commits = {commit.oid: commit for commit in walk(reader, refs.values(), commits_here(reader, known))}
    needs = {parent for commit in commits.values() for parent in commit.parents if parent not in commits}
    objects = objects_to_send(reader, refs.values(), known)
    with whole_file(path) as file:
        file.write(_SIGNATURES[0])
        for oid in sorted(needs):
            file.write(f"-{oid} {read_commit(reader, oid).subject}\n".encode("utf-8", "surrogateescape"))
        for ref, oid in refs.items():
            file.write(f"{oid} {ref}\n".encode())
        file.write(b"\n")
        write_pack_data(file.write, pack_entries(reader, objects), SHA1, num_records=len(objects))
