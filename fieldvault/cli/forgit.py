"""`fv merge-file`, `merge-driver` and `filter-process`: the merge for whoever has no vault, and what git calls.

Law: the merges exit as git's own do: with the number of conflicts up to 127, 129 for wrong usage, 255 for an error.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import click

from fieldvault.cli.app import bug, tell_failure
from fieldvault.cli.context import directory, json_option, tell
from fieldvault.errors import FieldvaultError, system_error

CONFLICTS_MAX = 127
EXIT_ERROR = 255

_file = click.Path(path_type=Path)


@click.command("merge-file")
@click.argument("ours", type=_file, metavar="OURS")
@click.argument("base", type=_file, metavar="BASE")
@click.argument("theirs", type=_file, metavar="THEIRS")
@click.option("--schema", type=_file, metavar="FILE", help="The JSON Schema that says how fields merge.")
@click.option("-p", "--stdout", "to_stdout", is_flag=True, help="Print the result, and leave OURS as it is.")
@click.option("--conflicts", "listed", type=_file, metavar="FILE", help="Write the list of conflicts there.")
@json_option
def merge_file_command(
    ours: Path, base: Path, theirs: Path, schema: Path | None, to_stdout: bool, listed: Path | None, as_json: bool
) -> int:
    """Merge three YAML files field by field

    BASE is what OURS and THEIRS both come from; an empty file is one that is not there. The result replaces OURS. Where
    both changed one field differently it shows one value, and tells the other; exits with the number of such fields.

    \b
    Example:
      fv merge-file ours.yaml base.yaml theirs.yaml
      fv merge-file --schema customer.yaml -p ours.yaml base.yaml theirs.yaml
    """
    from fieldvault.actions.merging.mergefile import conflict_list, merge_files, write_merge
    from fieldvault.output.looking import merged_file

    try:
        merged = merge_files(ours, base, theirs, schema)
        if listed is not None:
            listed.write_bytes(conflict_list(merged.conflicts))
        if not to_stdout:
            write_merge(ours, merged)
        if as_json:
            tell("merge-file", merged, lambda: (), as_json)
        elif to_stdout:
            click.echo(merged.text, nl=False)
        for line in () if as_json else merged_file(ours, merged.conflicts):
            click.echo(line, err=True)
        return min(len(merged.conflicts), CONFLICTS_MAX)
    except BrokenPipeError:
        raise
    except (FieldvaultError, OSError) as failure:
        return _failed(failure, as_json)


@click.command("merge-driver")
@click.argument("base", type=_file, metavar="%O")
@click.argument("ours", type=_file, metavar="%A")
@click.argument("theirs", type=_file, metavar="%B")
@click.argument("path", metavar="%P")
@click.option("--inner", is_flag=True, help="For git's merge of several bases: exit with 0 whatever remains.")
@json_option
def merge_driver_command(base: Path, ours: Path, theirs: Path, path: str, inner: bool, as_json: bool) -> int:
    """Merge a record for git merge, rebase, cherry-pick and stash pop

    `fv init` and `fv clone` install it.

    \b
    Example:
      git config merge.fieldvault.driver "fv merge-driver %O %A %B %P"
    """
    from fieldvault.actions.ground.opening import open_vault
    from fieldvault.actions.merging.mergefile import drive

    try:
        with contextlib.ExitStack() as stack:
            vault = None  # a repository that is no vault: the default rules
            with contextlib.suppress(FieldvaultError):
                vault = stack.enter_context(open_vault(directory()))
            conflicts = drive(vault, base, ours, theirs, path)
        return 0 if inner else min(conflicts, CONFLICTS_MAX)
    except BrokenPipeError:
        raise
    except (FieldvaultError, OSError) as failure:
        return _failed(failure, as_json)


@click.command("filter-process")
def filter_process_command() -> int:
    """Turn large attachments into pointers for git add, and back for git checkout

    `fv init` and `fv clone` install it, and `fv commit` tells git where fv is when it has moved.

    \b
    Example:
      git config filter.fieldvault.process "fv filter-process"
    """
    from fieldvault.actions.attaching.filtering import filter_process
    from fieldvault.actions.ground.forgit import SPOKEN
    from fieldvault.actions.ground.opening import find_root
    from fieldvault.actions.ground.vault import Vault

    here = Path(os.path.realpath(directory() or Path()))
    root = find_root(here)
    if root is None or not (root / ".git").is_dir():  # a linked worktree, which is git's alone
        raise FieldvaultError("no-vault", path=str(here))
    with Vault(root) as vault:  # as it stands: git is at work here, and nothing is to be put right under its hands
        try:
            filter_process(vault, sys.stdin.buffer, sys.stdout.buffer)
        except FieldvaultError:
            raise
        except OSError:  # git hung up
            return SPOKEN
        except Exception:
            tell_failure(bug(), as_json=False)
            return SPOKEN
    return 0


def _failed(error: FieldvaultError | OSError, as_json: bool) -> int:
    tell_failure(error if isinstance(error, FieldvaultError) else system_error(error), as_json)
    return EXIT_ERROR
