"""The rows of the table: for each a pair of acts, fv's and git's.

Law: both do the same work on equal vaults of their own, and each run changes something that no earlier run changed.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import peers
from tests.bench.race import FV, GIT_SETTINGS, Act, run
from tests.bench.stage import Stage, put
from tests.gitenv import Git

MERGED_RECORDS = 1000

Pair = tuple[Act, Act]


@dataclass(frozen=True)
class Row:
    """`floor`: the parts of tests.bench.floors that this command cannot do without. `by`: what is compared."""

    name: str
    ours: str
    theirs: str
    target: float
    acts: Callable[[Stage], contextlib.AbstractContextManager[Pair]]
    floor: tuple[str, ...]
    by: str = "wall"
    most_records: int = 100_000
    heavy: bool = False


@contextmanager
def status(stage: Stage) -> Iterator[Pair]:
    ours, theirs = _vaults(stage)
    yield Act(ours, [[*FV, "status"]]), Act(theirs, [["git", "status"]])


@contextmanager
def commit_path(stage: Stage) -> Iterator[Pair]:
    ours, theirs = _vaults(stage)
    path = stage.paths()[0]
    yield (
        Act(ours, [[*FV, "commit", path]], lambda turn: _edit(ours, [path], turn)),
        Act(theirs, [["git", "add", path], _git_commit()], lambda turn: _edit(theirs, [path], turn)),
    )


@contextmanager
def commit_all(stage: Stage) -> Iterator[Pair]:
    ours, theirs = _vaults(stage)
    path = stage.paths()[0]
    yield (
        Act(ours, [[*FV, "commit"]], lambda turn: _edit(ours, [path], turn)),
        Act(theirs, [["git", "add", "-A"], _git_commit()], lambda turn: _edit(theirs, [path], turn)),
    )


@contextmanager
def commit_first(stage: Stage) -> Iterator[Pair]:
    """Both take the same files: a folder of records that is no vault yet."""
    folder = stage.fresh("first")
    Git(stage.folder)("clone", "-q", str(stage.source), str(folder))

    def start(command: list[str]) -> None:
        shutil.rmtree(folder / ".git", ignore_errors=True)
        run(Act(folder, [command]))

    yield (
        Act(folder, [[*FV, "commit"]], lambda turn: start([*FV, "init", "--empty"])),
        Act(folder, [["git", "add", "-A"], _git_commit()], lambda turn: start(["git", "init", "-q"])),
    )


@contextmanager
def clone(stage: Stage) -> Iterator[Pair]:
    hub = str(stage.source)
    yield (
        Act(stage.folder, [[*FV, "clone", hub, "cloned-by-fv"]], lambda turn: stage.fresh("cloned-by-fv")),
        Act(stage.folder, [["git", "clone", "-q", hub, "cloned-by-git"]], lambda turn: stage.fresh("cloned-by-git")),
    )


def sync(scheme: str) -> Callable[[Stage], contextlib.AbstractContextManager[Pair]]:
    """One edit here, committed, and another one in the hub; over `scheme`."""

    @contextmanager
    def acts(stage: Stage) -> Iterator[Pair]:
        with ExitStack() as stack:
            address, environment = _serve(stack, scheme, stage)
            yield _sync_acts(stage, 1, address, environment)

    return acts


@contextmanager
def merge(stage: Stage) -> Iterator[Pair]:
    """The same records changed here and in the hub, in fields that stand apart, so that git's line merge is clean."""
    yield _sync_acts(stage, min(MERGED_RECORDS, stage.count), str, {}, push=False)


