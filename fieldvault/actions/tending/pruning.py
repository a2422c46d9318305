"""Taking from a hub what it needs no more.

Law: an inbox goes when main contains all that was delivered to it, by compare-and-set on what was seen there: one that
somebody delivers to meanwhile stays. Nothing else goes by this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fieldvault.actions.ground.vault import MAIN, Vault
from fieldvault.actions.syncing.hubnotes import INBOXES, origin
from fieldvault.actions.tending.oldcontents import OldContents
from fieldvault.edge.git.hubs.hub import Hub
from fieldvault.edge.git.hubs.link import Progress, no_progress
from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.edge.git.store.history import is_ancestor
from fieldvault.edge.git.store.objects import Objects, Reader
from fieldvault.errors import FieldvaultError


@dataclass
class Pruned:
    """`removed`: inboxes that went; `kept`: those that hold what main does not; `refused`: ref -> the hub's word.
    `old`: the contents of attachments that only old versions name, where that was asked.
    """

    url: str
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    old: OldContents | None = None


def prune_vaults_hub(vault: Vault, progress: Progress = no_progress) -> Pruned:
    """Prune the hub that this vault syncs with. Raises `no-hub`, and `prune-behind` before its main is known here."""
    with open_hub(origin(vault), vault.root, progress) as hub:
        return _prune(hub, vault.objects)


def prune_folder(path: Path) -> Pruned:
    """Prune the hub in the folder `path`, as whoever keeps it does."""
    with open_hub(str(path.absolute()), Path.cwd()) as hub, Objects(path) as objects:
        return _prune(hub, objects)


def _prune(hub: Hub, reader: Reader) -> Pruned:
    report = Pruned(hub.url)
    tips = hub.tips()
    main = tips.get(MAIN)
    if main is not None and main not in reader:
        raise FieldvaultError("prune-behind", ref=MAIN)
    inboxes = {ref: oid for ref, oid in tips.items() if ref.startswith(INBOXES)}
    merged = {ref: oid for ref, oid in inboxes.items() if main and oid in reader and is_ancestor(reader, oid, main)}
    report.kept = sorted(inboxes.keys() - merged.keys())
    _note(report, hub.remove(merged) if merged else {})
    return report


def _note(report: Pruned, answers: Mapping[str, str | None]) -> None:
    for ref, reason in sorted(answers.items()):
        if reason is None:
            report.removed.append(ref)
        else:
            report.refused[ref] = reason
