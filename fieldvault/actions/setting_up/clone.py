"""A copy of the vault that a hub has.

Law: a clone that fails leaves nothing behind; one whose link was cut keeps what has come, and the next call goes on.
Records come before large attachments: the vault can be worked in while these are on their way.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from fieldvault.actions.ground.absent import choices_of
from fieldvault.actions.ground.change import Change, apply_change
from fieldvault.actions.ground.commits import Now
from fieldvault.actions.ground.opening import find_root
from fieldvault.actions.ground.recovery import locked, recover
from fieldvault.actions.ground.vault import HUB_MAIN, MAIN, Vault
from fieldvault.actions.setting_up.equipment import SetUp, equip, make_default
from fieldvault.actions.syncing.bringing import bring_absent, talking
from fieldvault.actions.syncing.fetching import INCOMING, fetch
from fieldvault.actions.syncing.hubnotes import notes_of
from fieldvault.actions.syncing.talk import Talk
from fieldvault.core.names import CONFIG_PATH
from fieldvault.core.snapshot import Oid
from fieldvault.edge.durable import OWN_FOLDER, write_whole
from fieldvault.edge.git.gitdir.config import GitConfig
from fieldvault.edge.git.gitdir.repository import is_unfinished
from fieldvault.edge.git.hubs.address import parse_address
from fieldvault.edge.git.hubs.bundle import is_bundle
from fieldvault.edge.git.hubs.link import Progress, no_progress
from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.edge.git.store.batch import Batch
from fieldvault.edge.git.store.history import read_commit
from fieldvault.edge.git.store.trees import diff_trees, find, list_tree
from fieldvault.errors import Busy, FieldvaultError, HubUnreachable


def clone(
    url: str, directory: Path | None, now: Now, progress: Progress = no_progress, *, hub: str | None = None
) -> SetUp:
    """Make a copy of the vault at the hub `url`, or in a bundle, to sync with `hub`, by default `url`; after a bundle
    with none. Raises `folder-not-empty`, `vault-inside`, `hub-empty`, `hub-no-vault`.

    `clone-cut`: the link was cut. What has arrived stays then, as after Ctrl-C, and the same call goes on from there.
    """
    address = parse_address(url, Path.cwd())
    url = address.path if address.scheme == "path" else url  # as git does: a clone can be moved, its hub stays
    root = Path(os.path.realpath(directory or _name_in(url)))
    if (around := find_root(root.parent)) is not None:
        raise FieldvaultError("vault-inside", path=str(around))
    made = not root.exists()
    if not made and not _cut_off(root, url) and (not root.is_dir() or any(root.iterdir())):
        raise FieldvaultError("folder-not-empty", path=str(directory or root.name))
    if GitConfig(None).identity() is None:
        raise FieldvaultError("no-identity")
    try:
        report = _clone(url, root, now, progress, hub)
    except BaseException as error:
        if isinstance(error, Busy) or (isinstance(error, KeyboardInterrupt) and _begun(root, url)):
            raise
        if isinstance(error, HubUnreachable) and _begun(root, url):
            raise HubUnreachable("clone-cut", path=str(root), reason=error.facts.get("reason", "cut")) from error
        for left in [root] if made else list(root.iterdir()):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
        raise
    make_default(root)
    return replace(report, absent=_bring_attachments(root, url, progress))


def _bring_attachments(root: Path, url: str, progress: Progress) -> dict[str, str]:
    """The contents of the large ones, once there is a vault to work in: what does not come, and why. However this
    ends, the next sync goes on with it.
    """
    with Vault(root) as vault:
        if not choices_of(vault).absent:
            return {}
        try:
            with vault.sync_lock(), talking(vault, progress, url) as talk:
                return bring_absent(talk).left
        except FieldvaultError:
            return dict.fromkeys(choices_of(vault).absent, "content-comes")


def _cloning(root: Path) -> Path:
    """A note of what is being cloned here; it goes when all has come."""
    return root / ".git" / OWN_FOLDER / "cloning"


def _begun(root: Path, url: str) -> bool:
    """Whether a clone of that hub was cut here, and something had come."""
    note = _cloning(root)
    return note.is_file() and note.read_text("utf-8") == url and any((note.parent / INCOMING).rglob("*.idx"))


def _cut_off(root: Path, url: str) -> bool:
    """Whether a clone of that hub was cut off here, however little it had done."""
    note = _cloning(root)
    if note.is_file():
        return note.read_text("utf-8") == url
    return root.is_dir() and [one.name for one in root.iterdir()] == [".git"] and is_unfinished(root / ".git")


def _clone(url: str, root: Path, now: Now, progress: Progress, hub: str | None) -> SetUp:
    vault = Vault(root)
    recover(vault)
    with vault, vault.sync_lock(0):
        if (vault.git_dir / "HEAD").exists() and (head := vault.head()) is not None:  # cut off when all had come
            _cloning(root).unlink()
            return SetUp(root, len(list_tree(vault.objects, read_commit(vault.objects, head).tree)), url)
        hub = url if hub is None and not is_bundle(Path(url)) else hub
        with open_hub(url, root, progress) as source:
            talk = Talk(vault, source, notes_of(vault, url))
            talk.ask()
            if (tip := talk.main) is None:
                raise FieldvaultError("hub-empty", url=source.url)
            write_whole(_cloning(root), url.encode())
            equip(vault, hub)
            fetch(talk, [tip], [])
        tree = read_commit(vault.objects, tip).tree
        if find(vault.objects, tree, CONFIG_PATH) is None:
            raise FieldvaultError("hub-no-vault", url=source.url)
        files = _check_out_all(vault, tip, tree)
        vault.note_looked_at(tip)
        if hub == url:
            _note_hub(talk, tip, now)
        _cloning(root).unlink()
        return SetUp(root, files, url)


def _check_out_all(vault: Vault, tip: Oid, tree: Oid) -> int:
    changes = diff_trees(vault.objects, None, tree)
    with locked(vault, "clone"), Batch(vault.objects) as batch:
        apply_change(vault, batch, Change(MAIN, None, tip, changes, changes, reason="clone"))
    return len(changes)


def _note_hub(talk: Talk, tip: Oid, now: Now) -> None:
    """The hub we sync with holds all that is here."""
    talk.vault.refs.compare_and_set(HUB_MAIN, None, tip, message="fv clone")
    talk.vault.note_confirmed(tip, now()[0])
    talk.notes.ours = True
    talk.notes.save(talk.vault)


def _name_in(url: str) -> str:
    """The folder that git would choose: `ssh://host/sales.git` -> `sales`."""
    last = url.rstrip("/").replace("\\", "/").rpartition("/")[2].rpartition(":")[2]
    name = last.removesuffix(".git").removesuffix(".bundle")
    if not name:
        raise FieldvaultError("clone-no-name", url=url)
    return name
