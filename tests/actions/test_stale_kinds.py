"""Stale buffers of each kind, many at a time: nothing that anybody wrote is undone, an ordinary save stands as it is.

A kind is a story of steps. `open`: an editor reads the file. `arrive`: a colleague's change comes in, by plain git.
`save`: the editor saves what it holds, with an edit of its own. Nobody edits a field that was edited before, so at the
end every edit must show.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.actions.test_sync import FILES
from tests.world import Desk, World

SAVES = int(os.environ.get("FV_STALE_SAVES") or 40)  # of each kind; 2000 for the full run
TOGETHER = 150  # more would pass for a program's
PHONES = ("std", "gsm", "fax")
FIELDS = (*(f"f{number}" for number in range(12)), *PHONES)


class Record:
    """One record, what everybody wrote into it, and what each editor holds of it."""

    def __init__(self, desk: Desk, number: int, chance: random.Random) -> None:
        self.desk = desk
        self.chance = chance
        self.path = f"customers/{number % 10}/{number}.yaml"
        self.written = dict.fromkeys(FIELDS, "before")
        self.held: dict[str, str] = {}
        self.saved = ""
        self.over = ""
        self.unused = list(FIELDS)
        chance.shuffle(self.unused)
        lines = [f"id: cus_{number}", *(f"{name}: before" for name in FIELDS if name not in PHONES), "phones:"]
        lines += [f"  - key: {name}\n    number: before" for name in PHONES]
        desk.write(self.path, "\n".join(lines) + "\n")

    def edited(self, text: str) -> str:
        """The text with one edit or two, in fields that nobody has edited yet."""
        for _ in range(self.chance.randint(1, 2)):
            name = self.unused.pop()
            value = self.written[name] = f"v{self.chance.randrange(10**9)}"
            text = _with(text, name, value)
        return text

    def arrive(self) -> None:
        self.desk.write(self.path, self.edited(self.desk.read(self.path)))

    def open(self, editor: str) -> None:
        self.held[editor] = self.desk.read(self.path)

    def save(self, editor: str) -> None:
        self.held[editor] = self.edited(self.held[editor])
        self._write(self.held[editor])

    def save_over(self, editor: str) -> None:
        """Another value for a field that has changed since the editor read the file."""
        name = self.chance.choice([name for name, value in self.written.items() if value != "before"])
        self.over = f"o{self.chance.randrange(10**9)}"
        self._write(_with(self.held[editor], name, self.over))

    def save_crlf(self, editor: str) -> None:
        self._write(self.edited(self.held[editor]).replace("\n", "\r\n"))

    def save_indented(self, editor: str) -> None:
        self._write(self.edited(self.held[editor]).replace("\n  ", "\n      "))

    def save_as_it_was(self, editor: str) -> None:
        self._write(self.held[editor])

    def _write(self, text: str) -> None:
        self.saved = text
        self.desk.write(self.path, text)

    def missing(self) -> list[str]:
        text = self.desk.read(self.path)
        return [name for name, value in self.written.items() if value != "before" and value not in text]


def _with(text: str, name: str, value: str) -> str:
    start = f"  - key: {name}\n    number: " if name in PHONES else f"\n{name}: "
    before, _, after = text.partition(start)
    assert after, (name, text)
    return before + start + value + "\n" + after.partition("\n")[2]


ORDINARY = {
    "after-a-sync": "arrive open save",
    "again-and-again": "arrive open save save save",
    "reloaded": "open arrive save open save",
    "in-two-windows-one-after-the-other": "arrive open save open:other save:other",
}
STALE = {
    "one-editor": "open arrive save",
    "two-editors": "open arrive open:other arrive save save:other",
    "two-syncs": "open arrive arrive save",
    "the-second-save-of-a-buffer": "open arrive save save",
    "crlf": "open arrive save_crlf",
    "re-indented": "open arrive save_indented",
    "after-saves-of-ones-own": "open arrive open:other save:other save",
}


def play(desk: Desk, story: str, records: list[Record]) -> None:
    for step in story.split():
        what, _, editor = step.partition(":")
        for record in records:
            record.arrive() if what == "arrive" else getattr(record, what)(editor)
        if what == "arrive":
            desk.git("commit", "-qam", "a colleague's")
            desk.status()  # fv knows the versions that were there when it looked
        elif what != "open":
            assert desk.commit().commit


def batches(folder: Path, kind: str) -> list[tuple[Desk, list[Record]]]:
    chance = random.Random(kind)
    desk = World(folder).first("Claire", files=FILES)
    found = []
    for start in range(0, SAVES, TOGETHER):
        records = [Record(desk, number, chance) for number in range(start, min(SAVES, start + TOGETHER))]
        found.append((desk, records))
    desk.commit()
    return found


@pytest.mark.parametrize("kind", STALE)
def test_nothing_is_undone(kind: str, tmp_path: Path) -> None:
    for desk, records in batches(tmp_path, kind):
        play(desk, STALE[kind], records)
        undone = {record.path: record.missing() for record in records if record.missing()}
        assert not undone and not desk.conflict_files()


@pytest.mark.parametrize("kind", ORDINARY)
def test_an_ordinary_save_is_not_rewritten(kind: str, tmp_path: Path) -> None:
    for desk, records in batches(tmp_path, kind):
        play(desk, ORDINARY[kind], records)
        assert [record.path for record in records if desk.read(record.path) != record.saved] == []
        assert not any(record.missing() for record in records) and not desk.conflict_files()


def test_an_old_version_saved_as_it_was_is_never_silently_the_other(tmp_path: Path) -> None:
    """On purpose, or an old window: only the person knows, so what came in shows, and both stand."""
    for desk, records in batches(tmp_path, "revert"):
        kept = len(desk.conflict_files())
        play(desk, "open arrive save_as_it_was", records)
        changed = sum(value != "before" for record in records for value in record.written.values())
        assert not any(record.missing() for record in records) and len(desk.conflict_files()) - kept == changed


def test_a_value_for_what_has_changed_since_is_shown_or_stands_beside(tmp_path: Path) -> None:
    """Where one value came in, hers is an ordinary save; where two did, both hers and theirs stand."""
    for desk, records in batches(tmp_path, "over"):
        play(desk, "open arrive save_over", records)
        beside = "".join(map(desk.read, desk.conflict_files()))
        assert beside and [one.path for one in records if one.over not in desk.read(one.path) + beside] == []
        came = [(one, value) for one in records for value in one.written.values() if value != "before"]
        shown = [value for one, value in came if value in desk.read(one.path)]
        assert len(shown) + sum(one.over in desk.read(one.path) for one in records) == len(came)


def test_to_take_back_an_edit_of_ones_own_is_no_accident(tmp_path: Path) -> None:
    for desk, records in batches(tmp_path, "own"):
        play(desk, "open open:other save save_as_it_was:other", records)
        assert [record.path for record in records if desk.read(record.path) != record.saved] == []
        assert not desk.conflict_files()
