"""`fv demo`: two people, one hub, no network in between.

Law: a transcript, not a script of prints. Every result on the screen is what the command above it printed; the commands
are the public ones, run as a person would run them, each in a process of its own.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from fieldvault.errors import FieldvaultError
from fieldvault.messages import say

LEFEVRE, SIMON = "boulangerie lefevre", "garage simon"
TERRACE, TASTING = "deuxieme machine", "terrasse et degustation"
FIELD = "phones/gsm/number"
PACKS = "samples/prd_6qxke2w8j1/quantity"
RECORD = "customers/8q/boulangerie-lefevre~cus_4k7m2x9d8q.yaml"
BROCHURE = "materials/brochure-cafes-2026.pdf"
BILLING = "compta@boulangerie-lefevre.example"
COMMENT = "# Fermé du 3 au 24 août."

# Who does what, in order: a scene's key in the catalogue, or a person and the command that is theirs.
STORY: tuple[str | tuple[str, ...], ...] = (
    "demo-hub",
    ("marc", "fv", "hub", "init", "hub.git"),
    ("marc", "fv", "init", "marc", "--sample", "--hub", "../hub.git"),
    ("marc", "fv", "-C", "marc", "sync"),
    ("ines", "fv", "clone", "hub.git", "ines"),
    "demo-marc",
    ("marc", "fv", "-C", "marc", "set", LEFEVRE, "phones/std/number=+33261910108", "tags+=vitrine"),
    ("marc", "fv", "-C", "marc", "note", LEFEVRE, "Julien est convaincu : une deuxième machine en avril."),
    ("marc", "echo", COMMENT, ">>", f"marc/{RECORD}"),
    ("marc", "fv", "-C", "marc", "set", TERRACE, "stage=proposal", "probability=60"),
    ("marc", "fv", "-C", "marc", "set", TASTING, f"{PACKS}=5"),
    ("marc", "fv", "-C", "marc", "set", SIMON, f"{FIELD}=+33639981207"),
    ("marc", "cp", "marc/materials/brochure-cafes-2025.pdf", f"marc/{BROCHURE}"),
    ("marc", "fv", "-C", "marc", "commit"),
    "demo-ines",
    ("ines", "fv", "-C", "ines", "set", LEFEVRE, f"emails/billing/address={BILLING}", "tags-=bio"),
    ("ines", "fv", "-C", "ines", "set", TERRACE, "stage=negotiation", "probability=75", "close_date=2026-03-31"),
    ("ines", "fv", "-C", "ines", "set", TASTING, f"{PACKS}=5"),
    ("ines", "fv", "-C", "ines", "set", SIMON, f"{FIELD}=+33639984418", "credit_limit=600"),
    ("ines", "cp", "ines/materials/brochure-cafes-2026-epreuve.pdf", f"ines/{BROCHURE}"),
    ("ines", "fv", "-C", "ines", "sync"),
    "demo-network",
    ("marc", "fv", "-C", "marc", "status"),
    ("marc", "fv", "-C", "marc", "sync"),
    ("ines", "fv", "-C", "ines", "sync"),
    ("ines", "fv", "-C", "ines", "show", TASTING),
    "demo-settle",
    ("ines", "fv", "-C", "ines", "conflicts"),
    ("ines", "fv", "-C", "ines", "resolve", SIMON, FIELD, "--take", "2"),
    ("ines", "fv", "-C", "ines", "sync"),
    ("marc", "fv", "-C", "marc", "sync"),
    ("marc", "fv", "-C", "marc", "log", "-n", "5"),
    ("marc", "fv", "-C", "marc", "status"),
)
PEOPLE = {
    "marc": ("Marc Petit", "marc.petit@valserine.example"),
    "ines": ("Inès Roux", "ines.roux@valserine.example"),
}


def play(folder: Path | None) -> int:
    """Play the story in `folder`, by default a new one, and leave it there. 0 when every command did as it should."""
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="fieldvault-demo-"))
    elif folder.exists() and any(folder.iterdir()):
        raise FieldvaultError("folder-not-empty", path=str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    for scene in STORY:
        if isinstance(scene, str):
            click.secho(f"\n# {say(scene)}", bold=True)
        elif code := run_scene(folder, scene[0], scene[1:]):
            return code
    click.secho(f"\n# {say('demo-play', folder=folder)}", bold=True)
    return 0


def run_scene(folder: Path, person: str, command: Sequence[str]) -> int:
    """Show one command and run it as that person; its exit code."""
    shown = " ".join(word if word == ">>" else shlex.quote(word) for word in command)
    click.secho(f"{person}$ {shown}", fg="cyan")
    sys.stdout.flush()
    if command[0] == "cp":
        shutil.copyfile(folder / command[1], folder / command[2])
        return 0
    if command[0] == "echo":
        with (folder / command[3]).open("a", encoding="utf-8", newline="") as file:
            file.write(f"{command[1]}\n")
        return 0
    words = [sys.executable, "-m", "fieldvault", *command[1:]]
    return subprocess.run(words, cwd=folder, env=_environment(person), check=False).returncode


def _environment(person: str) -> Mapping[str, str]:
    """This person's computer: their name, and none of the real person's settings."""
    name, mail = PEOPLE[person]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "FV_"))}
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", name), ("EMAIL", mail))
    }
    return kept | who | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
