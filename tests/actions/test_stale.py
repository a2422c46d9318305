"""Editors that still hold an old version: nothing of a colleague's is undone in somebody's name, and it is told."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fieldvault.actions.watching.telling import COMMITTED, Happening
from fieldvault.core.conflicts import STALE_SAVE
from fieldvault.edge.index.stats import FORMER_MAX, FV, GIT, SAVE
from fieldvault.output.keeping import committed
from fieldvault.output.watching import shouted
from tests.actions.test_sync import CUSTOMER, FILES, RECORD
from tests.world import Desk, World


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    world = World(tmp_path)
    return world.first("Marc", files=FILES), world.join("Claire")


def brought(desks: tuple[Desk, Desk], old: str, new: str) -> str:
    """Marc's edit arrives at Claire's; returns her record as her editor still holds it."""
    marc, claire = desks
    buffer = claire.read(CUSTOMER)
    marc.sync()
    marc.edit(CUSTOMER, old, new)
    marc.sync()
    claire.sync()
    return buffer


def test_both_changes_stand_and_it_is_told(desks: tuple[Desk, Desk]) -> None:
    _, claire = desks
    buffer = brought(desks, "+33261910100", "+33639981207")
    claire.write(CUSTOMER, buffer.replace("name: Boulangerie Lefèvre", "name: Boulangerie Lefèvre SARL"))
    report = claire.commit()
    assert [(save.path, save.exact) for save in report.stale] == [(CUSTOMER, False)]
    assert "+33639981207" in claire.read(CUSTOMER) and "SARL" in claire.read(CUSTOMER)
    assert not claire.conflict_files()
    claire.assert_clean()


def test_an_ordinary_save_after_a_sync_is_left_alone(desks: tuple[Desk, Desk]) -> None:
    _, claire = desks
    brought(desks, "+33261910100", "+33639981207")
    claire.edit(CUSTOMER, "+33639981207", "+33639981208")
    saved = claire.read(CUSTOMER)
    report = claire.commit()
    assert not report.stale and claire.read(CUSTOMER) == saved


@pytest.mark.parametrize(("old", "new"), [("\n", "\r\n"), ("\n  ", "\n      ")], ids=["crlf", "re-indented"])
def test_editors_that_write_other_bytes(desks: tuple[Desk, Desk], old: str, new: str) -> None:
    _, claire = desks
    buffer = brought(desks, "+33261910100", "+33639981207")
    claire.write(CUSTOMER, buffer.replace("samples: 10", "samples: 12").replace(old, new))
    assert claire.commit().stale
    text = claire.read(CUSTOMER)
    assert "+33639981207" in text and "samples: 12" in text and "01000" in text


def test_an_old_version_saved_as_it_was_leaves_both(desks: tuple[Desk, Desk]) -> None:
    _, claire = desks
    buffer = brought(desks, "+33261910100", "+33639981207")
    claire.write(CUSTOMER, buffer)
    report = claire.commit()
    assert [save.exact for save in report.stale] == [True]
    assert claire.git("log", "-1", "--format=%s") == "Old version saved: Boulangerie Lefèvre"
    (told,) = committed(report)
    assert told.startswith("Boulangerie Lefèvre was saved as it was before")
    assert shouted(Happening(COMMITTED, committed=report)) == told
    assert "+33639981207" in claire.read(CUSTOMER)
    (one,) = claire.conflicts()
    assert one.conflict.kind == STALE_SAVE and one.conflict.also == ("+33261910100",)
    claire.resolve(CUSTOMER, "phones/std/number", take=2)
    assert claire.read(CUSTOMER) == RECORD and not claire.conflict_files()
    assert not claire.commit().commit
    claire.assert_clean()


def test_what_the_merge_of_a_stale_save_leaves_open_stands_and_is_told(desks: tuple[Desk, Desk]) -> None:
    marc, claire = desks
    marc.edit(CUSTOMER, "+33261910100", "+33639981207")
    buffer = brought(desks, "name: Boulangerie Lefèvre", "name: Lefèvre et fils")
    claire.write(CUSTOMER, buffer.replace("name: Boulangerie Lefèvre", "name: Lefèvre SARL"))
    report = claire.commit()
    (one,) = claire.conflicts()
    assert one.conflict.also == ("Lefèvre SARL",) and "name: Lefèvre et fils" in claire.read(CUSTOMER)
    assert report.commit and report.stale and report.opened == 1
    assert "A merge left 1 field open, see fv conflicts" in str(shouted(Happening(COMMITTED, committed=report)))


def test_what_a_colleague_removed_and_an_old_version_brings_back_is_asked_too(desks: tuple[Desk, Desk]) -> None:
    marc, claire = desks
    buffer = brought(desks, "name: Boulangerie Lefèvre\n", "")
    claire.write(CUSTOMER, buffer)
    assert claire.commit().stale
    (one,) = claire.conflicts()
    assert one.conflict.kind == STALE_SAVE and "name: Boulangerie" in claire.read(CUSTOMER)
    claire.sync()
    marc.sync()
    assert marc.files() == claire.files()


def test_the_second_save_of_the_same_buffer(desks: tuple[Desk, Desk]) -> None:
    _, claire = desks
    buffer = brought(desks, "+33261910100", "+33639981207").replace("samples: 10", "samples: 12")
    claire.write(CUSTOMER, buffer)
    claire.commit()
    claire.write(CUSTOMER, buffer.replace("name: Boulangerie Lefèvre", "name: Lefèvre"))
    claire.commit()
    text = claire.read(CUSTOMER)
    assert "+33639981207" in text and "samples: 12" in text and "name: Lefèvre\n" in text


def test_two_stale_editors_and_two_syncs(desks: tuple[Desk, Desk]) -> None:
    _, claire = desks
    one = brought(desks, "+33261910100", "+33639981207")
    two = brought(desks, "name: Boulangerie Lefèvre", "name: Lefèvre et fils")
    claire.write(CUSTOMER, one.replace("samples: 10", "samples: 12"))
    claire.commit()
    claire.write(CUSTOMER, two.replace("[bio]", "[bio, vip]"))
    claire.commit()
    text = claire.read(CUSTOMER)
    for value in ("+33639981207", "Lefèvre et fils", "samples: 12", "vip"):
        assert value in text


def test_a_save_on_a_reloaded_buffer_is_ordinary(desks: tuple[Desk, Desk]) -> None:
    _, claire = desks
    brought(desks, "+33261910100", "+33639981207")
    claire.edit(CUSTOMER, "samples: 10", "samples: 11")
    assert not claire.commit().stale
    claire.edit(CUSTOMER, "samples: 11", "samples: 10")
    assert not claire.commit().stale, "to undo one's own edit is no doubt"


def test_what_fv_and_git_put_there_is_meant(desks: tuple[Desk, Desk]) -> None:
    _, claire = desks
    brought(desks, "+33261910100", "+33639981207")
    claire.git("checkout", "-q", "HEAD~1", "--", CUSTOMER)
    assert not claire.commit().stale and "name: Boulangerie" in claire.read(CUSTOMER)
    brought(desks, "samples: 10", "samples: 15")
    report = claire.set(CUSTOMER, "samples=10")
    assert not report.stale and "name: Boulangerie" in claire.read(CUSTOMER)


def test_git_pulls_count_as_well(desks: tuple[Desk, Desk]) -> None:
    marc, claire = desks
    buffer = claire.read(CUSTOMER)
    marc.edit(CUSTOMER, "+33261910100", "+33639981207")
    marc.sync()
    claire.git("pull", "-q", "origin", "main")
    claire.write(CUSTOMER, buffer.replace("samples: 10", "samples: 12"))
    assert claire.commit().stale
    assert "+33639981207" in claire.read(CUSTOMER) and "samples: 12" in claire.read(CUSTOMER)


def test_undo_takes_the_merge_of_a_stale_save_back(desks: tuple[Desk, Desk]) -> None:
    _, claire = desks
    buffer = brought(desks, "+33261910100", "+33639981207")
    claire.write(CUSTOMER, buffer.replace("samples: 10", "samples: 12"))
    claire.commit()
    claire.undo()
    assert claire.read(CUSTOMER) == RECORD.replace("+33261910100", "+33639981207")


def test_the_versions_of_a_file_are_kept_with_their_writers(desks: tuple[Desk, Desk]) -> None:
    _, claire = desks
    claire.edit(CUSTOMER, "samples: 10", "samples: 11")
    claire.commit()
    brought(desks, "+33261910100", "+33639981207")
    claire.edit(CUSTOMER, "samples: 11", "samples: 12")
    claire.git("commit", "-qam", "by git")
    claire.commit()
    with claire.vault() as vault:
        former = vault.stats.former(CUSTOMER)
        assert [one.writer for one in former] == [GIT, FV, SAVE]
        assert vault.objects.blob(former[-1].oid).decode() == RECORD and former[0].until >= former[1].until > 0


def test_only_the_last_versions_are_kept(desks: tuple[Desk, Desk]) -> None:
    _, claire = desks
    for number in range(11, 11 + FORMER_MAX + 3):
        claire.edit(CUSTOMER, f"samples: {number - 1}", f"samples: {number}")
        claire.commit()
    with claire.vault() as vault:
        assert len(vault.stats.former(CUSTOMER)) == FORMER_MAX


@pytest.mark.parametrize("seed", range(6))
def test_random_buffers_undo_nobody(desks: tuple[Desk, Desk], seed: int) -> None:
    """Each side changes fields of its own; whatever Claire saves from, everything that was written stands."""
    chance = random.Random(seed)
    marc, claire = desks
    buffers = [claire.read(CUSTOMER)]
    hers, his = "name tags", "phone samples"
    expected: dict[str, str] = {}
    fields = {
        "name": lambda n: ("name: ", f"name: N{n}"),
        "tags": lambda n: ("tags: ", f"tags: [t{n}]"),
        "phone": lambda n: ("    number: ", f'    number: "{n}"'),
        "samples": lambda n: ("samples: ", f"samples: {n}"),
    }

    def edited(text: str, name: str, number: int) -> str:
        start, new = fields[name](number)
        expected[name] = new
        return "\n".join(new if line.startswith(start) else line for line in text.split("\n"))

    for number in range(100, 106):
        marc.sync()
        marc.write(CUSTOMER, edited(marc.read(CUSTOMER), chance.choice(his.split()), number))
        marc.sync()
        claire.sync()
        buffers.append(claire.read(CUSTOMER))
        source = chance.choice(buffers)
        if chance.random() < 0.7:
            name = chance.choice(hers.split())
            buffers = [one for one in buffers if one == source] + [claire.read(CUSTOMER)]
            claire.write(CUSTOMER, edited(source, name, number))
            claire.sync()
            buffers = [claire.read(CUSTOMER)]
    text = claire.read(CUSTOMER)
    assert not claire.conflict_files()
    for name, line in expected.items():
        assert line in text, (name, text)
