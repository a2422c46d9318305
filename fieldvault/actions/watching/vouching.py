"""What a watcher vouches for: other commands ask it what may differ (actions/committing/word).

Law: what the last look at the whole folder found, and whatever an event has told of since. Were events lost, or told of
too much, it gives no word until it has looked again; where events say too little it cannot even be asked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from fieldvault.actions.committing.survey import Survey
from fieldvault.actions.committing.word import PATHS_MAX, Word, write_word
from fieldvault.actions.ground.vault import Vault
from fieldvault.edge import fswatch
from fieldvault.edge.question import answer


class Vouching:
    """The word of one watcher, of the vault at `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._questions = Vault(root).questions_dir
        self._word: Word | None = None

    @contextlib.contextmanager
    def asked(self) -> Iterator[Path | None]:
        """The folder in which other commands put their questions; None where events say too little for a word."""
        if not fswatch.tells_all(self._root):
            yield None
            return
        with contextlib.suppress(OSError):  # a full disk must not keep anybody from working: nobody can ask, then
            self._questions.mkdir(exist_ok=True)
            for left in self._questions.iterdir():
                left.unlink()
        try:
            yield self._questions
        finally:
            with contextlib.suppress(OSError):  # a question is under way, or the folder is gone
                self._questions.rmdir()

    def answer(self, question: str) -> None:
        answer(self._questions / question, write_word(self._word))

    def looked(self, seen: Survey, outside: str) -> None:
        """The whole folder was looked at; `outside`: what says beside it which files are ignored."""
        differing = {*(edit.change.path for edit in seen.edits), *seen.problems, *seen.behind}
        self._word = Word(seen.tree, outside, differing) if len(differing) <= PATHS_MAX else None

    def touched(self, path: str) -> bool:
        """Something happened there. False where that is one too many: the whole folder is to be looked at."""
        if self._word is None:
            return True
        self._word.differing.add(path)
        return len(self._word.differing) <= PATHS_MAX

    def withdraw(self) -> None:
        """Events may have been missed."""
        self._word = None
