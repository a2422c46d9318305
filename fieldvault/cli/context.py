"""What every command shares: the vault it works on, the time, and the two ways to print.

Law: a command is written as `facts in, report out`; where a report goes is decided here, once.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fieldvault.actions.ground.opening import open_vault
from fieldvault.actions.ground.vault import Vault
from fieldvault.errors import FieldvaultError

if TYPE_CHECKING:
    from fieldvault.actions.committing.commit import CommitReport

allow_deletions_option = click.option(
    "--allow-deletions", is_flag=True, help="A mass deletion that is held was meant: take it."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of sentences.")

WAITS = 3  # the exit code where something waits for a person


def directory() -> Path | None:
    """What -C named."""
    found = click.get_current_context().obj
    return found if isinstance(found, Path) else None


def under(path: Path) -> Path:
    """A file or folder as it was named, counted from -C."""
    base = directory()
    return base / path if base else path


@contextmanager
def vault_here() -> Iterator[Vault]:
    """The vault that the command is about; says what opening it mended."""
    from fieldvault.output import phrases

    with open_vault(directory()) as vault:
        for line in phrases.mended(vault.mended):
            click.echo(line, err=True)
        yield vault


def now() -> tuple[int, int]:
    """Seconds since 1970, and minutes east of UTC here."""
    seconds = int(time.time())
    return seconds, time.localtime(seconds).tm_gmtoff // 60


def tell(command: str, report: Any, lines: Callable[[], Iterable[str]], as_json: bool) -> None:
    """Print a report, for a person or for a script."""
    if as_json:
        from fieldvault.output import machine

        click.echo(machine.report(command, report))
        return
    for line in lines():
        click.echo(line)


def tell_commit(command: str, report: CommitReport, as_json: bool) -> int:
    """Print what was committed; the exit code."""
    from fieldvault.output.keeping import committed

    tell(command, report, lambda: committed(report), as_json)
    return WAITS if report.waits else 0


def in_vault(vault: Vault, paths: Sequence[str]) -> list[str]:
    """Paths as a person gave them, made paths of the vault; `path-outside`, `path-unknown`."""
    from fieldvault.actions.committing.survey import is_known

    root = vault.root.resolve()
    found = []
    for path in paths:
        if not path:
            raise FieldvaultError("path-unknown", path="''")
        inside = under(Path(path)).absolute()
        resolved = inside.parent.resolve() / inside.name if inside.name not in ("", "..") else inside.resolve()
        if not resolved.is_relative_to(root):
            raise FieldvaultError("path-outside", path=path)
        relative = resolved.relative_to(root).as_posix()
        relative = "" if relative == "." else relative
        if not is_known(vault, relative):
            raise FieldvaultError("path-unknown", path=path)
        found.append(relative)
    return found


class Meter:
    """Progress on a terminal: bytes and objects both ways, on one line of stderr that goes when the work is done."""

    def __init__(self) -> None:
        self.moved = {"received": 0, "sent": 0}
        self._shown = 0.0
        self._live = sys.stderr.isatty()

    def __call__(self, octets: int, objects: int, direction: str) -> None:
        self.moved[direction] += octets
        if self._live and time.monotonic() - self._shown > 0.1:
            from fieldvault.output.phrases import meter

            self._shown = time.monotonic()
            click.echo(f"\r{meter(self.moved)}\x1b[K", err=True, nl=False)

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live and self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)
