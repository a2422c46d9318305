"""`fv attach`, `get`, `drop`, `pin`."""

from __future__ import annotations

from pathlib import Path

import click

from fieldvault.cli.context import WAITS, Meter, in_vault, json_option, now, tell, tell_commit, vault_here
from fieldvault.errors import EXIT_AWAY
from fieldvault.output import files

_paths = click.argument("paths", nargs=-1, metavar="[PATH]...")


@click.command("attach")
@click.argument("record")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@json_option
def attach_command(record: str, sources: tuple[Path, ...], as_json: bool) -> int:
    """Copy files of any size to a record and commit them

    They lie in attachments/<id>/. Large ones travel after the records, in parts that survive a link that cuts.

    \b
    Example:
      fv attach lefevre offer.pdf tour.mp4
    """
    from fieldvault.actions.attaching.attach import attach

    with vault_here() as vault:
        return tell_commit("attach", attach(vault, now, record, sources), as_json)


@click.command("get")
@_paths
@json_option
def get_command(paths: tuple[str, ...], as_json: bool) -> int:
    """Bring large attachments to this computer, all of them or those at PATHs

    \b
    Example:
      fv get
      fv get materials/videos
    """
    from fieldvault.actions.attaching.keeping import get

    with vault_here() as vault:
        with Meter() as meter:
            report = get(vault, in_vault(vault, paths), meter)
        tell("get", report, lambda: files.brought(report), as_json)
        return EXIT_AWAY if report.left else 0


@click.command("drop")
@_paths
@json_option
def drop_command(paths: tuple[str, ...], as_json: bool) -> int:
    """Take large attachments off this computer; the hub keeps them

    The hub is asked first, and what it does not hold stays. A small pointer remains in the folder; fv get brings the
    file back.

    \b
    Example:
      fv drop materials/videos
    """
    from fieldvault.actions.attaching.keeping import drop

    with vault_here() as vault:
        with Meter() as meter:
            report = drop(vault, in_vault(vault, paths), meter)
        tell("drop", report, lambda: files.dropped(report), as_json)
        return WAITS if report.left else 0


@click.command("pin")
@_paths
@click.option("--remove", is_flag=True, help="Pin them no more.")
@json_option
def pin_command(paths: tuple[str, ...], remove: bool, as_json: bool) -> int:
    """Keep large attachments on this computer, whatever is dropped

    \b
    Example:
      fv pin materials/catalogue.pdf
      fv pin --remove materials/catalogue.pdf
    """
    from fieldvault.actions.attaching.keeping import pin, unpin
    from fieldvault.actions.syncing.bringing import Brought

    with vault_here() as vault:
        inside = in_vault(vault, paths)
        if remove:
            unpin(vault, inside)
            report = Brought()
        else:
            with Meter() as meter:
                report = pin(vault, inside, meter)
        tell("pin", report, lambda: () if remove else files.brought(report), as_json)
        return EXIT_AWAY if report.left else 0
