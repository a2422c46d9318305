"""The contract of a hub, run against every kind: a folder, git://, ssh (also without protocol v2), http and https."""

from __future__ import annotations

import random
import stat

import pytest

from fieldvault.edge.git.gitdir.refs import Refs
from fieldvault.edge.git.hubs.hub import STALE
from fieldvault.edge.git.store.batch import Batch
from fieldvault.errors import FieldvaultError
from tests.edge.git.conftest import Site
from tests.gitenv import Git

MAIN = "refs/heads/main"
INBOX = "refs/fv/1/inbox/4k7m2x9d8q"


def records(count: int) -> dict[str, str | bytes | None]:
    return {
        f"customers/{number % 7}/boulangerie-{number}.yaml": f"id: {number}\nname: Lefèvre\n" for number in range(count)
    }


def hook(git: Git, text: str) -> None:
    path = git.path / "hooks/pre-receive"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


class TestTips:
    def test_an_empty_hub_has_none(self, site: Site) -> None:
        assert site.hub.tips() == {}

    def test_branches_and_inboxes_are_told_and_nothing_else(self, site: Site) -> None:
        commit = site.git("commit-tree", site.git("mktree"), "-m", "one")
        for ref in (MAIN, "refs/heads/été", INBOX, "refs/tags/v1", "refs/notes/x"):
            site.git("update-ref", ref, commit)
        site.git("pack-refs", "--all")
        assert site.hub.tips() == {MAIN: commit, "refs/heads/été": commit, INBOX: commit}


