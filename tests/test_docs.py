"""What the documents claim is run: the reference is fresh, and the tutorial's transcripts are real."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from fieldvault.cli import demo
from fieldvault.cli.app import MODULES, fv
from tests.docs import DOCS, reference
from tests.gitenv import pinned_environment

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


def test_the_architecture_names_every_file_and_no_other() -> None:
    text = (DOCS / "ARCHITECTURE.md").read_text(encoding="utf-8")
    code_map = text.partition("## Code map")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z0-9_]+)/?`", code_map))
    package = ROOT / "fieldvault"
    files = {path.stem for path in package.rglob("*.py") if path.parent != package} - {"__init__", "en"}
    assert named == files | {path.parent.name for path in package.glob("*/*/**/__init__.py")}


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_every_command_explains_itself_with_an_example(name: str, command: click.Command) -> None:
    assert command.help and "Example:" in command.help
    assert f"fv {name}" in command.help.split("Example:")[1]
    assert not command.help.splitlines()[0].endswith(".")
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options or name in ("demo", "filter-process")  # people play the one, git calls the other


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell that finds `fv`, in an empty folder."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash")
    launcher = tmp_path / "bin" / "fv"
    launcher.parent.mkdir()
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fieldvault "$@"\n')
    launcher.chmod(0o755)
    environment = pinned_environment(PATH=f"{launcher.parent}:/usr/bin:/bin", PYTHONPATH=str(ROOT))
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        environment.pop(name)
    (tmp_path / "work").mkdir()
    return Shell(bash, tmp_path / "work", environment)


@pytest.mark.slow
def test_the_tutorial_is_real(shell: Shell) -> None:
    shell.play("docs/tutorial.md")


@pytest.mark.slow
def test_the_readme_is_real(shell: Shell) -> None:
    """It shows the demo from the moment in which Marc is back on the network."""
    commit, network = ("marc", "fv", "-C", "marc", "commit"), demo.STORY.index("demo-network")
    for scene in demo.STORY[:network]:
        if isinstance(scene, tuple) and scene != commit:
            assert demo.run_scene(shell.folder, scene[0], scene[1:]) == 0
    shell.folder /= "marc"
    shell.environment |= {f"GIT_{role}_NAME": "Marc Petit" for role in ("AUTHOR", "COMMITTER")}
    shell.play("README.md")


@dataclass
class Shell:
    """Runs the commands of a document in one shell, and compares what they print with what stands there."""

    bash: str
    folder: Path
    environment: dict[str, str]

    def play(self, document: str) -> None:
        """`…` in the document stands for anything."""
        transcript = "".join(CONSOLE.findall((ROOT / document).read_text(encoding="utf-8")))
        expected = transcript.splitlines()
        commands = [line[2:] for line in expected if line.startswith("$ ")]
        script = "".join(f"printf '%s\\n' {shlex.quote('$ ' + line)}\n{line} 2>&1\n" for line in commands)
        done = subprocess.run(
            [self.bash, "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert commands and done.stderr == ""
        got = done.stdout.splitlines()
        for wanted, found in zip(expected, got, strict=False):
            pattern = ".*".join(map(re.escape, wanted.split("…")))
            assert re.fullmatch(pattern, found), f"{document} says {wanted!r}, the command {found!r}"
        assert len(got) == len(expected)
