"""A watcher's word: what may differ in the folder, so that the rest need not be looked at.

Law: the word counts only where it was given after it was asked for. The watcher meets the question behind everything
that was done before it (edge/fswatch), and its word is that every file but those it names stands as in `tree`. It gives
none where it is not sure. A watcher that is killed, stopped or behind gives none in time; then everything is looked at.
What no event tells of (a file changed through another hard link, or in mapped memory that is not let go) is found when
the watcher looks at the whole folder the next time.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from fieldvault.actions.ground.vault import Vault
from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.store.trees import diff_trees
from fieldvault.edge.question import ANSWER_BYTES_MAX, ask
from fieldvault.errors import Corrupt

WAIT_SECONDS = 0.25  # about what looking at 50,000 files takes
PATHS_MAX = 1000  # for more the whole folder is looked at, which takes no longer


class Word(NamedTuple):
    """Every file of the folder but `differing` stands as in `tree`, by the ignore rules that were `outside` it."""

    tree: Oid | None
    outside: str
    differing: set[str]


def write_word(word: Word | None) -> bytes:
    """The word as it is answered; nothing where there is none, or its names are too long."""
    if word is None:
        return b""
    data = json.dumps([word.tree, word.outside, sorted(word.differing)]).encode()
    return data if len(data) <= ANSWER_BYTES_MAX else b""


def may_differ(vault: Vault, tree: Oid | None) -> set[str] | None:
    """The paths that may not stand as in `tree`; None where nobody vouches for the others."""
    if not vault.watch_lock().is_held():
        return None
    word = _read_word(ask(vault.questions_dir, WAIT_SECONDS))
    if word is None or word.outside != vault.ignore.outside():
        return None
    try:
        moved = diff_trees(vault.objects, word.tree, tree)
    except Corrupt:  # git threw the tree away
        return None
    paths = {*word.differing, *vault.stats.behind(), *(change.path for change in moved)}
    return paths if len(paths) <= PATHS_MAX else None


def _read_word(answer: bytes | None) -> Word | None:
    try:
        tree, outside, differing = json.loads(answer or b"")
        return Word(tree, outside, set(differing))
    except (ValueError, TypeError):  # torn, or of another version of fv
        return None
