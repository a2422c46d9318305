"""`make docs`: docs/cli.md from the commands' own --help. A test says when it is stale."""

from __future__ import annotations

from pathlib import Path

import click

from fieldvault.cli.app import GROUPS, fv

DOCS = Path(__file__).parent.parent / "docs"


def reference() -> str:
    """The whole of docs/cli.md."""
    context = click.Context(fv, info_name="fv", max_content_width=100)
    parts = ["# The command line\n\nWritten by `make docs` from `--help`: change the help, not this file.\n"]
    parts.append(f"```\n{fv.get_help(context)}\n```\n")
    for group, names in GROUPS.items():
        parts.append(f"## {group}\n")
        for name in names:
            command = fv.get_command(context, name)
            assert command is not None
            parts += _command(command, f"fv {name}")
    return "\n".join(parts)


def _command(command: click.Command, name: str) -> list[str]:
    context = click.Context(command, info_name=name, max_content_width=100, terminal_width=100)
    parts = [f"### {name}\n", f"```\n{command.get_help(context)}\n```\n"]
    if isinstance(command, click.Group):
        for below, one in command.commands.items():
            parts += _command(one, f"{name} {below}")
    return parts


if __name__ == "__main__":
    (DOCS / "cli.md").write_text(reference(), encoding="utf-8")
