"""What cannot be read is kept all the same, and can be had back."""

from __future__ import annotations

import pytest

from fieldvault.actions.committing.drafts import DRAFTS
from fieldvault.actions.ground.keptline import KEPT_SECONDS
from tests.actions.test_sync import CUSTOMER, FILES
from tests.actions.watching import wait_for, watched
from tests.world import Desk, World

OTHER = "customers/8q/garage~cus_garage0000.yaml"
BROKEN = "id: cus_garage0000\nphones: [\n"


@pytest.fixture
def marc(world: World) -> Desk:
    return world.first("Marc", files=FILES)


def kept(desk: Desk) -> list[str]:
    """The subjects of the drafts' history, the newest first."""
    done = desk.git.run("log", "--format=%s", DRAFTS)
    return done.stdout.decode().splitlines()


def test_every_draft_that_a_commit_met_is_kept_once(marc: Desk) -> None:
    marc.write(OTHER, BROKEN)
    assert not marc.commit().commit and not marc.commit().commit
    marc.write(OTHER, BROKEN + "x: {\n")
    marc.commit()
    assert kept(marc) == [f"Drafts: {OTHER}"] * 2
    assert marc.git.raw("show", f"{DRAFTS}~1:{OTHER}").decode() == BROKEN
    assert marc.read(OTHER) == BROKEN + "x: {\n" and len(marc.status().drafts) == 1


def test_a_good_save_takes_its_draft_out_and_leaves_the_others(marc: Desk) -> None:
    marc.write(OTHER, BROKEN)
    marc.write("a.yaml", "a: [\n")
    marc.commit()
    marc.write(OTHER, "id: cus_garage0000\nphones: []\n")
    marc.commit(None, OTHER)
    assert kept(marc) == ["Drafts: a.yaml", f"Drafts: a.yaml, {OTHER}"]
    marc.write("b.yaml", "b: [\n")
    marc.commit(None, "b.yaml")
    assert kept(marc)[0] == "Drafts: a.yaml, b.yaml"
    marc.remove("a.yaml")
    marc.remove("b.yaml")
    marc.commit()
    assert kept(marc)[0] == "Drafts: none"
    marc.assert_clean()


def test_whoever_names_the_whole_folder_commits_everything(marc: Desk) -> None:
    marc.write(OTHER, BROKEN)
    marc.commit()
    marc.write(OTHER, "id: cus_garage0000\n")
    marc.commit(None, "")
    assert kept(marc)[0] == "Drafts: none"


def test_a_record_that_is_emptied_or_broken_stands_in_history_as_it_was(marc: Desk) -> None:
    good = marc.read(CUSTOMER)
    marc.write(CUSTOMER, "")
    marc.commit()
    assert marc.git.raw("show", f"{DRAFTS}:{CUSTOMER}") == b""
    assert marc.git.raw("show", f"HEAD:{CUSTOMER}").decode() == good


def test_they_go_thirty_days_after_all_was_made_good_and_never_travel(world: World, marc: Desk) -> None:
    marc.write(OTHER, BROKEN)
    marc.sync()
    marc.write(OTHER, "id: cus_garage0000\n")
    marc.sync()
    assert "drafts" not in world.hub_git("for-each-ref")
    assert kept(marc)[0] == "Drafts: none"
    tip = marc.git("rev-parse", DRAFTS)
    marc.commit()
    assert marc.git("rev-parse", DRAFTS) == tip
    long_ago = f"{int(marc.git('log', '-1', '--format=%ct', DRAFTS)) - KEPT_SECONDS - 60} +0000"
    old = marc.git("commit-tree", f"{tip}^{{tree}}", "-p", f"{tip}~1", "-m", "x", GIT_COMMITTER_DATE=long_ago)
    marc.git("update-ref", DRAFTS, old)
    marc.commit()
    assert kept(marc) == []


def test_under_the_watcher_what_stood_is_kept(marc: Desk) -> None:
    with watched(marc) as seen:
        for number in range(3):
            text = BROKEN + f"# {number}\n"
            marc.write(OTHER, text)
            wait_for(lambda text=text: marc.git.run("show", f"{DRAFTS}:{OTHER}").stdout.decode() == text)  # type: ignore[misc]
        marc.write(OTHER, "id: cus_garage0000\n")
        wait_for(lambda: [OTHER] in seen.commits() and kept(marc)[0] == "Drafts: none")
    assert len(kept(marc)) == 4
