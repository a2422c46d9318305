"""Which large attachments are on this machine: brought here, kept here, taken off it.

Law: nothing leaves this machine before the hub has said that it holds it, and nothing that a person has edited is taken
off at all. What is here already is shown with no network.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from fieldvault.actions.ground.absent import choices_of
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.syncing.attachments import choosing, pointers, show
from fieldvault.actions.syncing.bringing import Brought, bring, talking
from fieldvault.actions.syncing.hubcontents import HubContents
from fieldvault.core.names import lies_in
from fieldvault.core.pointers import Pointer, may_be_pointed_to
from fieldvault.core.snapshot import Entry
from fieldvault.edge.git.hubs.link import Progress, no_progress
from fieldvault.edge.git.store.trees import list_tree


@dataclass
class Dropped:
    """`dropped`: attachments that are pointers now; `left`: those that are not, and why."""

    dropped: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


def get(vault: Vault, paths: Sequence[str], progress: Progress = no_progress) -> Brought:
    """Bring the attachments at these paths and below them, and keep them here from now on."""
    with vault.sync_lock():
        wanted = {path: (entry, pointer) for path, entry, pointer in pointers(vault, _below(vault, paths))}
        here = {path for path, (_, pointer) in wanted.items() if pointer in vault.contents}
        with choosing(vault) as choices:
            choices.dropped -= wanted.keys()
            choices.absent |= wanted.keys() - here
        left = show(vault, [(path, wanted[path][0]) for path in sorted(here)])
        brought = Brought(sorted(here - left.keys()), left)
        if wanted.keys() - here:
            with talking(vault, progress) as talk:
                came = bring(talk, wanted.keys() - here)
            brought = Brought(sorted([*brought.shown, *came.shown]), left | came.left)
        return brought


def pin(vault: Vault, paths: Sequence[str], progress: Progress = no_progress) -> Brought:
    """As `get`, and `drop` leaves them alone until they are unpinned."""
    pinned = {path for path, _, _ in pointers(vault, _below(vault, paths))}
    with choosing(vault) as choices:
        choices.pinned |= pinned
    return get(vault, paths, progress)


def unpin(vault: Vault, paths: Sequence[str]) -> None:
    with choosing(vault) as choices:
        choices.pinned -= set(_below(vault, paths))


def drop(vault: Vault, paths: Sequence[str], progress: Progress = no_progress) -> Dropped:
    """Leave pointers of the attachments at these paths and below them, where the hub holds what they point to."""
    report = Dropped()
    with vault.sync_lock(), talking(vault, progress) as talk, HubContents(talk) as there:
        pinned, shown = choices_of(vault).pinned, _shown(vault)
        for path, entry, pointer in pointers(vault, _below(vault, paths)):
            if path in pinned:
                report.left[path] = "pinned"
            elif not there.holds(pointer):
                report.left[path] = "only-here"
                if pointer in vault.contents:  # the hub has lost it: the next sync gives it back
                    vault.contents.note_unsent(pointer)
            elif left := _show_pointer(vault, path, entry):
                report.left |= left
            else:
                report.dropped.append(path)
                shown[pointer].discard(path)
                if not shown[pointer]:
                    vault.contents.drop(pointer)
    return report


def _shown(vault: Vault) -> defaultdict[Pointer, set[str]]:
    """The paths at which each content is to be here."""
    found: defaultdict[Pointer, set[str]] = defaultdict(set)
    for path, _, pointer in pointers(vault, set(_below(vault, ())) - choices_of(vault).dropped):
        found[pointer].add(path)
    return found


def _show_pointer(vault: Vault, path: str, entry: Entry) -> dict[str, str]:
    """Note that this one was dropped, and show its pointer; why it stays, where it does."""
    with choosing(vault) as choices:
        choices.dropped.add(path)
        choices.absent.discard(path)
    return show(vault, [(path, entry)], dropping=True)


def _below(vault: Vault, paths: Sequence[str]) -> list[str]:
    """The attachments of HEAD at these paths and below them; all of them for none."""
    tree = vault.head_tree()
    listed = list_tree(vault.objects, tree) if tree else {}
    wanted = paths or ("",)
    return [path for path in listed if may_be_pointed_to(path) and any(lies_in(path, one) for one in wanted)]
