"""`fv log` and `diff`."""

from __future__ import annotations

import click

from fieldvault.cli.context import json_option, tell, vault_here
from fieldvault.output import looking


@click.command("log")
@click.argument("record", required=False)
@click.option("-n", "limit", type=click.IntRange(min=1), metavar="N", help="At most N commits.")
@json_option
def log_command(record: str | None, limit: int | None, as_json: bool) -> int:
    """List commits, newest first: all, or those of one record

    \b
    Example:
      fv log -n 10
      fv log "Garage Simon"
    """
    from fieldvault.actions.looking.history import log

    with vault_here() as vault:
        entries = log(vault, record, limit)
        tell("log", list(entries) if as_json else None, lambda: looking.log(entries), as_json)
        return 0


@click.command("diff")
@click.argument("commits", nargs=-1, metavar="[COMMIT [COMMIT]]")
@click.option("--record", metavar="RECORD", help="One record only.")
@json_option
def diff_command(commits: tuple[str, ...], record: str | None, as_json: bool) -> int:
    """Show what you changed, field by field; or what changed since a commit, or between two

    \b
    Example:
      fv diff
      fv diff HEAD~3 --record lefevre
    """
    from fieldvault.actions.looking.history import diff, find_commit

    if len(commits) > 2:
        raise click.UsageError("at most two commits")
    with vault_here() as vault:
        changes = diff(vault, [find_commit(vault, one) for one in commits], record)
        tell("diff", changes, lambda: looking.diff(changes), as_json)
        return 0
