"""`fv watch`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fieldvault.cli.context import json_option, now, tell, vault_here
from fieldvault.errors import EXIT_INTERRUPTED
from fieldvault.messages import say

if TYPE_CHECKING:
    from fieldvault.actions.watching.telling import Happening

SERVICES = ("systemd", "launchd", "schtasks")


@click.command("watch")
@click.option("--install", "action", flag_value="install", help="Start with every session, as a systemd user service.")
@click.option("--uninstall", "action", flag_value="uninstall", help="Stop, and start with sessions no more.")
@click.option("--print-service", type=click.Choice(SERVICES), help="Print the definition of the service.")
@click.option("--poll", is_flag=True, help="Look at the folder every few seconds, where the system tells of no events.")
@json_option
def watch_command(action: str | None, print_service: str | None, poll: bool, as_json: bool) -> int:
    """Keep the vault by itself: commit what is saved, sync when there is a network

    A save is committed when the folder has been quiet for two seconds. What was committed, sent, received and merged
    is told as it happens, and what waits, and why. Ctrl-C ends it. With --json: one object a line.

    \b
    Example:
      fv watch
      fv watch --install
      fv watch --print-service launchd
    """
    with vault_here() as vault:
        root = vault.root.resolve()
    if print_service or action:
        return _service(root, print_service, action, as_json)
    return _watch(root, poll, as_json)


def _service(root: Path, definition: str | None, action: str | None, as_json: bool) -> int:
    from fieldvault.edge import service

    if definition:
        text: str = service.DEFINITIONS[definition](root)
        tell("watch", {"service": definition, "text": text}, text.splitlines, as_json)
    elif action == "install":
        unit = service.install(root)
        tell("watch", {"installed": unit}, lambda: [say("watch-installed", path=unit)], as_json)
    else:
        unit = service.uninstall(root)
        tell("watch", {"uninstalled": unit}, lambda: [say("watch-uninstalled", path=unit)], as_json)
    return 0


def _watch(root: Path, poll: bool, as_json: bool) -> int:
    from fieldvault.actions.watching.watch import Watcher
    from fieldvault.edge.desktop import notify
    from fieldvault.output import watching

    def told(happening: Happening) -> None:
        lines = watching.stamped(watching.happened(happening, str(root)), now()[0])
        tell("watch", happening, lambda: lines, as_json)
        sys.stdout.flush()
        shouted = watching.shouted(happening)
        if shouted:
            notify(root.name, shouted)

    watcher = Watcher(root, now, told)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: watcher.stop())
    watcher.run(polling=poll)
    if not as_json:
        click.echo(say("watch-stopped"))
    return EXIT_INTERRUPTED
