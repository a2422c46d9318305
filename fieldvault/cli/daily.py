"""`fv show`, `set` and `note`."""

from __future__ import annotations

import click

from fieldvault.cli.context import json_option, now, tell, tell_commit, vault_here
from fieldvault.errors import FieldvaultError


@click.command("show")
@click.argument("record")
@json_option
def show_command(record: str, as_json: bool) -> int:
    """Show a record: RECORD is an id, the start of one, a path, or words

    \b
    Example:
      fv show lefevre
      fv show cus_4k7m2x9d8q --json
    """
    from fieldvault.actions.committing.editing import show
    from fieldvault.output.looking import shown

    with vault_here() as vault:
        report = show(vault, record)
        tell("show", report, lambda: shown(report), as_json)
        return 0


@click.command("set")
@click.argument("record")
@click.argument("assignments", nargs=-1, required=True, metavar="FIELD=VALUE...")
@json_option
def set_command(record: str, assignments: tuple[str, ...], as_json: bool) -> int:
    """Set fields of a record and commit it

    `=` sets, `+=` adds to a set, `-=` takes from it, `FIELD=` removes the field; several are one edit. Everything else
    in the file stays as it is, to the byte.

    \b
    Example:
      fv set lefevre status=active tags+=bio tags-=prospect
      fv set lefevre phones/std/number=+33199001234
    """
    from fieldvault.actions.committing.editing import set_fields
    from fieldvault.core.assign import parse

    parsed = []
    for one in assignments:
        assignment = parse(one)
        if assignment is None:
            raise FieldvaultError("assignment", text=one)
        parsed.append(assignment)
    with vault_here() as vault:
        return tell_commit("set", set_fields(vault, now, record, parsed), as_json)


@click.command("note")
@click.argument("record")
@click.argument("text", metavar="TEXT")
@json_option
def note_command(record: str, text: str, as_json: bool) -> int:
    """Add a note to a record and commit it

    \b
    Example:
      fv note lefevre "Back in April, with the second machine."
    """
    from fieldvault.actions.committing.editing import add_note

    with vault_here() as vault:
        return tell_commit("note", add_note(vault, now, record, text), as_json)
