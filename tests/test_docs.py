"""What the documents claim is run: the reference is fresh, and the tutorial's transcripts are real."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from fieldvault.cli.app import MODULES, fv
from tests.docs import DOCS, reference
from tests.gitenv import PINNED, pinned_environment

ROOT = DOCS.parent
CONSOLE = re.compile(r"```console\n(.*?)```", re.S)


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(fv)
    for name in MODULES:
        command = fv.get_command(context, name)
        assert command is not None
        for below, one in command.commands.items() if isinstance(command, click.Group) else ():
            yield f"{name} {below}", one
        if not isinstance(command, click.Group):
            yield name, command


def test_the_reference_is_fresh() -> None:
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == reference(), "stale: make docs"


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_every_command_explains_itself_with_an_example(name: str, command: click.Command) -> None:
    assert command.help and "Example:" in command.help
    assert f"fv {name}" in command.help.split("Example:")[1]
    assert not command.help.splitlines()[0].endswith(".")
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options or name == "demo"


@pytest.mark.parametrize("document", ["tutorial.md"])
def test_transcripts_are_real(document: str, tmp_path: Path) -> None:
    """Each block is run in one shell; its output must be what stands there, where `…` stands for anything."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    launcher = bin_folder / "fv"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fieldvault "$@"\n')
    launcher.chmod(0o755)
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash")
    environment = pinned_environment(PATH=f"{bin_folder}:{PINNED.get('PATH', '')}:/usr/bin:/bin", PYTHONPATH=str(ROOT))
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        environment.pop(name)
    work = tmp_path / "work"
    work.mkdir()
    transcript = "".join(CONSOLE.findall((DOCS / document).read_text(encoding="utf-8")))
    expected = transcript.splitlines()
    script = "\n".join(line[2:] for line in expected if line.startswith("$ "))
    script = "".join(f"printf '%s\\n' {_quoted('$ ' + line)}\n{line} 2>&1\n" for line in script.splitlines())
    done = subprocess.run([bash, "-c", script], cwd=work, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    got = done.stdout.splitlines()
    for wanted, found in zip(expected, got, strict=False):
        pattern = ".*".join(map(re.escape, wanted.split("…")))
        assert re.fullmatch(pattern, found), f"{document} says {wanted!r}, the command {found!r}"
    assert len(got) == len(expected)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
