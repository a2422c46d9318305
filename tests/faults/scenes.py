"""The scenes that are disturbed: a hub and two desks just before one command.

Law: a scene is a folder made once and copied for each point, with nothing in it that names its place.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from fieldvault.core.snapshot import Oid, blob_id
from tests.gitenv import PINNED, Git
from tests.world import Desk, World

CUSTOMER = "customers/8q/lefevre~cus_4k7m2x9d8q.yaml"
SETTINGS = "format: 1\nrecords:\n  customer: {folder: customers, schema: schemas/customer.yaml}\n"
SCHEMA = """\
type: object
properties:
  id: {type: string, x-merge: immutable}
  tags: {type: array, items: {type: string}, uniqueItems: true}
  samples: {type: integer, x-merge: sum}
"""
RECORD = "id: cus_4k7m2x9d8q\nname: Lefèvre\ntags: [bio]\nsamples: 10\n"
FILES: dict[str, str | bytes] = {
    "fieldvault.yaml": SETTINGS,
    "schemas/customer.yaml": SCHEMA,
    CUSTOMER: RECORD,
    "customers/aa/old.yaml": "id: cus_old\nname: Old\n",
    "customers/bb/other.yaml": "id: cus_other\nname: Other\n",
    "flat": "a file that becomes a folder\n",
    "brochure.pdf": b"%PDF-1\n\0a",
}


class Command(NamedTuple):
    """The command that is disturbed, and the folder of the scene in which it is run. What comes of it `again`: `same`,
    `told` where it says that all is done already, `more` where it would do something else, and another command must
    put right what was left.
    """

    words: list[str]
    folder: str = "marc"
    again: Literal["same", "told", "more"] = "same"


def _start(folder: Path) -> tuple[World, Desk]:
    """A hub and Marc's desk, which knows it as `../hub.git`, so that the folder can be copied."""
    world = World(folder)
    marc = world.first("Marc", files=FILES)
    marc.git("config", "remote.origin.url", "../hub.git")
    return world, marc


def committing(folder: Path) -> Command:
    """A changed record, a new one in a new folder, a removed one, an attachment."""
    _, marc = _start(folder)
    marc.edit(CUSTOMER, "name: Lefèvre", "name: Lefèvre SARL")
    marc.write("customers/zz/new.yaml", "id: cus_new\nname: New\n")
    marc.remove("customers/aa/old.yaml")
    marc.write("brochure.pdf", b"%PDF-2\n\0b")
    return Command(["commit", "-m", "Marc's"])


def committing_first(folder: Path) -> Command:
    """A repository without a commit."""
    marc = Desk(folder / "marc", "Marc")
    marc.git.init()
    for path, text in FILES.items():
        marc.write(path, text)
    return Command(["commit", "-m", "First"])


def syncing(folder: Path) -> Command:
    """Both sides changed one record, sum and set included; the office also added, removed, and made a file a folder."""
    world, marc = _start(folder)
    ines = world.join("Ines")
    ines.edit(CUSTOMER, "tags: [bio]\nsamples: 10", "tags: [bio, vip]\nsamples: 15")
    ines.edit("customers/bb/other.yaml", "name: Other", "name: Another")
    ines.remove("customers/aa/old.yaml")
    ines.remove("flat")
    ines.write("flat/inside.txt", "now a folder\n")
    ines.sync()
    marc.edit(CUSTOMER, "name: Lefèvre\ntags: [bio]\nsamples: 10", "name: Lefèvre SARL\ntags: [bio, b2b]\nsamples: 12")
    marc.write("customers/zz/new.yaml", "id: cus_new\nname: New\n")
    return Command(["sync"])


def forwarding(folder: Path) -> Command:
    """The office filled a territory, and nothing was done here: many files come in one go, their objects in a pack."""
    world, _ = _start(folder)
    ines = world.join("Ines")
    for number in range(30):
        ines.write(f"customers/{number:02}/c~cus_{number}.yaml", f"id: cus_{number}\nname: Customer {number}\n")
    ines.edit(CUSTOMER, "tags: [bio]", "tags: [bio, vip]")
    ines.remove("customers/aa/old.yaml")
    ines.sync()
    return Command(["sync"])


