"""git's index, written so that plain git in the same folder finds everything clean; fv itself does not rely on it.

Law: entries nobody changed keep their bytes, and what cannot be patched is refused by name, so that it can be rebuilt.
The traps avoided: dulwich makes an object of each of 100,000 entries (1.6 s), drops TREE and every other extension, and
installs a truncated index when an error comes in between.
"""

from __future__ import annotations

import hashlib
import os
import struct
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Thread
from typing import NamedTuple

from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.gitdir import cachetree
from fieldvault.errors import Corrupt

_HEADER = struct.Struct(">4sLL")
_ENTRY = struct.Struct(">10L20sH")
_EXTENSION = struct.Struct(">4sL")
_NAME_OFFSET = _ENTRY.size  # 62
_CHECKSUM_BYTES = 20
_SKIPPED = bytes(_CHECKSUM_BYTES)  # where git was told index.skipHash
_EXTENDED, _STAGE_SHIFT, _LENGTH_MASK = 0x4000, 12, 0xFFF
_UINT32 = 0xFFFFFFFF
_LENGTHS = [(_NAME_OFFSET + length + 8) & ~7 for length in range(256)]  # of an entry, by that of its name

FilePieces = Iterator[bytes | memoryview]  # of one file, in order: a copy of it all would cost as much as its checksum


class IndexStat(NamedTuple):
    """What git compares with the working file before it opens it; 32 bits each."""

    ctime_s: int = 0
    ctime_ns: int = 0
    mtime_s: int = 0
    mtime_ns: int = 0
    dev: int = 0
    ino: int = 0
    uid: int = 0
    gid: int = 0
    size: int = 0


class IndexEntry(NamedTuple):
    """One file of the index. A stage above 0 says that a merge left the path unmerged."""

    mode: int
    oid: Oid
    stat: IndexStat = IndexStat()  # all zero: git opens the file to see whether it changed
    stage: int = 0


def entry_from_stat(status: os.stat_result, oid: Oid, mode: int) -> IndexEntry:
    """The entry of a file whose content, when `status` was taken, had this id."""
    fields = (
        *divmod(status.st_ctime_ns, 10**9),
        *divmod(status.st_mtime_ns, 10**9),
        # Git for Windows knows no devices, inodes and owners, and would open each file to find it unchanged.
        *((0, 0, 0, 0) if os.name == "nt" else (status.st_dev, status.st_ino, status.st_uid, status.st_gid)),
        status.st_size,
    )
    return IndexEntry(mode, oid, IndexStat(*(value & _UINT32 for value in fields)))


def build_index(entries: Iterable[tuple[str, IndexEntry]], tree_ids: Mapping[str, Oid]) -> FilePieces:
    """A whole index, of each path once. `tree_ids` by folder ("" the root) if the entries are exactly that tree, else
    empty.
    """
    encoded = sorted((name, _encode(name, entry)) for name, entry in ((_raw(path), entry) for path, entry in entries))
    pieces = [_HEADER.pack(b"DIRC", 2, len(encoded)), b"".join(entry for _, entry in encoded)]
    if tree_ids:
        ids = {_raw(folder): oid for folder, oid in tree_ids.items()}
        pieces.append(_tree_extension(cachetree.build((name for name, _ in encoded), ids)))
    return _signed(pieces)