class TestPublish:
    def test_the_first_publish_makes_the_branch(self, site: Site) -> None:
        vault = site.vault()
        tip = vault.commit_files(records(30))
        assert site.publish(vault, tip) is None
        assert site.hub.tips() == {MAIN: tip}
        assert site.git("rev-parse", MAIN) == tip
        site.git.assert_sound()

    def test_an_edit_sends_what_is_new_and_no_more(self, site: Site) -> None:
        vault = site.vault()
        old = vault.commit_files(records(60))
        for number in range(10):
            old = vault.commit_files({"customers/3/boulangerie-3.yaml": f"id: 3\nname: {number}\n"})
        assert site.publish(vault, old) is None
        site.moved.octets["sent"] = site.moved.objects["sent"] = 0
        new = vault.commit_files({"customers/3/boulangerie-3.yaml": "id: 3\nname: new\n"})
        assert site.publish(vault, new, old) is None
        assert site.moved.objects["sent"] == 5  # the record, customers/3, customers, the root, the commit
        assert site.moved.octets["sent"] < 3000
        site.git.assert_sound()

    def test_a_lost_race_is_an_answer_and_changes_nothing(self, site: Site) -> None:
        marc, ines = site.vault("marc"), site.vault("ines")
        base = marc.commit_files(records(3))
        assert site.publish(marc, base) is None
        ines("pull", "-q", str(marc.path), "main")
        hers = ines.commit_files({"hers.yaml": "a: 1\n"})
        his = marc.commit_files({"his.yaml": "a: 2\n"})
        assert site.publish(ines, hers, base) is None
        assert site.publish(marc, his, base) == STALE
        assert site.publish(marc, his, None) == STALE
        assert site.hub.tips() == {MAIN: hers}

    def test_a_branch_is_never_forced_even_to_what_it_must_not_lose(self, site: Site) -> None:
        vault = site.vault()
        first = vault.commit_files(records(2))
        second = vault.commit_files({"more.yaml": "a: 1\n"})
        assert site.publish(vault, second) is None
        assert site.publish(vault, first, None) == STALE
        assert site.hub.tips() == {MAIN: second}

    def test_the_same_push_again_is_done(self, site: Site) -> None:
        """After a time-out nobody knows whether it landed."""
        vault = site.vault()
        tip = vault.commit_files(records(2))
        assert site.publish(vault, tip) is None
        assert site.publish(vault, tip) is None
        assert site.publish(vault, tip, "1" * 40) is None

    def test_several_refs_have_an_answer_each(self, site: Site) -> None:
        vault = site.vault()
        first = vault.commit_files(records(2))
        second = vault.commit_files({"more.yaml": "a: 1\n"})
        assert site.publish(vault, first) is None
        updates = {MAIN: ("1" * 40, second), INBOX: (None, second), "refs/heads/other": ("1" * 40, first)}
        answers = site.hub.publish(site.objects(vault), updates, [first])
        assert answers == {MAIN: STALE, INBOX: None, "refs/heads/other": STALE}
        assert site.hub.tips() == {MAIN: first, INBOX: second}
        site.git.assert_sound()

    def test_a_hub_that_lost_what_it_had_gets_it_again(self, site: Site) -> None:
        """Restored from a backup: what we last saw there is no longer a promise, its own refs are."""
        vault = site.vault()
        first = vault.commit_files(records(5))
        second = vault.commit_files({"more.yaml": "a: 1\n"})
        assert site.publish(vault, first) is None
        assert site.publish(vault, second, first) is None
        site.git("update-ref", MAIN, first)
        site.git("prune", "--expire=now")
        third = vault.commit_files({"again.yaml": "a: 1\n"})
        assert site.publish(vault, third, first) is None
        site.git.assert_sound()

    def test_objects_that_are_not_on_the_disk_yet_are_sent(self, site: Site) -> None:
        """A merge is published from memory before it is checked out."""
        vault = site.vault()
        first = vault.commit_files(records(5))
        assert site.publish(vault, first) is None
        with Batch(site.objects(vault)) as batch:
            blob = batch.add("blob", b"merged\n")
            tree = batch.add("tree", b"100644 merged.yaml\0" + bytes.fromhex(blob))
            who = b"Claire <claire@example.org> 1772437200 +0100"
            header = f"tree {tree}\nparent {first}\n".encode()
            tip = batch.add("commit", header + b"author " + who + b"\ncommitter " + who + b"\n\nmerge\n")
            assert site.hub.publish(batch, {MAIN: (first, tip)}, [first]) == {MAIN: None}
        assert site.git("cat-file", "-p", f"{MAIN}:merged.yaml") == "merged"
        site.git.assert_sound()

    def test_a_big_publish_arrives_whole(self, site: Site) -> None:
        """More than http sends in one buffered body."""
        vault = site.vault()
        tip = vault.commit_files({"brochure.pdf": random.Random(1).randbytes(3 << 20), **records(30)})
        assert site.publish(vault, tip) is None
        site.git.assert_sound()

    def test_a_hook_that_says_no_is_quoted(self, site: Site) -> None:
        vault = site.vault()
        first = vault.commit_files(records(2))
        assert site.publish(vault, first) is None
        hook(site.git, "echo 'No files above 1 MB.' >&2; exit 1")
        second = vault.commit_files({"big.yaml": "a: 1\n"})
        reason = site.publish(vault, second, first)
        if site.kind in ("path", "file"):  # a folder's hooks are a stranger's programs, and none is run
            assert (reason, site.hub.tips()) == (None, {MAIN: second})
        else:
            assert reason == "pre-receive hook declined: No files above 1 MB."
            assert site.hub.tips() == {MAIN: first}


