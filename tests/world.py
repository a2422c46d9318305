"""A hub and the vaults of several people, for tests: real files, real repositories, in one temporary folder.

Law: a desk acts as its person would, through the same actions as the commands; each act opens the vault anew, as a
command does. Time goes forward by a minute with each act, so that no test reads a clock.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fieldvault.actions.committing.commit import CommitReport, commit
from fieldvault.actions.committing.editing import set_fields
from fieldvault.actions.deciding.conflicts import OpenConflict, list_conflicts
from fieldvault.actions.deciding.resolving import resolve
from fieldvault.actions.deciding.undo import Undone, undo
from fieldvault.actions.ground.opening import open_vault
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.looking.status import StatusReport, status
from fieldvault.actions.setting_up.clone import clone
from fieldvault.actions.setting_up.hubs import hub_init
from fieldvault.actions.setting_up.init import init
from fieldvault.actions.syncing.report import SyncReport
from fieldvault.actions.syncing.sync import sync
from fieldvault.core.assign import parse
from fieldvault.core.snapshot import Oid
from fieldvault.core.values import from_pointer
from fieldvault.edge.git.gitdir.config import GitConfig
from tests.gitenv import PINNED, Git

_minutes = itertools.count()


def now() -> tuple[int, int]:
    return 1_772_437_200 + 60 * next(_minutes), 60


class Desk:
    """One person's vault, and what that person does in it."""

    def __init__(self, root: Path, person: str, settings: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.person = person
        self.environment = dict(PINNED) | {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", person), ("EMAIL", f"{person.lower()}@example.org"))
        }
        self.environment |= settings or {}
        for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
            self.environment.pop(name)
        self.git = Git(root, **{key: value for key, value in self.environment.items() if key.startswith("GIT_")})

    @contextmanager
    def vault(self) -> Iterator[Vault]:
        with open_vault(self.root) as vault:
            vault.__dict__["config"] = GitConfig(vault.git_dir, self.environment)
            yield vault

    def write(self, path: str, text: str | bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())

    def read(self, path: str) -> str:
        return self.read_bytes(path).decode()

    def read_bytes(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def edit(self, path: str, old: str, new: str) -> None:
        """As in an editor: replace one place in a file."""
        text = self.read(path)
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        self.write(path, text.replace(old, new))

    def remove(self, path: str) -> None:
        (self.root / path).unlink()

    def files(self) -> dict[str, bytes]:
        """Every file of the folder but those of git."""
        found = (path for path in self.root.rglob("*") if path.is_file() and ".git" not in path.parts)
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}

    def conflict_files(self) -> list[str]:
        return sorted(path for path in self.files() if path.startswith("conflicts/"))

    def head(self) -> Oid:
        return self.git("rev-parse", "HEAD")

    def commit(self, message: str | None = None, *paths: str) -> CommitReport:
        with self.vault() as vault:
            return commit(vault, now, message, paths)

    def sync(self) -> SyncReport:
        with self.vault() as vault:
            return sync(vault, now)

    def status(self) -> StatusReport:
        with self.vault() as vault:
            return status(vault, now)

    def conflicts(self) -> list[OpenConflict]:
        with self.vault() as vault:
            return list_conflicts(vault)

    def set(self, record: str, *assignments: str) -> CommitReport:
        parsed = [parse(one) for one in assignments]
        with self.vault() as vault:
            return set_fields(vault, now, record, [one for one in parsed if one])

    def resolve(
        self, record: str, field: str | None = None, *, take: int | None = None, value: str | None = None
    ) -> None:
        with self.vault() as vault:
            resolve(vault, now, record, from_pointer(field) if field is not None else None, take=take, value=value)

    def undo(self, commit: Oid | None = None, record: str | None = None, *, redo: bool = False) -> Undone:
        with self.vault() as vault:
            return undo(vault, now, commit, record, redo=redo)

    def assert_clean(self) -> None:
        """What must hold after every command: git agrees with us, and finds nothing wrong."""
        assert self.git("status", "--porcelain") == ""
        done = self.git.run("fsck", "--strict", "--no-dangling")
        assert done.returncode == 0 and not done.stdout and not done.stderr, done.stderr.decode()
        locks = [path for path in self.root.rglob("*.lock") if path.parent.name != "fieldvault"]
        assert not locks and not list(self.root.rglob(".fv-*"))


class World:
    """A hub in a folder, and desks around it. `url`: a hub of another kind; `settings`: what it needs in the
    environment.
    """

    def __init__(self, folder: Path, url: str | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.settings = settings
        self.hub = folder / "hub.git"
        hub_init(self.hub)
        self.hub_git = Git(self.hub)
        self.url = url or str(self.hub)

    def first(
        self, person: str = "Marc", *, sample: bool = False, files: Mapping[str, str | bytes] | None = None
    ) -> Desk:
        """The desk of whoever starts the vault; `files` instead of the standard types."""
        desk = Desk(self.folder / person.lower(), person, self.settings)
        with as_person(desk):
            init(desk.root, now, sample=sample, empty=files is not None, hub=self.url)
        for path, text in (files or {}).items():
            desk.write(path, text)
        desk.commit("Start")
        desk.sync()
        return desk

    def join(self, person: str) -> Desk:
        """The desk of somebody who clones the hub."""
        desk = Desk(self.folder / person.lower(), person, self.settings)
        with as_person(desk):
            clone(self.url, desk.root, now)
        return desk

    def settle(self, *desks: Desk) -> None:
        """Everybody syncs until nothing moves: twice around is enough for what is committed."""
        for desk in (*desks, *desks):
            desk.sync()


@contextmanager
def as_person(desk: Desk) -> Iterator[None]:
    """This process as that person, for what happens before there is a vault."""
    kept = {name: os.environ.get(name) for name in desk.environment}
    os.environ.update(desk.environment)
    try:
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def fv(
    *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """One `fv` command in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "FV_"))}
    words = [sys.executable, "-m", "fieldvault", *arguments]
    return subprocess.run(
        words,
        cwd=cwd,
        env=kept | dict(PINNED) | dict(environment or {}),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