class GitIndex:
    """A plain index of version 2, as bytes and the places where its entries start."""

    def __init__(self, data: bytes) -> None:
        """Corrupt("index-unreadable", reason) for anything else: a newer version, a split or sparse one, damage."""
        if len(data) < _HEADER.size + _CHECKSUM_BYTES or data[:4] != b"DIRC":
            raise _unreadable("signature")
        self._data = data
        with _Checksum([memoryview(data)[:-_CHECKSUM_BYTES]]) as checksum:
            version, count = _HEADER.unpack_from(data)[1:]
            if version != 2:
                raise _unreadable(f"version-{version}")
            self._starts, self._end = _scan(data, count)
            self._extensions = _extensions(data, self._end)
        if data[-_CHECKSUM_BYTES:] not in (checksum.digest(), _SKIPPED):
            raise _unreadable("checksum")

    def __len__(self) -> int:
        return len(self._starts)

    def get(self, path: str) -> IndexEntry | None:
        """The entry of a path; of an unmerged one its lowest stage."""
        name = _raw(path)
        place = self._place(name)
        return self._entry(place) if place < len(self._starts) and self._name(place) == name else None

    def unmerged(self) -> dict[str, tuple[Oid | None, Oid | None, Oid | None]]:
        """The versions of each unmerged path: base, ours, theirs."""
        found: dict[str, list[Oid | None]] = {}
        for place, start in enumerate(self._starts):
            if self._data[start + _NAME_OFFSET - 2] & 0x30:  # the stage
                entry = self._entry(place)
                versions = found.setdefault(self._name(place).decode("utf-8", "surrogateescape"), [None, None, None])
                versions[entry.stage - 1] = entry.oid
        return {path: (base, ours, theirs) for path, (base, ours, theirs) in found.items()}

    def patched(
        self, changes: Mapping[str, IndexEntry | None], old_ids: Mapping[str, Oid], new_ids: Mapping[str, Oid]
    ) -> FilePieces:
        """The index with these paths set, or with None removed; an unmerged path counts as merged after it.

        `old_ids` and `new_ids` are the trees of the folders on the way in the commit before and after this change
        (trees.folder_ids): with them TREE stays valid where it was. Other extensions are caches, and are dropped.
        """
        names = {_raw(path): entry for path, entry in changes.items()}
        dropped = self._dropped(names)
        added = {name: entry for name, entry in names.items() if entry is not None}
        header = _HEADER.pack(b"DIRC", 2, len(self) - len(dropped) + len(added))
        pieces = [header, *self._spliced(dropped, added)]
        if b"TREE" in self._extensions:
            tree = self._updated_tree(dropped, added, old_ids, new_ids)
            pieces += [_tree_extension(tree)] if tree is not None else []
        return _signed(pieces)

    def _dropped(self, names: Mapping[bytes, IndexEntry | None]) -> set[int]:
        """The places that give way: the paths' own entries, and files that stand where a new path needs a folder."""
        dropped: set[int] = set()
        folders: set[bytes] = set()
        for name, entry in names.items():
            dropped.update(self._range(name, name + b"\0"))
            if entry is not None:
                dropped.update(self._range(name + b"/", name + b"0"))  # "0" follows "/"
                folders.update(name[:place] for place, byte in enumerate(name) if byte == 0x2F)
        for folder in folders:
            dropped.update(self._range(folder, folder + b"\0"))
        return dropped

    def _spliced(self, dropped: set[int], added: Mapping[bytes, IndexEntry]) -> list[bytes | memoryview]:
        """The entries' bytes: what stands goes on in long runs, which are never copied."""
        inserts: dict[int, list[bytes]] = {}
        for name in sorted(added):
            inserts.setdefault(self._place(name), []).append(_encode(name, added[name]))
        data = memoryview(self._data)
        pieces: list[bytes | memoryview] = []
        copied = _HEADER.size
        for place in sorted(dropped | inserts.keys()):
            start = self._start(place)
            pieces.append(data[copied:start])
            pieces += inserts.get(place, [])
            copied = self._start(place + 1) if place in dropped else start
        pieces.append(data[copied : self._end])
        return pieces

    def _updated_tree(
        self,
        dropped: set[int],
        added: Mapping[bytes, IndexEntry],
        old_ids: Mapping[str, Oid],
        new_ids: Mapping[str, Oid],
    ) -> cachetree.CacheTree | None:
        try:
            tree = cachetree.parse(self._extensions[b"TREE"])
        except ValueError:
            return None
        gone = [self._name(place) for place in dropped]
        gained = cachetree.files_below(added)
        gained.subtract(cachetree.files_below(gone))

        def counts(folder: bytes) -> tuple[int, int]:
            before = len(self._range(folder + b"/", folder + b"0") if folder else self._starts)
            return before, before + gained[folder]

        raw_old = {_raw(folder): oid for folder, oid in old_ids.items()}
        raw_new = {_raw(folder): oid for folder, oid in new_ids.items()}
        cachetree.update(tree, {*gone, *added}, raw_old, raw_new, counts)
        return tree

    def _place(self, name: bytes) -> int:
        """Where a name stands among the entries, or would."""
        return bisect_left(self._starts, name, key=lambda start: _name_at(self._data, start))

    def _range(self, first: bytes, after: bytes) -> range:
        """The places of the names from `first` on that come before `after`."""
        return range(self._place(first), self._place(after))

    def _start(self, place: int) -> int:
        return self._starts[place] if place < len(self._starts) else self._end

    def _name(self, place: int) -> bytes:
        return _name_at(self._data, self._starts[place])

    def _entry(self, place: int) -> IndexEntry:
        return _decode(_ENTRY.unpack_from(self._data, self._starts[place]))


