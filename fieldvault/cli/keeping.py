"""`fv commit`, `sync`, `status`, `conflicts`, `resolve`, `undo`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fieldvault.cli.context import (
    WAITS,
    Meter,
    allow_deletions_option,
    in_vault,
    json_option,
    now,
    tell,
    tell_commit,
    vault_here,
)
from fieldvault.errors import EXIT_AWAY, FieldvaultError
from fieldvault.output import keeping

if TYPE_CHECKING:
    from fieldvault.actions.deciding.conflicts import OpenConflict

exit_code_option = click.option("--exit-code", is_flag=True, help="Exit with 3 when something waits for a person.")


@click.command("commit")
@allow_deletions_option
@click.option("-m", "--message", help="The message; by default one that names the records and fields.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@json_option
def commit_command(allow_deletions: bool, message: str | None, paths: tuple[str, ...], as_json: bool) -> int:
    """Commit what you changed, all of it or only PATHs

    Needs no network. A readable record is always committed, valid or not; what cannot be read stays a draft, is named
    with its line, and holds nothing else up (exit 3).

    \b
    Example:
      fv commit
      fv commit -m "Prices of March" customers/8q
    """
    from fieldvault.actions.committing.commit import commit

    with vault_here() as vault:
        vault.allow_deletions = allow_deletions
        return tell_commit("commit", commit(vault, now, message, in_vault(vault, paths)), as_json)


@click.command("sync")
@allow_deletions_option
@exit_code_option
@json_option
def sync_command(allow_deletions: bool, exit_code: bool, as_json: bool) -> int:
    """Commit, then bring this vault and the hub to one state

    What came in is merged field by field with what you did. Where the hub cannot be reached everything stays committed
    here and goes later (exit 4). Large attachments follow the records.

    \b
    Example:
      fv sync
    """
    from fieldvault.actions.deciding.conflicts import list_conflicts
    from fieldvault.actions.syncing.sync import sync

    with vault_here() as vault:
        vault.allow_deletions = allow_deletions
        with Meter() as meter:
            report = sync(vault, now, meter)
        conflicts = list_conflicts(vault)
        tell("sync", report, lambda: keeping.synced(report, conflicts), as_json)
        if report.unreachable:
            return report.unreachable.exit_code
        if report.refusal or report.absent:
            return EXIT_AWAY
        return WAITS if report.committed.waits or (exit_code and any(one.waits for one in conflicts)) else 0


@click.command("status")
@exit_code_option
@json_option
def status_command(exit_code: bool, as_json: bool) -> int:
    """Tell how things stand: what waits for the hub, and what for you

    \b
    Example:
      fv status
    """
    from fieldvault.actions.looking.status import status

    with vault_here() as vault:
        report = status(vault, now)
        tell("status", report, lambda: keeping.status(report, now()[0]), as_json)
        return WAITS if exit_code and report.waits else 0


@click.command("conflicts")
@exit_code_option
@json_option
def conflicts_command(exit_code: bool, as_json: bool) -> int:
    """List what waits for you: fields with several values, and records that do not agree with each other

    \b
    Example:
      fv conflicts
    """
    from fieldvault.actions.deciding.conflicts import all_waiting
    from fieldvault.output import deciding

    with vault_here() as vault:
        found = all_waiting(vault)
        tell("conflicts", found, lambda: deciding.numbered(found), as_json)
        return WAITS if exit_code and any(one.waits for one in found.conflicts) else 0


@click.command("resolve")
@click.argument("record", required=False)
@click.argument("field", required=False)
@click.option("--take", type=int, metavar="N", help="Take the N-th value of `fv conflicts`; 1 is the shown one.")
@click.option("--value", metavar="V", help="Take another value.")
@click.option("--edit", is_flag=True, help="Open the record in your editor; what stands there then is the choice.")
@json_option
def resolve_command(
    record: str | None, field: str | None, take: int | None, value: str | None, edit: bool, as_json: bool
) -> int:
    """Choose what stands at a field, and commit the choice

    Without RECORD: one open field after the other, with the record around it.

    \b
    Example:
      fv resolve "Garage Simon" phones/gsm/number --take 2
      fv resolve cus_4k7m2x9d8q name --value "Boulangerie Lefèvre SARL"
    """
    from fieldvault.actions.deciding.resolving import record_file, resolve
    from fieldvault.core.values import from_pointer

    ways = (take is not None) + (value is not None) + edit
    if record is None:
        if ways or not sys.stdin.isatty():
            raise click.UsageError("name a RECORD, or run this on a terminal")
        return _one_after_the_other()
    if ways != 1:
        raise click.UsageError("choose with --take N, with --value V or with --edit")
    with vault_here() as vault:
        path = from_pointer(field) if field is not None else None
        if edit:
            _edit(record_file(vault, record))
        report = resolve(vault, now, record, path, take=take or (1 if edit else None), value=value)
        return tell_commit("resolve", report, as_json)


def _edit(path: Path) -> None:
    try:
        click.edit(filename=str(path))
    except click.ClickException as failure:
        raise FieldvaultError("editor-failed", reason=failure.format_message()) from failure


def _one_after_the_other() -> int:
    """Ask about each open field: a number takes that value, a text another one, Enter leaves it open, q ends."""
    from fieldvault.actions.deciding.conflicts import list_conflicts
    from fieldvault.actions.deciding.resolving import resolve
    from fieldvault.output import deciding

    with vault_here() as vault:
        for one in [conflict for conflict in list_conflicts(vault) if conflict.waits]:
            read = vault.worktree.read(one.path)
            for line in deciding.asked(one, read.data.decode("utf-8-sig", "replace") if read else ""):
                click.echo(line)
            answer = _answer(one)
            if answer == "q":
                break
            if answer:
                number = _number(answer, one)
                other = None if number else answer
                report = resolve(vault, now, one.path, one.conflict.field, take=number, value=other)
                for line in keeping.committed(report):
                    click.echo(line)
        return 0


def _answer(one: OpenConflict) -> str:
    """What the person types; asked again where it is a number that is neither a choice nor a value of such a field."""
    from decimal import Decimal

    from fieldvault.messages import say

    while True:
        answer: str = click.prompt(say("ask-choice"), default="", show_default=False)
        of_numbers = any(isinstance(standing.value, int | Decimal) for standing in one.standing)
        if not answer.isdecimal() or _number(answer, one) or of_numbers:
            return answer
        click.echo(say("ask-range", count=len(one.standing)))


def _number(answer: str, one: OpenConflict) -> int | None:
    """Which of the standing values an answer takes."""
    return int(answer) if answer.isdecimal() and 1 <= int(answer) <= len(one.standing) else None


@click.command("undo")
@click.argument("commit", required=False)
@click.argument("record", required=False)
@click.option("--redo", is_flag=True, help="Take back the last undo.")
@json_option
def undo_command(commit: str | None, record: str | None, redo: bool, as_json: bool) -> int:
    """Take back what a commit did, by default the last one made on this device

    What was done since stays: undo is one more merge, never a step back in history.

    \b
    Example:
      fv undo
      fv undo 3f9a1c77 "Garage Simon"
      fv undo --redo
    """
    from fieldvault.actions.deciding.undo import undo
    from fieldvault.actions.looking.history import find_commit

    with vault_here() as vault:
        report = undo(vault, now, find_commit(vault, commit) if commit else None, record, redo=redo)
        tell("undo", report, lambda: keeping.undone(report), as_json)
        return 0
