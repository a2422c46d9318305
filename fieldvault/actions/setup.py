"""Setting up: a new vault, a copy of one, a hub.

Law: nothing is written before everything that can be asked has been asked (who, where, whether there is room); what
stands in the folder already stays, uncommitted. A clone that fails leaves nothing behind.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fieldvault.actions.change import Change, apply_change
from fieldvault.actions.commit import Now, commit
from fieldvault.actions.device import mint_device
from fieldvault.actions.fetching import INCOMING, fetch
from fieldvault.actions.hubnotes import notes_of
from fieldvault.actions.opening import find_root
from fieldvault.actions.recovery import locked
from fieldvault.actions.talk import Talk
from fieldvault.actions.vault import HUB_MAIN, MAIN, Vault
from fieldvault.core.names import CONFIG_PATH
from fieldvault.core.schema import DEFAULT
from fieldvault.core.settings import settings_from
from fieldvault.core.snapshot import Oid
from fieldvault.edge import yamltext
from fieldvault.edge.durable import write_whole
from fieldvault.edge.git.address import parse_address
from fieldvault.edge.git.batch import Batch
from fieldvault.edge.git.config import GitConfig
from fieldvault.edge.git.history import read_commit
from fieldvault.edge.git.link import Progress, no_progress
from fieldvault.edge.git.repository import create_repository
from fieldvault.edge.git.trees import diff_trees, find
from fieldvault.edge.git.wire import open_hub
from fieldvault.edge.template import template_files
from fieldvault.errors import FieldvaultError, HubUnreachable

ATTRIBUTES_PATH = ".gitattributes"
EDITOR_PATH = ".vscode/settings.json"
EMPTY_SETTINGS = b"format: 1\n"
ATTRIBUTES = b"""\
# Records keep their own line endings; fv merges them field by field.
*.yaml merge=fieldvault -text
*.yml merge=fieldvault -text
"""
DRIVERS = {
    "fieldvault": "fv merge-driver %O %A %B %P",
    "fieldvault-inner": "fv merge-driver --inner %O %A %B %P",  # for git's merge of several merge bases
}


@dataclass(frozen=True)
class SetUp:
    """A vault that was made: where, and what its first commit holds (`files`), or the records that a clone brought."""

    root: Path
    files: int
    hub: str | None = None


def init(directory: Path, now: Now, *, sample: bool = False, empty: bool = False, hub: str | None = None) -> SetUp:
    """Make a vault in `directory` and its first commit. Raises `vault-exists`, `vault-inside`, `no-identity`."""
    root = directory.absolute()
    around = find_root(root)
    if around is not None:
        raise FieldvaultError("vault-exists" if around == root else "vault-inside", path=str(around))
    if root.exists() and not root.is_dir():
        raise FieldvaultError("folder-is-file", path=str(directory))
    if GitConfig(root / ".git" if (root / ".git").is_dir() else None).identity() is None:
        raise FieldvaultError("no-identity")
    files = {CONFIG_PATH: EMPTY_SETTINGS} if empty else dict(template_files(sample))
    files |= {ATTRIBUTES_PATH: ATTRIBUTES, EDITOR_PATH: _editor_settings(files)}
    root.mkdir(parents=True, exist_ok=True)
    if not (root / ".git").exists():
        create_repository(root)
    with Vault(root) as vault:
        _equip(vault, hub)
        for path, data in files.items():
            if vault.worktree.stat(path) is None:
                write_whole(vault.worktree.path(path), data)
        report = commit(vault, now, "Start the vault", list(files))
    _make_default(root)
    return SetUp(root, len(report.changes), hub)


def clone(url: str, directory: Path | None, now: Now, progress: Progress = no_progress) -> SetUp:
    """Make a copy of the vault at the hub `url`. Raises `folder-not-empty`, `hub-empty`, `hub-no-vault`.

    `clone-cut`: the link was cut. What has arrived stays then, as after Ctrl-C, and the same call goes on from there.
    """
    address = parse_address(url, Path.cwd())
    url = address.path if address.scheme == "path" else url  # as git does: a clone can be moved, its hub stays
    root = (directory or Path(_name_in(url))).absolute()
    made = not root.exists()
    if not made and not _begun(root, url) and (not root.is_dir() or any(root.iterdir())):
        raise FieldvaultError("folder-not-empty", path=str(directory or root.name))
    if GitConfig(None).identity() is None:
        raise FieldvaultError("no-identity")
    try:
        report = _clone(url, root, now, progress)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and _begun(root, url):
            raise
        if isinstance(error, HubUnreachable) and _begun(root, url):
            raise HubUnreachable("clone-cut", path=str(root), reason=error.facts.get("reason", "cut")) from error
        for left in [root] if made else list(root.iterdir()):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
        raise
    _make_default(root)
    return report


def _cloning(root: Path) -> Path:
    """A note of what is being cloned here; it goes when all has come."""
    return root / ".git" / "fieldvault" / "cloning"


def _begun(root: Path, url: str) -> bool:
    """Whether a clone of that hub was cut here, and something had come."""
    note = _cloning(root)
    return note.is_file() and note.read_text("utf-8") == url and any((note.parent / INCOMING).rglob("*.idx"))


def introduce(name: str, mail: str) -> None:
    """Put the person's name and e-mail into git's configuration, as git itself would."""
    person = GitConfig(None)
    person.set_person("user", "name", value=name)
    person.set_person("user", "email", value=mail)


def is_known() -> bool:
    """Whether git's configuration says who commits here."""
    return GitConfig(None).identity() is not None