def watching(folder: Path) -> Command:
    """Saved before the watcher starts, a colleague's work in the hub: one burst, and one sync."""
    syncing(folder)
    return Command(["watch"])


def tidying(folder: Path) -> Command:
    """Marc has committed with plain git and packed now and then; both object folders are due to be tidied up."""
    world, marc = _start(folder)
    for git in (marc.git, world.hub_git):
        git("config", "transfer.unpackLimit", "1000")
    for turn in range(4):
        for number in range(40):
            marc.write(f"customers/{turn}/{number}.yaml", f"id: cus_{turn}_{number}\n")
        marc.git("add", "-A")
        marc.git("commit", "-q", "-m", f"Turn {turn}")
        marc.git("push", "-q", str(world.hub), "main")
        if turn < 3:
            for git in (marc.git, world.hub_git):
                git("repack", "-q", "-d")
    for git in (marc.git, world.hub_git):
        git.raw("hash-object", "-w", "--stdin", stdin=b"named by nothing\n")
    marc.edit(CUSTOMER, "name: Lefèvre", "name: Lefèvre SARL")
    return Command(["tidy", "sync"])


def setting(folder: Path) -> Command:
    """A field of a record that has an edit of Marc's, too."""
    _, marc = _start(folder)
    marc.edit(CUSTOMER, "tags: [bio]", "tags: [bio, vip]")
    return Command(["set", "lefevre", "name=Lefèvre SARL", "samples=12"])


def _disagreeing(folder: Path) -> Desk:
    """Marc's desk, where two names of one record stand open."""
    world, marc = _start(folder)
    ines = world.join("Ines")
    ines.edit(CUSTOMER, "name: Lefèvre", "name: Lefèvre SA")
    ines.sync()
    marc.edit(CUSTOMER, "name: Lefèvre", "name: Lefèvre SARL")
    marc.sync()
    return marc


def resolving(folder: Path) -> Command:
    _disagreeing(folder)
    return Command(["resolve", "lefevre", "name", "--take", "2"], again="more")


def undoing(folder: Path) -> Command:
    """Of a commit that added, changed and removed."""
    marc = _disagreeing(folder)
    marc.edit("customers/bb/other.yaml", "name: Other", "name: Another")
    marc.write("customers/zz/new.yaml", "id: cus_new\nname: New\n")
    marc.remove("customers/aa/old.yaml")
    marc.commit()
    return Command(["undo", marc.head()], again="more")


def starting(folder: Path) -> Command:
    """A new vault."""
    (folder / "marc").mkdir(parents=True)
    return Command(["init"], again="told")


def cloning(folder: Path) -> Command:
    """From where the hub stands: a copy of the scene goes on with the same clone."""
    world, _ = _start(folder)
    (folder / "marc").rename(folder / "claire")
    return Command(["clone", str(world.hub), "marc"], ".", "told")


def making_a_hub(folder: Path) -> Command:
    folder.mkdir()
    return Command(["hub", "init", "hub.git"], ".", "told")


SCENES: dict[str, Callable[[Path], Command]] = {
    "commit": committing,
    "first": committing_first,
    "sync": syncing,
    "forward": forwarding,
    "watch": watching,
    "tidy": tidying,
    "set": setting,
    "resolve": resolving,
    "undo": undoing,
    "init": starting,
    "clone": cloning,
    "hub-init": making_a_hub,
}


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "FV_"))}
    pinned = {name: value for name, value in PINNED.items() if not name.endswith("_DATE")}
    return kept | pinned | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def working_files(root: Path) -> dict[str, Oid]:
    """Every file of the folder but git's, and the id of what it holds."""
    found = (path for path in root.rglob("*") if ".git" not in path.parts and path.is_file())
    return {path.relative_to(root).as_posix(): blob_id(path.read_bytes()) for path in found}


def is_repository(root: Path) -> bool:
    return (root / ".git" / "HEAD").exists()


def tree_of(git: Git) -> dict[str, Oid]:
    """Every file of HEAD, and its id; none before the first commit, nor before there is a repository."""
    if not is_repository(git.path):
        return {}
    done = git.run("ls-tree", "-r", "-z", "--format=%(path)%x00%(objectname)", "HEAD")
    words = done.stdout.decode().split("\0")
    return dict(zip(words[::2], words[1::2], strict=False))
