"""Putting new versions in place of old ones: the working files of one change.

Law: nothing a person wrote is ever overwritten or removed unseen. New versions are written and flushed in a folder of
our own first (`stage`), each under its number. Then each *changes places* with the file it replaces (`place`), and what
came out is looked at: if it is not the version that was expected, an editor saved in between, and it goes back. A file
to be removed is moved out and looked at in the same way. What came out stays under its number until `discard`, so that
of a change that was cut off each path tells how far it got:

    the path holds           its number holds       then
    new                      anything               it is done
    old                      anything               it is placed now
    something else, nothing  new (removal: nothing) it was saved before we came: its base is old
                             old, or nothing        it was saved on top of the new version: its base is new
                             something else         that was saved before we came, and goes back: its base is old

A large attachment holds a version as its content and as the pointer to it (worktree/files); which of the two it shows
is a second question, and the only one that this room lets `content` decide.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from fieldvault.core.pointers import read_pointer
from fieldvault.core.snapshot import EXECUTABLE, Entry, Oid, TreeChange
from fieldvault.edge.durable import flush_file, flush_file_system, flush_folder, flush_folders, make_folder, write_new
from fieldvault.edge.worktree.adding import copy_new
from fieldvault.edge.worktree.files import Read, Worktree, digests, same_stat
from fieldvault.edge.worktree.swap import exchange, move_new
from fieldvault.errors import FieldvaultError

BULK = 20  # from here on one flush of the whole file system costs less than one for each file
_TRIES_MAX = 100
_DENIED = (errno.EACCES, errno.EPERM, errno.EBUSY, errno.ETXTBSY, errno.EROFS, errno.EXDEV)
_IN_THE_WAY = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY)

Content = Callable[[Oid], bytes | Path]  # what a version's file holds: bytes, or a copy of that file
Identity = frozenset[Oid]  # the versions that a name holds, in either form; none for nothing
_NO_FILE: Identity = frozenset({""})  # of what is no ordinary file


class Outcome(NamedTuple):
    """What became of one path. `problem` is None when it holds the new version now; else `base` is the version that
    what stands there came from. `stat`: of the file while it was known to hold the new version.
    """

    change: TreeChange
    stat: os.stat_result | None = None
    problem: str | None = None
    base: Entry | None = None


class _Made(NamedTuple):
    """By what a file of ours is known again, wherever it lies by then."""

    inode: int
    mtime_ns: int


class Replacing:
    """One change's working files. `folder` is on the vault's file system and used by one change at a time.

    With `dropping` a file that shows its content is brought to show the pointer instead.
    """

    def __init__(
        self, worktree: Worktree, folder: Path, changes: Sequence[TreeChange], *, dropping: bool = False
    ) -> None:
        self._worktree = worktree
        self._folder = folder
        self._changes = changes
        self._dropping = dropping
        self._fresh: dict[int, _Made] = {}  # the numbers under which this process wrote the new version
        self._sound = {""}  # folders known to be folders, all the way up
        self._touched: set[str] = set()

    def stage(self, content: Content) -> None:
        """Write every new version, durably. Nothing of it is to be seen in the vault."""
        self.discard()  # so that every number is free
        make_folder(self._folder)
        arrivals = [number for number, change in enumerate(self._changes) if change.new]
        in_bulk = len(arrivals) > BULK
        for number in arrivals:
            new = self._changes[number].new
            assert new is not None
            self._fresh[number] = self._write(self._staged(number), new, content, flushed=not in_bulk)
        if not arrivals:
            return
        if not in_bulk:
            flush_folder(self._folder)
        elif not flush_file_system(self._folder):
            for number in arrivals:
                flush_file(Path(self._staged(number)))

    def place(self, content: Content) -> list[Outcome]:
        """Bring each path from its old version to its new one; durable on return.

        A path that holds the new version already is adopted; one that holds neither stays (`file-edited`), as does one
        that the system does not let us replace. Removals come first, the deepest first, so that a folder can follow a
        file, a file a folder, and a name one that differs in case only.
        """
        order = sorted(range(len(self._changes)), key=lambda number: _turn(self._changes[number]))
        outcomes = [self._bring(number, self._changes[number], content) for number in order]
        for place, number in enumerate(order):
            if outcomes[place].problem == "file-denied":  # once more: a virus scanner lets go after a moment
                outcomes[place] = self._bring(number, self._changes[number], content)
        if len(self._touched) <= BULK or not flush_file_system(self._worktree.root):
            flush_folders(self._worktree.path(folder) for folder in self._touched)
        return outcomes

    def abandon(self) -> dict[str, Entry | None]:
        """Give up a change that was cut off: saves that came out go back, and no path is brought along.

        Returns the paths that hold, or came from, the new version: path -> that version.
        """
        placed = {}
        for number, change in enumerate(self._changes):
            try:
                base = self._base(number, change)
                holds_new = _holds(self._worktree.name(change.path), change.new)
            except OSError:
                continue
            if holds_new or base != change.old:
                placed[change.path] = change.new
        return placed

    def discard(self) -> None:
        """Remove what was staged and what came out; what cannot be removed now is by whoever finds it."""
        for left in self._folder.iterdir() if self._folder.is_dir() else ():
            with contextlib.suppress(OSError):
                left.unlink()

    def _staged(self, number: int) -> str:
        return f"{self._folder}/{number}"

    def _write(self, name: str, new: Entry, content: Content, *, flushed: bool) -> _Made:
        shown, mode = content(new.oid), 0o777 if new.mode == EXECUTABLE else 0o666
        if isinstance(shown, bytes):
            status = write_new(name, shown, mode, flushed=flushed)
        else:
            status = copy_new(shown, Path(name), mode, flushed=flushed)
        return _Made(status.st_ino, status.st_mtime_ns)

    def _made_again(self, number: int, new: Entry, content: Content) -> None:
        """Of a change that was cut off; whole or not at all: a torn file would pass for a save that came out."""
        staged = Path(self._staged(number))
        if _holds(str(staged), new):
            status = staged.lstat()
            self._fresh[number] = _Made(status.st_ino, status.st_mtime_ns)
            return
        scratch = staged.with_suffix(".part")
        scratch.unlink(missing_ok=True)
        self._fresh[number] = self._write(str(scratch), new, content, flushed=True)
        scratch.replace(staged)

    def _bring(self, number: int, change: TreeChange, content: Content) -> Outcome:
        """Bring one path along, wherever it stands between the two versions."""
        base = change.old
        try:
            self._expect_folders(_folder_of(change.path))
            if change.old is None and number in self._fresh and (created := self._created(number, change)):
                return created
            base = self._base(number, change)
            now = self._worktree.read(change.path)
            if _is(now, change.new) and (now is None or not self._shows_the_other_form(now, change.new, content)):
                return self._adopt(change, now)
            if not _is(now, change.old):
                return Outcome(change, None, "file-edited", base)
            if change.new is None:
                return self._remove(number, change)
            if number not in self._fresh:
                self._made_again(number, change.new, content)
            if now is None:
                return self._created(number, change) or Outcome(change, None, self._taken(change), base)
            return self._replace(number, change, change.new, now)
        except FieldvaultError as error:
            return Outcome(change, None, error.kind, base)
        except OSError as error:
            if error.errno in _IN_THE_WAY:
                return Outcome(change, None, "file-in-the-way", base)
            if error.errno in _DENIED:
                return Outcome(change, None, "file-denied", base)
            raise

    def _shows_the_other_form(self, now: Read, new: Entry | None, content: Content) -> bool:
        """Whether the file is a pointer and should be its content, or the other way round."""
        if new is None or now.shown != new.oid:
            return self._dropping
        return not self._dropping and read_pointer(now.data) is not None and isinstance(content(new.oid), Path)

    def _base(self, number: int, change: TreeChange) -> Entry | None:
        """The version that the path came from, told from its number (the table above)."""
        if number in self._fresh:
            return change.old
        staged = self._staged(number)
        kept = _identity(staged)
        if _matches(kept, change.new):
            return change.old
        if not kept or _matches(kept, change.old):
            return change.new
        self._put_back(number, change, change.new)
        return change.old

    def _adopt(self, change: TreeChange, now: Read | None) -> Outcome:
        if now is None or change.new is None or now.mode == change.new.mode or os.name == "nt":
            return Outcome(change, now.stat if now else None)
        self._worktree.path(change.path).chmod(_permissions(now.stat, change.new.mode))
        return Outcome(change)

    def _created(self, number: int, change: TreeChange) -> Outcome | None:
        """The new version under a name that nobody has; None where something stands there."""
        self._make_folders(_folder_of(change.path))
        try:
            move_new(self._staged(number), self._worktree.name(change.path))
        except FileExistsError:
            return None
        return self._placed(number, change)

    def _taken(self, change: TreeChange) -> str:
        """What stands, since our last look, where the new version should go."""
        return "file-in-the-way" if self._worktree.path(change.path).is_dir() else "file-edited"

    def _replace(self, number: int, change: TreeChange, new: Entry, now: Read) -> Outcome:
        staged, target = self._staged(number), self._worktree.name(change.path)
        if os.name != "nt":
            Path(staged).chmod(_permissions(now.stat, new.mode))
        if not exchange(staged, target):
            seen = self._worktree.stat(change.path)
            if seen is None or not same_stat(seen, now.stat):
                return Outcome(change, None, "file-edited", change.old)
            Path(staged).replace(target)  # a save between the two lines would be lost: the best that this system can do
        elif not _holds(staged, change.old):
            self._put_back(number, change, new)
            return Outcome(change, None, "file-edited", change.old)
        return self._placed(number, change)

    def _placed(self, number: int, change: TreeChange) -> Outcome:
        """Done; the stat counts only if it is still that of the file we put there."""
        self._touched.add(_folder_of(change.path))
        after = self._worktree.stat(change.path)
        ours = after is not None and (after.st_ino, after.st_mtime_ns) == self._fresh[number]
        return Outcome(change, after if ours else None)

    def _remove(self, number: int, change: TreeChange) -> Outcome:
        staged = Path(self._staged(number))
        staged.unlink(missing_ok=True)
        self._worktree.path(change.path).rename(staged)
        if not _holds(str(staged), change.old):
            self._put_back(number, change, None)
            return Outcome(change, None, "file-edited", change.old)
        folder = _folder_of(change.path)
        self._touched.add(folder)
        with contextlib.suppress(OSError):  # not empty: it stays
            while folder:
                self._worktree.path(folder).rmdir()
                self._sound.discard(folder)
                folder = _folder_of(folder)
                self._touched.add(folder)
        return Outcome(change)

    def _put_back(self, number: int, change: TreeChange, new: Entry | None) -> None:
        """What came out was saved in between: it goes back, and so does whatever then comes out and is not what we
        put in (`new` the first time), since that was saved still later.
        """
        ours: Identity = frozenset({new.oid}) if new else frozenset()
        staged, target = self._staged(number), self._worktree.name(change.path)
        for _ in range(_TRIES_MAX):
            with contextlib.suppress(FileExistsError):
                move_new(staged, target)
                break
            saved = _identity(staged)
            with contextlib.suppress(FileNotFoundError):  # removed since: once more
                if not exchange(staged, target) or _identity(staged) & ours:
                    break
                ours = saved
        self._touched.add(_folder_of(change.path))

    def _expect_folders(self, folder: str) -> None:
        """NotADirectoryError where a file, or a link that could lead out of the vault, stands for a folder above."""
        above = [folder]
        while above[-1] not in self._sound:
            above.append(_folder_of(above[-1]))
        for one in reversed(above[:-1]):
            try:
                mode = self._worktree.path(one).lstat().st_mode
            except FileNotFoundError:
                return
            if not stat.S_ISDIR(mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), one)
            self._sound.add(one)

    def _make_folders(self, folder: str) -> None:
        if folder not in self._sound:
            above = _folder_of(folder)
            self._make_folders(above)
            self._worktree.path(folder).mkdir(exist_ok=True)
            self._touched.add(above)
            self._sound.add(folder)


def _folder_of(path: str) -> str:
    """The folder above; "" is the vault's own."""
    return path.rpartition("/")[0]


def _turn(change: TreeChange) -> int:
    """By what removals come first, the deepest of them before the others."""
    return 0 if change.new else -1 - change.path.count("/")


def _is(now: Read | None, version: Entry | None) -> bool:
    """Whether a file that was read (None: there is none) holds this version."""
    return now is None if version is None else now is not None and now.holds(version.oid)


def _holds(name: str, version: Entry | None) -> bool:
    return _matches(_identity(name), version)


def _matches(identity: Identity, version: Entry | None) -> bool:
    return version.oid in identity if version else not identity


def _identity(name: str) -> Identity:
    try:
        status = os.lstat(name)
        if not stat.S_ISREG(status.st_mode):
            return _NO_FILE
        with Path(name).open("rb") as file:
            pointer, raw = digests(file, status.st_size)
            return frozenset({raw, pointer.oid})
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()


def _permissions(current: os.stat_result, mode: int) -> int:
    """Those the file has, with x where r is, or nowhere, as git does."""
    executable = (current.st_mode & 0o444) >> 2 if mode == EXECUTABLE else 0
    return stat.S_IMODE(current.st_mode) & ~0o111 | executable
