"""Branches and other refs, loose and packed.

Law: a ref changes only from the value that was expected of it, under git's own lock, and durably.
The trap avoided: dulwich's commit reads a ref once for the parent and again for the comparison, and 18 % of the commits
of two processes were lost. Here the caller's `expected` is the only value that is ever compared.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from fieldvault.core.snapshot import Oid
from fieldvault.edge.durable import flush_folder, make_folder
from fieldvault.edge.git.gitdir.config import GitConfig
from fieldvault.edge.git.gitdir.locks import GitLock
from fieldvault.edge.git.gitdir.reflog import Reflog
from fieldvault.errors import Busy, Corrupt, FieldvaultError

NO_OID = "0" * 40

_WAIT_SECONDS = 1.0  # git holds a ref's lock for milliseconds; git itself waits 0.1 s, and 1 s for packed-refs
_FOLDER_TRIES = 5
_SYMBOLIC_DEPTH = 5
_OID = re.compile(r"[0-9a-f]{40}")
_BAD_NAME = re.compile(r"(^|/)\.|\.\.|\.lock(/|$)|[\0-\x20\x7f~^:?*\[\\]|@\{|//|/$|\.$")


class Refs:
    """The refs of one repository. Names are full: refs/heads/main. `workdir` is that of the locks (GitLock)."""

    def __init__(self, git_dir: Path, workdir: Path | None = None) -> None:
        self._git_dir = git_dir
        self._workdir = workdir
        self.reflog = Reflog(git_dir)

    def head(self) -> tuple[str | None, Oid | None]:
        """The branch that HEAD names, None where it is detached, and the commit, None before the first one."""
        text = self._text("HEAD")
        if text is None:
            raise Corrupt("ref-damaged", ref="HEAD")
        target = _symbolic(text)
        if target is None:
            return None, self.read("HEAD")
        return target.removeprefix("refs/heads/"), self.read(target)

    def read(self, ref: str) -> Oid | None:
        """The id a ref has, followed through symbolic ones; None where it does not stand. Corrupt("ref-damaged")."""
        for _ in range(_SYMBOLIC_DEPTH):
            text = self._text(ref)
            if text is None:
                return self._packed().get(ref)
            target = _symbolic(text)
            if target is None:
                if not _OID.fullmatch(text):
                    raise Corrupt("ref-damaged", ref=ref)
                return text
            ref = target
        raise Corrupt("ref-damaged", ref=ref)

    def under(self, prefix: str) -> dict[str, Oid]:
        """Every ref below a prefix such as "refs/fv/", sorted by name; symbolic ones by what they point to.

        Damaged ones are left out, as git does: one of a colleague's in a hub must not stop everybody.
        """
        folder = self._git_dir / prefix
        loose = [self._name(path) for path in folder.rglob("*") if path.suffix != ".lock" and path.is_file()]
        found: dict[str, Oid | None] = dict(self._packed())  # after the listing: git packs a ref before it removes it
        found.update((name, self._read_if_whole(name)) for name in loose)
        return {name: oid for name, oid in sorted(found.items()) if name.startswith(prefix) and oid is not None}

    def _read_if_whole(self, ref: str) -> Oid | None:
        try:
            return self.read(ref)
        except Corrupt:
            return None

    def compare_and_set(
        self, ref: str, expected: Oid | None, new: Oid | None, *, who: str = "", message: str = ""
    ) -> bool:
        """Move `ref` from `expected` to `new`; None stands for no ref. False, and no change, if it is elsewhere.

        `who` is "Name <mail> seconds +0100" for the reflog, which is kept where git would keep one; without it none is.
        Busy("git-busy", path) after a second of waiting; FieldvaultError("ref-name", ref) for a name git refuses, and
        "ref-in-the-way" where a ref of a part of that name stands.
        """
        check_name(ref)
        path = self._git_dir / ref
        with GitLock(path, self._workdir) as lock:
            self._acquire(lock)
            if self.read(ref) != expected:
                return False
            if new is None:
                self._remove(ref)
            elif new != expected:
                self._check_room(ref)
                self._install(lock, new)
                if who:
                    self.log_move(ref, expected, new, who, message)
        if new is None:
            self._prune(path.parent)
        return True

    def log_move(self, ref: str, old: Oid | None, new: Oid, who: str, message: str) -> None:
        """Note a move in the reflogs that git would write: the ref's own, and HEAD's where HEAD names it."""
        names = [ref, "HEAD"] if _symbolic(self._text("HEAD") or "") == ref else [ref]
        for name in names:
            if self.reflog.stands(name) or self._keeps_reflog(name):
                self.reflog.append(name, old or NO_OID, new, who, message)

    def _keeps_reflog(self, ref: str) -> bool:
        config = GitConfig(self._git_dir)
        setting = config.get("core", "logallrefupdates")
        if setting == "always":
            return True
        wanted = config.get_bool("core", "logallrefupdates")
        kept = wanted if wanted is not None else not config.get_bool("core", "bare")
        return kept and (ref == "HEAD" or ref.startswith(("refs/heads/", "refs/remotes/", "refs/notes/")))

    def _text(self, ref: str) -> str | None:
        path = self._git_dir / ref
        try:
            return path.read_text("utf-8", "surrogateescape").rstrip()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except PermissionError:
            if path.is_dir():  # as Windows puts it
                return None
            raise

    def _packed(self) -> dict[str, Oid]:
        text = self._text("packed-refs") or ""
        lines = (line for line in text.split("\n") if line and line[0] not in "#^")
        return {ref: oid for oid, _, ref in (line.partition(" ") for line in lines)}

    def _check_room(self, ref: str) -> None:
        """refs/x and refs/x/y cannot both stand; among the loose ones the file system sees to that."""
        parts = ref.split("/")
        above = {"/".join(parts[:length]) for length in range(2, len(parts))}
        for other in self._packed():
            if (other in above or other.startswith(ref + "/")) and self.read(other) is not None:
                raise FieldvaultError("ref-in-the-way", ref=ref, other=other)

    def _install(self, lock: GitLock, new: Oid) -> None:
        lock.write([new.encode("ascii") + b"\n"])
        if lock.target.is_dir():
            self._clear(lock.target)
        lock.commit()

    def _clear(self, folder: Path) -> None:
        """Refs that were removed may have left empty folders where this one is to stand."""
        try:
            for path in sorted((folder, *folder.rglob("*")), reverse=True):
                path.rmdir()
        except OSError as error:
            raise FieldvaultError("ref-in-the-way", ref=self._name(folder), other=self._name(folder) + "/") from error

    def _remove(self, ref: str) -> None:
        """From packed-refs first: the other way round an old packed value would come back for a moment."""
        packed = self._git_dir / "packed-refs"
        with GitLock(packed, self._workdir) as lock:
            lock.acquire(_WAIT_SECONDS)
            if ref in self._packed():
                lock.write([_without(packed.read_bytes(), ref)])
                lock.commit()
        path = self._git_dir / ref
        self.reflog.remove(ref)
        path.unlink(missing_ok=True)
        flush_folder(path.parent)

    def _prune(self, folder: Path) -> None:
        """Remove the folders that a removed ref left empty, but never refs/heads and its like."""
        with contextlib.suppress(OSError):
            while len(folder.relative_to(self._git_dir).parts) > 2:
                folder.rmdir()
                folder = folder.parent

    def _acquire(self, lock: GitLock) -> None:
        folder = lock.path.parent
        for _ in range(_FOLDER_TRIES):
            try:
                make_folder(folder)
                lock.acquire(_WAIT_SECONDS)
                return
            except (FileExistsError, NotADirectoryError) as error:
                standing = next((above for above in lock.path.parents if above.is_file()), folder)
                ref, other = self._name(lock.target), self._name(standing)
                raise FieldvaultError("ref-in-the-way", ref=ref, other=other) from error
            except FileNotFoundError:
                continue  # git removed the empty folder between our two calls
        raise Busy("git-busy", path=str(lock.path))

    def _name(self, path: Path) -> str:
        return path.relative_to(self._git_dir).as_posix()


def check_name(ref: str) -> None:
    """FieldvaultError("ref-name") for what `git check-ref-format` refuses: a hub's names become paths here."""
    if not ref.startswith("refs/") or ref.count("/") < 2 or _BAD_NAME.search(ref):
        raise FieldvaultError("ref-name", ref=ref)


def _symbolic(text: str) -> str | None:
    return text[4:].strip() if text.startswith("ref:") else None


def _without(packed: bytes, ref: str) -> bytes:
    """packed-refs without one ref and the peeled line that may follow it."""
    kept = []
    dropping = False
    for line in packed.splitlines(keepends=True):
        dropping = (dropping and line.startswith(b"^")) or line.rstrip(b"\n").endswith(b" " + ref.encode())
        if not dropping:
            kept.append(line)
    return b"".join(kept)