class TestFetch:
    def test_a_second_vault_gets_everything(self, site: Site) -> None:
        marc, ines = site.vault("marc"), site.vault("ines")
        for number in range(5):
            tip = marc.commit_files(records(10 * number + 1), f"commit {number}")
        assert site.publish(marc, tip) is None
        site.hub.fetch(site.objects(ines), [tip], [])
        ines("update-ref", MAIN, tip)
        ines.assert_sound()
        assert ines("rev-list", "--objects", tip) == marc("rev-list", "--objects", tip)
        assert site.moved.objects["received"] == len(marc("rev-list", "--objects", tip).splitlines())

    def test_an_edit_brings_what_is_new_and_no_more(self, site: Site) -> None:
        marc, ines = site.vault("marc"), site.vault("ines")
        old = marc.commit_files(records(60))
        assert site.publish(marc, old) is None
        site.hub.fetch(site.objects(ines), [old], [])
        ines("update-ref", MAIN, old)
        ines("reset", "-q", "--hard", old)
        hers = ines.commit_files({"hers.yaml": "a: 1\n"})
        new = marc.commit_files({"customers/3/boulangerie-3.yaml": "id: 3\nname: new\n"})
        assert site.publish(marc, new, old) is None
        site.moved.octets["received"] = site.moved.objects["received"] = 0
        site.hub.fetch(site.objects(ines), [new], [hers, old])
        assert site.moved.objects["received"] == 5
        assert site.moved.octets["received"] < 3000
        ines("update-ref", "refs/remotes/origin/main", new)
        ines.assert_sound()

    def test_what_is_here_is_not_asked_for(self, site: Site) -> None:
        vault = site.vault()
        tip = vault.commit_files(records(5))
        assert site.publish(vault, tip) is None
        site.moved.octets["received"] = 0
        site.hub.fetch(site.objects(vault), [tip], [tip])
        site.hub.fetch(site.objects(vault), [tip], [])
        assert site.moved.octets["received"] == 0

    def test_a_commit_whose_parts_are_missing_here_is_asked_for_again(self, site: Site) -> None:
        """A plain git that was killed leaves a commit without its tree; that it is here proves nothing."""
        marc, ines = site.vault("marc"), site.vault("ines")
        tip = marc.commit_files(records(5))
        assert site.publish(marc, tip) is None
        kind, data = site.objects(marc).read(tip)
        site.objects(ines).write(kind, data)
        site.hub.fetch(site.objects(ines), [tip], [])
        ines("update-ref", MAIN, tip)
        ines.assert_sound()

    def test_a_hub_that_lost_an_object_is_found_out(self, site: Site) -> None:
        marc, ines = site.vault("marc"), site.vault("ines")
        tip = marc.commit_files(records(5))
        marc("push", "-q", str(site.git.path), "main")  # by git: each object in a file of its own
        lost = site.git("rev-parse", f"{tip}:customers/3/boulangerie-3.yaml")
        (site.git.path / "objects" / lost[:2] / lost[2:]).unlink()
        with pytest.raises(FieldvaultError), site.another() as hub:
            hub.fetch(site.objects(ines), [tip], [])

    def test_merges_and_odd_names_travel(self, site: Site) -> None:
        marc, ines = site.vault("marc"), site.vault("ines")
        base = marc.commit_files({"un été/été.yaml": "a: 1\n", "run": "#!/bin/sh\n", "empty": ""})
        marc("checkout", "-q", "-b", "side")
        marc.commit_files({"side.yaml": "a: 1\n"})
        marc("checkout", "-q", "main")
        marc.commit_files({"main.yaml": "a: 1\n"})
        marc("merge", "-q", "--no-ff", "-m", "merge", "side")
        tip = marc("rev-parse", "HEAD")
        assert site.publish(marc, base) is None
        assert site.publish(marc, tip, base) is None
        site.hub.fetch(site.objects(ines), [tip], [])
        ines("reset", "-q", "--hard", tip)
        assert ines("status", "--porcelain") == ""
        ines.assert_sound()
        site.git.assert_sound()


class TestPlainGitBeside:
    def test_colleagues_with_plain_git_use_the_same_hub(self, site: Site) -> None:
        marc = site.vault("marc")
        tip = marc.commit_files(records(30))
        assert site.publish(marc, tip) is None
        Git(site.folder)("clone", "-q", str(site.git.path), "ines")
        ines = Git(site.folder / "ines")
        hers = ines.commit_files({"hers.yaml": "a: 1\n"})
        ines("push", "-q", "origin", "main")
        assert site.hub.tips() == {MAIN: hers}
        site.hub.fetch(site.objects(marc), [hers], [tip])
        assert Refs(marc.path / ".git").compare_and_set(MAIN, tip, hers)
        marc.assert_sound()

    def test_a_hub_after_gc_is_read(self, site: Site) -> None:
        marc, ines = site.vault("marc"), site.vault("ines")
        tip = marc.commit_files(records(40))
        assert site.publish(marc, tip) is None
        site.git("gc", "-q")
        site.hub.fetch(site.objects(ines), [tip], [])
        ines("update-ref", MAIN, tip)
        ines.assert_sound()