def _scan(data: bytes, count: int) -> tuple[list[int], int]:
    """The start of each entry, and the end of the last: the one loop over all of them, kept bare."""
    starts = []
    position = _HEADER.size
    lengths = _LENGTHS
    try:
        for _ in range(count):
            starts.append(position)
            if data[position + 60] & 0x0F:  # a name of 256 bytes or more
                end = data.index(b"\0", position + _NAME_OFFSET)
                position += (end - position + 8) & ~7
            else:
                position += lengths[data[position + 61]]
    except (IndexError, ValueError) as error:
        raise _unreadable("truncated") from error
    if position > len(data) - _CHECKSUM_BYTES:
        raise _unreadable("truncated")
    return starts, position


def _extensions(data: bytes, position: int) -> dict[bytes, bytes]:
    """Each extension's content. One whose name starts in lower case changes what the entries mean (split, sparse)."""
    found = {}
    end = len(data) - _CHECKSUM_BYTES
    while position + _EXTENSION.size <= end:
        name, length = _EXTENSION.unpack_from(data, position)
        position += _EXTENSION.size + length
        if not name[:1].isupper():
            raise _unreadable(f"extension-{name.decode('ascii', 'replace')}")
        found[name] = data[position - length : position]
    if position != end:
        raise _unreadable("truncated")
    return found


def _name_at(data: bytes, start: int) -> bytes:
    return data[start + _NAME_OFFSET : data.index(b"\0", start + _NAME_OFFSET)]


def _decode(fields: tuple[int, ...]) -> IndexEntry:
    """An entry of its twelve fields: git keeps the mode between the inode and the owner."""
    ctime_s, ctime_ns, mtime_s, mtime_ns, dev, ino, mode, uid, gid, size, oid, flags = fields
    stat = IndexStat(ctime_s, ctime_ns, mtime_s, mtime_ns, dev, ino, uid, gid, size)
    return IndexEntry(mode, bytes(oid).hex(), stat, flags >> _STAGE_SHIFT & 3)


def _encode(name: bytes, entry: IndexEntry) -> bytes:
    stat = entry.stat
    flags = entry.stage << _STAGE_SHIFT | min(len(name), _LENGTH_MASK)
    head = _ENTRY.pack(*stat[:6], entry.mode, *stat[6:], bytes.fromhex(entry.oid), flags)
    return head + name + bytes(8 - (_NAME_OFFSET + len(name)) % 8)


def _tree_extension(tree: cachetree.CacheTree) -> bytes:
    content = cachetree.encode(tree)
    return _EXTENSION.pack(b"TREE", len(content)) + content


def _signed(pieces: Sequence[bytes | memoryview]) -> FilePieces:
    with _Checksum(pieces) as checksum:
        yield from pieces
    yield checksum.digest()


class _Checksum:
    """SHA-1 of some bytes, made by a thread while the block reads or writes them: hashing needs no interpreter."""

    def __init__(self, pieces: Iterable[bytes | memoryview]) -> None:
        self._pieces = pieces
        self._hash = hashlib.sha1(usedforsecurity=False)
        self._thread = Thread(target=self._work)

    def __enter__(self) -> _Checksum:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    def digest(self) -> bytes:
        return self._hash.digest()

    def _work(self) -> None:
        for piece in self._pieces:
            self._hash.update(piece)


def _raw(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _unreadable(reason: str) -> Corrupt:
    return Corrupt("index-unreadable", reason=reason)
