"""`fv doctor`, `fv hub`."""

from __future__ import annotations

from pathlib import Path

import click

from fieldvault.cli.context import WAITS, Meter, json_option, now, tell, under, vault_here
from fieldvault.core.pointers import KEPT_DAYS
from fieldvault.errors import EXIT_AWAY
from fieldvault.output import tending

_REPAIRS = ("outbox", "settings", "cache", "locks")


@click.command("doctor")
@click.option("--repair", type=click.Choice(_REPAIRS), help="Put this right, as doctor suggests it.")
@json_option
def doctor_command(repair: str | None, as_json: bool) -> int:
    """Look for what is wrong with this vault, the link or the hub, and say what to do

    Tells as well what the hub lacks for links that cut. Exit 3 where something is wrong, 4 where the hub is not
    reached.

    --repair outbox leaves out of the commits that wait the file that the hub refuses; it stays in the folder under
    another name, the old commits under refs/fv/backup/. --repair settings writes git's settings of this copy anew.
    --repair cache drops fv's caches, which are made anew. --repair locks removes locks of git's that stand since before
    this computer was started, and so belong to no git that lives.

    \b
    Example:
      fv doctor
      fv doctor --repair outbox
    """
    from fieldvault.actions.tending.doctor import doctor, drop_caches, remove_dead_locks, renew_settings
    from fieldvault.actions.tending.leaving_out import leave_out

    with vault_here() as vault:
        if repair == "outbox":
            left_out = leave_out(vault, now)
            tell("doctor", left_out, lambda: tending.left_out(left_out), as_json)
            return 0
        if repair is not None:
            {"settings": renew_settings, "cache": drop_caches, "locks": remove_dead_locks}[repair](vault)
            tell("doctor", {"repaired": repair}, lambda: tending.repaired(repair), as_json)
            return 0
        with Meter() as meter:
            report = doctor(vault, meter)
        tell("doctor", report, lambda: tending.examined(report), as_json)
        if report.wrong:
            return WAITS
        return EXIT_AWAY if report.hub is not None and not report.hub.reached else 0


@click.group("hub")
def hub_command() -> None:
    """Set up and tend hubs: the bare repositories that vaults sync with."""


@hub_command.command("init")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@json_option
def hub_init_command(folder: Path, as_json: bool) -> int:
    """Make an empty hub in DIR, on this machine, a share or a stick

    \b
    Example:
      fv hub init /srv/sales.git
    """
    from fieldvault.actions.setting_up.hubs import hub_init

    path = hub_init(under(folder))
    tell("hub init", {"path": str(path)}, lambda: tending.hub_made(path), as_json)
    return 0


@hub_command.command("prune")
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option(
    "--attachments",
    "days",
    type=click.IntRange(min=KEPT_DAYS),
    metavar="DAYS",
    help="Look as well for contents of large attachments that no commit of the last DAYS names.",
)
@click.option("--yes", is_flag=True, help="Remove these contents: history cannot show them any more.")
@json_option
def hub_prune_command(folder: Path | None, days: int | None, yes: bool, as_json: bool) -> int:
    """Take from the hub what it needs no more: inboxes that main has caught up with

    Of the hub in DIR, or of this vault's, after a sync. Harmless at any time: an inbox that holds what main does not
    stays. Old contents of large attachments go from this vault's hub, and only where you ask for it.

    \b
    Example:
      fv hub prune
      fv hub prune /srv/sales.git
      fv hub prune --attachments 365 --yes
    """
    from fieldvault.actions.tending.oldcontents import prune_contents
    from fieldvault.actions.tending.pruning import prune_folder, prune_vaults_hub

    if folder is not None and days is not None:
        raise click.UsageError("--attachments is for the hub of a vault: leave DIR out, in a copy of what lies there")
    if folder is not None:
        report = prune_folder(under(folder))
    else:
        with vault_here() as vault, Meter() as meter:
            report = prune_vaults_hub(vault, meter)
            report.old = prune_contents(vault, now()[0], days, meter, remove=yes) if days is not None else None
    tell("hub prune", report, lambda: tending.pruned(report), as_json)
    return 1 if report.refused else 0
