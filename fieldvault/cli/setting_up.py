"""`fv init`, `clone`, `schema`, `check`, `demo`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fieldvault.cli.context import WAITS, Meter, in_vault, json_option, now, tell, under, vault_here
from fieldvault.output import setting_up


@click.command("init")
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--sample", is_flag=True, help="With the records of a sample territory.")
@click.option("--empty", is_flag=True, help="Without record types.")
@click.option("--hub", metavar="URL", help="The hub to sync with: a folder or any git address.")
@json_option
def init_command(folder: Path | None, sample: bool, empty: bool, hub: str | None, as_json: bool) -> int:
    """Make a vault in DIR, or here, and its first commit

    It starts with the record types of a sales territory. Files that stand there already stay, uncommitted.

    \b
    Example:
      fv init sales --sample
      fv init sales --hub ssh://hub.example/srv/sales.git
    """
    from fieldvault.actions.setting_up.init import init

    if sample and empty:
        raise click.UsageError("--sample or --empty, not both")
    _ask_who()
    report = init(under(folder or Path()), now, sample=sample, empty=empty, hub=hub)
    tell("init", report, lambda: setting_up.set_up(report, cloned=False), as_json)
    return 0


@click.command("clone")
@click.argument("url")
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--hub", metavar="URL", help="The hub to sync with from then on; after a bundle there is none else.")
@json_option
def clone_command(url: str, folder: Path | None, hub: str | None, as_json: bool) -> int:
    """Copy the vault at the hub URL, or in a bundle, into DIR

    \b
    Example:
      fv clone ssh://hub.example/srv/sales.git sales
      fv clone /media/stick/sales.git
      fv clone /media/stick/sales.bundle --hub ssh://hub.example/srv/sales.git
    """
    from fieldvault.actions.setting_up.clone import clone

    _ask_who()
    with Meter() as meter:
        report = clone(url, under(folder) if folder else None, now, meter, hub=hub)
    tell("clone", report, lambda: setting_up.set_up(report, cloned=True), as_json)
    return 0


@click.group("schema")
def schema_command() -> None:
    """Look at the schemas: how each field of a record type merges."""


@schema_command.command("explain")
@click.argument("type_name", metavar="TYPE")
@json_option
def schema_explain_command(type_name: str, as_json: bool) -> int:
    """Tell, field by field, which strategy merges it, why, and show an example

    \b
    Example:
      fv schema explain customer
    """
    from fieldvault.actions.looking.explain import explain

    with vault_here() as vault:
        report = explain(vault, type_name)
        tell("schema explain", report, lambda: setting_up.explained(report), as_json)
        return 0


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@json_option
def check_command(paths: tuple[str, ...], as_json: bool) -> int:
    """Check records, schemas and settings; exit 3 when something is wrong

    \b
    Example:
      fv check
      fv check customers/8q
    """
    from fieldvault.actions.looking.check import check

    with vault_here() as vault:
        report = check(vault, in_vault(vault, paths))
        tell("check", report, lambda: setting_up.checked(report), as_json)
        return WAITS if report.problems or report.unreadable else 0


@click.command("demo")
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
def demo_command(folder: Path | None) -> int:
    """Watch two people edit the same records offline and sync

    Makes a hub and two vaults in DIR (by default a new folder) from the sample territory, and leaves them to play with.

    \b
    Example:
      fv demo
    """
    from fieldvault.cli.demo import play

    return play(folder)


def _ask_who() -> None:
    """On a terminal, ask whoever git does not know yet; elsewhere the action says what to do."""
    from fieldvault.actions.setting_up.equipment import introduce, is_known
    from fieldvault.messages import say

    if sys.stdin.isatty() and not is_known():
        introduce(click.prompt(say("ask-name")), click.prompt(say("ask-mail")))