def _make_default(root: Path) -> None:
    """The first vault of a person is the one that `fv` means outside of any."""
    person = GitConfig(None)
    if person.get("fieldvault", "vault") is None:
        person.set_person("fieldvault", "vault", value=str(root))


def _clone(url: str, root: Path, now: Now, progress: Progress) -> SetUp:
    with Vault(root) as vault:
        with open_hub(url, root, progress) as hub:
            talk = Talk(vault, hub, notes_of(vault, url))
            talk.ask()
            if (tip := talk.main) is None:
                raise FieldvaultError("hub-empty", url=hub.url)
            create_repository(root)
            write_whole(_cloning(root), url.encode())
            fetch(talk, [tip], [])
        tree = read_commit(vault.objects, tip).tree
        if find(vault.objects, tree, CONFIG_PATH) is None:
            raise FieldvaultError("hub-no-vault", url=hub.url)
        _equip(vault, url)
        files = _check_out_all(vault, tip, tree)
        vault.note_confirmed(tip, now()[0])
        talk.notes.ours = True
        talk.notes.save(vault)
        _cloning(root).unlink()
        return SetUp(root, files, url)


def _check_out_all(vault: Vault, tip: Oid, tree: Oid) -> int:
    changes = diff_trees(vault.objects, None, tree)
    vault.refs.compare_and_set(HUB_MAIN, None, tip, message="fv clone")
    with locked(vault, "clone"), Batch(vault.objects) as batch:
        apply_change(vault, batch, Change(MAIN, None, tip, changes, changes, reason="clone"))
    return len(changes)


def hub_init(directory: Path) -> Path:
    """Make an empty hub: a bare repository with the settings that fv likes. Raises `folder-not-empty`."""
    root = directory.absolute()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise FieldvaultError("folder-not-empty", path=str(directory))
    create_repository(root, bare=True)
    return root


def _equip(vault: Vault, hub: str | None) -> None:
    """This machine's own settings of the vault, in `.git`: the device, the hub, what git leaves out."""
    vault.own_dir.mkdir(parents=True, exist_ok=True)
    mint_device(vault)
    for name, command in DRIVERS.items():
        vault.config.set_local("merge", name, "name", value="Fieldvault, field by field")
        vault.config.set_local("merge", name, "driver", value=command)
    vault.config.set_local("merge", "fieldvault", "recursive", value="fieldvault-inner")
    if hub is not None:
        vault.config.set_local("remote", "origin", "url", value=hub)
        vault.config.set_local("remote", "origin", "fetch", value="+refs/heads/*:refs/remotes/origin/*")
        vault.config.set_local("branch", "main", "remote", value="origin")
        vault.config.set_local("branch", "main", "merge", value=MAIN)
    exclude = vault.git_dir / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    with exclude.open("a", encoding="utf-8") as file:
        file.write("# Fieldvault's temporary files\n.fv-*\n")


def _editor_settings(files: Mapping[str, bytes]) -> bytes:
    """Completion and checks in VS Code: which schema belongs to which folder."""
    settings = settings_from(yamltext.read(files[CONFIG_PATH]).value(DEFAULT))
    kinds = [kind for kind in settings.records.values() if kind.schema]
    schemas = {f"./{kind.schema}": f"{kind.folder}/**/*.yaml" for kind in kinds}
    return json.dumps({"yaml.schemas": schemas}, indent=2).encode() + b"\n"


def _name_in(url: str) -> str:
    """The folder that git would choose: `ssh://host/sales.git` -> `sales`."""
    name = url.rstrip("/").replace("\\", "/").rpartition("/")[2].rpartition(":")[2].removesuffix(".git")
    if not name:
        raise FieldvaultError("clone-no-name", url=url)
    return name