def _sync_acts(
    stage: Stage, records: int, address: Callable[[Path], str], environment: dict[str, str], push: bool = True
) -> Pair:
    ours, theirs = _vaults(stage)
    paths = stage.paths()
    mine, others = paths[:records], paths[:records] if records > 1 else paths[1:2]

    def prepared(vault: Path, hub: Path) -> Callable[[int], None]:
        Git(vault)("config", "remote.origin.url", address(hub))
        hub_git = Git(hub, **GIT_SETTINGS)

        def prepare(turn: int) -> None:
            Git(vault)("push", "-q", str(hub))  # a pull that was measured alone has left its merge here
            texts = {path: (vault / path).read_text("utf-8") for path in others}
            visited = f"last_visit: 2026-03-{turn % 28 + 1:02}"
            put(hub_git, {path: re.sub("last_visit: .*", visited, text) for path, text in texts.items()}, "Visits")
            _edit(vault, mine, turn)
            run(Act(vault, [[*FV, "commit"]] if vault == ours else [["git", "add", "-A"], _git_commit()]))

        return prepare

    push_too = [["git", "push", "-q"]] if push else []
    return (
        Act(ours, [[*FV, "sync"]], prepared(ours, stage.folder / "ours.git"), environment),
        Act(
            theirs,
            [["git", "pull", "-q", "--no-edit"], *push_too],
            prepared(theirs, stage.folder / "theirs.git"),
            environment,
        ),
    )


def _vaults(stage: Stage) -> tuple[Path, Path]:
    """Two vaults with a hub each, made anew: one by fv, one by git."""
    ours, theirs = stage.fresh("ours"), stage.fresh("theirs")
    run(Act(stage.folder, [[*FV, "clone", str(stage.hub("ours.git")), str(ours)]]))
    run(Act(stage.folder, [["git", "clone", "-q", str(stage.hub("theirs.git")), str(theirs)]]))
    return ours, theirs


def _edit(vault: Path, paths: list[str], turn: int) -> None:
    for path in paths:
        file = vault / path
        file.write_text(re.sub("credit_limit: .*", f"credit_limit: {601 + turn}", file.read_text("utf-8")), "utf-8")


def _git_commit() -> list[str]:
    return ["git", "commit", "-q", "-m", "Change a record"]


def _serve(stack: ExitStack, scheme: str, stage: Stage) -> tuple[Callable[[Path], str], dict[str, str]]:
    """How a hub of the stage is reached, and what the environment must say for it."""
    if scheme == "path":
        return str, {}
    if scheme == "git":
        peer: peers.Peer = stack.enter_context(peers.git_daemon(stage.folder))
    elif scheme == "ssh":
        peer = stack.enter_context(peers.sshd(stage.folder))
    else:
        peer = stack.enter_context(peers.nginx(stage.folder))
    environment = {"GIT_SSH_COMMAND": peer.command} if isinstance(peer, peers.SshPeer) else {}
    return lambda hub: peer.url(hub.name), environment


COMMIT = ("start", "imports of commit", "index")
SCAN = (*COMMIT, "scan")
ROWS = [
    Row("commit-path", "`fv commit PATH`", "`git add PATH && git commit`", 0.7, commit_path, COMMIT),
    Row("commit-all", "`fv commit`, one edit", "`git add -A && git commit`", 1.3, commit_all, SCAN),
    Row("status", "`fv status`", "`git status`", 2.3, status, ("start", "imports of status", "scan")),
    Row("commit-first", "first `fv commit`", "`git add -A && git commit`", 1.2, commit_first, SCAN, heavy=True),
    Row("sync-path", "`fv sync`, a hub in a folder", "`git pull && git push`", 0.5, sync("path"), SCAN),
    Row("sync-git", "`fv sync`, git://", "`git pull && git push`", 0.6, sync("git"), SCAN),
    Row("sync-ssh", "`fv sync`, ssh", "`git pull && git push`", 0.9, sync("ssh"), SCAN),
    Row("sync-http", "`fv sync`, http", "`git pull && git push`", 0.9, sync("http"), SCAN),
    Row("clone", "`fv clone`, processor time", "`git clone`", 2.0, clone, ("start",), by="cpu", heavy=True),
    Row("merge", "`fv sync`, 1,000 on both sides", "`git pull`", 1.3, merge, SCAN, most_records=10_000, heavy=True),
]
