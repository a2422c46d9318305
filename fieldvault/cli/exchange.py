"""`fv bundle create`, `bundle apply`."""

from __future__ import annotations

from pathlib import Path

import click

from fieldvault.cli.context import WAITS, Meter, allow_deletions_option, json_option, now, tell, under, vault_here
from fieldvault.output import exchanging


@click.group("bundle")
def bundle_command() -> None:
    """Carry changes on a stick, where there is no link at all."""


@bundle_command.command("create")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--all", "everything", is_flag=True, help="All of the vault, also for somebody who has nothing yet.")
@click.option("--no-attachments", is_flag=True, help="No contents of large attachments: they come with a sync.")
@json_option
def bundle_create_command(file: Path, everything: bool, no_attachments: bool, as_json: bool) -> int:
    """Commit, then write what the hub does not have yet into FILE

    FILE is a git bundle. Without a hub, or with --all, it holds the whole vault; whoever has nothing yet clones it:
    `fv clone FILE`. Large attachments are in it, as far as they are on this computer.

    \b
    Example:
      fv bundle create /media/stick/monday.bundle
      fv bundle create --all /media/stick/sales.bundle
    """
    from fieldvault.actions.syncing.bundles import create_bundle

    with vault_here() as vault:
        report = create_bundle(vault, now, under(file), everything=everything, attachments=not no_attachments)
        tell("bundle create", report, lambda: exchanging.bundled(report), as_json)
        return WAITS if report.committed.waits else 0


@bundle_command.command("apply")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@allow_deletions_option
@json_option
def bundle_apply_command(file: Path, allow_deletions: bool, as_json: bool) -> int:
    """Commit, then merge what FILE brings, as a sync would

    Applying a bundle twice changes nothing. What the hub lacks of it goes there with the next sync.

    \b
    Example:
      fv bundle apply /media/stick/monday.bundle
    """
    from fieldvault.actions.deciding.conflicts import list_conflicts
    from fieldvault.actions.syncing.bundles import apply_bundle

    with vault_here() as vault:
        vault.allow_deletions = allow_deletions
        with Meter() as meter:
            report = apply_bundle(vault, now, under(file), meter)
        conflicts = list_conflicts(vault)
        tell("bundle apply", report, lambda: exchanging.unbundled(report, conflicts), as_json)
        return WAITS if report.committed.waits else 0
