"""The `fv` command: its groups of commands, its one error handler, its exit codes.

Law: every expected error leaves here as a message and a hint with its exit code, never as a traceback; anything else is
a bug, and leaves a log. Commands are imported when they are called: `fv status` need not load what `fv sync` needs.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from fieldvault import __version__
from fieldvault.errors import EXIT_INTERRUPTED, FieldvaultError, system_error

EXIT_USAGE, EXIT_USAGE_LIKE_GIT, EXIT_BUG = 2, 129, 70

# Group -> command -> module of fieldvault.cli that holds it, in the order of `fv --help`.
GROUPS = {
    "Every day": {"show": "daily", "set": "daily", "note": "daily", "attach": "files"},
    "Keeping": {
        "commit": "keeping",
        "sync": "keeping",
        "watch": "watch",
        "status": "keeping",
        "conflicts": "keeping",
        "resolve": "keeping",
        "undo": "keeping",
    },
    "History": {"log": "history", "diff": "history"},
    "Files": {"get": "files", "drop": "files", "pin": "files"},
    "Exchange": {"bundle": "exchange"},
    "For git": {"merge-file": "forgit", "merge-driver": "forgit", "filter-process": "forgit"},
    "Setting up": {
        "init": "setting_up",
        "clone": "setting_up",
        "hub": "tending",
        "schema": "setting_up",
        "check": "setting_up",
        "doctor": "tending",
        "demo": "setting_up",
    },
}
MODULES = {name: module for commands in GROUPS.values() for name, module in commands.items()}
MODULES_FOR_GIT = GROUPS["For git"]

HELP_CHARACTERS_MAX = 100  # of a command in the list of them: its first line, whole


class Commands(click.Group):
    """The commands, imported one by one."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(MODULES)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in MODULES:
            return None
        module = importlib.import_module(f"fieldvault.cli.{MODULES[name]}")
        command: click.Command = getattr(module, f"{name.replace('-', '_')}_command")
        return command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if arguments[0] not in MODULES and not arguments[0].startswith("-"):
            from difflib import get_close_matches

            if near := get_close_matches(arguments[0], MODULES, 1):
                context.fail(f"No such command '{arguments[0]}'. Did you mean '{near[0]}'?")
        return super().resolve_command(context, arguments)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        for group, names in GROUPS.items():
            rows = []
            for name in names:
                command = self.get_command(context, name)
                assert command is not None
                rows.append((name, command.get_short_help_str(HELP_CHARACTERS_MAX)))
            with formatter.section(group):
                formatter.write_dl(rows)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("-C", "directory", type=click.Path(path_type=Path), metavar="DIR", help="The vault, or a folder in it.")
@click.version_option(__version__, message="fv %(version)s")
@click.pass_context
def fv(context: click.Context, directory: Path | None) -> None:
    """Keep customer records and sales materials in a vault that works offline.

    Edit files in any editor; fv commits them, syncs them with the hub, and merges what two people did field by field.
    """
    context.obj = directory


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    code = _run(arguments)
    told = [_flushed(name) for name in ("stdout", "stderr")]
    return code or int(not all(told))


def _flushed(name: str) -> bool:
    """Send what was printed on its way; whether it got there. A reader that went away is no failure, a full disk is."""
    try:
        stream = getattr(sys, name)
        if stream is not None:  # closed by whoever started us
            stream.flush()
        return True
    except OSError as failure:
        return isinstance(failure, BrokenPipeError)


def _run(arguments: Sequence[str]) -> int:
    as_json = "--json" in arguments
    try:
        code = fv.main(args=list(arguments), prog_name="fv", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except SystemExit:  # so click ends where the reader went away
        return 0
    except click.ClickException as wrong:
        context = getattr(wrong, "ctx", None)
        if as_json:
            command = context.command_path if context else "fv"
            tell_failure(FieldvaultError("usage", reason=wrong.format_message(), command=command), as_json)
        else:
            wrong.show()
        return EXIT_USAGE_LIKE_GIT if context and context.info_name in MODULES_FOR_GIT else EXIT_USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo(err=True)
        return EXIT_INTERRUPTED
    except FieldvaultError as failure:
        return tell_failure(failure, as_json)
    except BrokenPipeError:
        return 0
    except OSError as failure:
        return tell_failure(system_error(failure), as_json)
    except Exception:
        tell_failure(bug(), as_json)
        return EXIT_BUG


def tell_failure(failure: FieldvaultError, as_json: bool) -> int:
    """Print why a command failed; its exit code."""
    from fieldvault.output import machine, phrases

    with contextlib.suppress(OSError):  # where nothing can be written, the exit code must do
        if as_json:
            click.echo(machine.error(failure))
        else:
            for line in phrases.failure(failure):
                click.echo(line, err=True)
    return failure.exit_code


def bug() -> FieldvaultError:
    """The exception at hand as an error that names where its traceback is kept for a report."""
    import tempfile
    import traceback

    descriptor, path = tempfile.mkstemp(prefix="fv-bug-", suffix=".log")
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as log:
        log.write(f"fv {__version__}, Python {sys.version}, {sys.platform}\n\n{traceback.format_exc()}")
    return FieldvaultError("bug", path=path)
