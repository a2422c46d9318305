"""Plain git in the same folder and on the same hub: fv takes up what git did, and leaves git a clean state."""

from pathlib import Path

import pytest

from fieldvault.errors import FieldvaultError
from tests.actions.test_sync import CUSTOMER, FILES
from tests.gitenv import Git
from tests.world import Desk, World


@pytest.fixture
def desk(world: World) -> Desk:
    return world.first("Marc", files=FILES)


def edit(desk: Desk, tag: str) -> None:
    desk.write(CUSTOMER, desk.read(CUSTOMER).replace("tags: [", f"tags: [{tag}, "))


def test_commits_of_git_are_synced_like_ours(world: World, desk: Desk) -> None:
    edit(desk, "a")
    desk.git("commit", "-qam", "by git")
    assert desk.sync().sent == 1
    desk.assert_clean()
    assert world.hub_git("log", "-1", "--format=%s", "main") == "by git"


def test_a_colleague_with_plain_git_uses_the_same_hub(world: World, desk: Desk, tmp_path: Path) -> None:
    Git(tmp_path)("clone", "-q", str(world.hub), "plain")
    plain = Git(tmp_path / "plain")
    path = tmp_path / "plain" / CUSTOMER
    path.write_text(path.read_text().replace("name: Boulangerie Lefèvre", "name: Lefèvre"))
    plain("commit", "-qam", "rename")
    plain("push", "-q")
    edit(desk, "a")
    desk.sync()
    plain("pull", "-q")
    assert path.read_text() == desk.read(CUSTOMER)
    assert "name: Lefèvre" in desk.read(CUSTOMER) and "tags: [a, bio]" in desk.read(CUSTOMER)


def test_what_was_staged_is_committed_with_the_rest(desk: Desk) -> None:
    edit(desk, "a")
    desk.git("add", "-A")
    desk.write("new.yaml", "id: x\n")
    report = desk.commit()
    assert {change.path for change in report.changes} == {CUSTOMER, "new.yaml"}
    desk.assert_clean()


def test_checkout_of_an_old_commit_and_back(desk: Desk) -> None:
    edit(desk, "a")
    desk.commit()
    desk.git("checkout", "-q", "HEAD~1")
    assert desk.status().branch is None and not desk.status().edits
    desk.git("checkout", "-q", "main")
    assert not desk.status().edits
    desk.assert_clean()


def test_a_reset_is_taken_up(desk: Desk) -> None:
    edit(desk, "a")
    desk.commit()
    desk.git("reset", "-q", "--soft", "HEAD~1")
    assert desk.status().edits == [CUSTOMER]
    desk.commit("again")
    desk.assert_clean()
    edit(desk, "b")
    desk.git("reset", "-q", "--hard", "HEAD")
    assert not desk.status().edits


@pytest.mark.parametrize("state", ["missing", "damaged", "v4", "split", "fsmonitor-like"])
def test_any_index_is_made_plain_again(desk: Desk, state: str) -> None:
    index = desk.root / ".git" / "index"
    if state == "missing":
        index.unlink()
    elif state == "damaged":
        index.write_bytes(index.read_bytes()[:50])
    elif state == "v4":
        desk.git("update-index", "--index-version", "4")
    elif state == "split":
        desk.git("update-index", "--split-index")
    else:
        desk.git("update-index", "--untracked-cache")
    edit(desk, "a")
    desk.commit()
    desk.assert_clean()
    assert index.read_bytes()[:8] == b"DIRC\0\0\0\2"


def test_after_gc_and_packed_refs(world: World, desk: Desk) -> None:
    for tag in "abc":
        edit(desk, tag)
        desk.commit()
    desk.git("gc", "-q", "--prune=now")
    desk.git("pack-refs", "--all")
    edit(desk, "d")
    desk.sync()
    desk.assert_clean()
    assert desk.head() == world.hub_git("rev-parse", "main")


def test_patches_under_way_are_ended_by_the_command_that_began_them(desk: Desk, tmp_path: Path) -> None:
    patch = tmp_path / "patch"
    desk.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: A")
    desk.commit()
    patch.write_bytes(desk.git.run("format-patch", "-1", "--stdout").stdout)
    assert desk.git.run("am", str(patch)).returncode != 0  # it is there already
    with pytest.raises(FieldvaultError) as refused:
        desk.commit()
    assert refused.value.facts["command"] == "git am --abort"
    desk.git("am", "--abort")
    desk.commit()


def test_a_commit_where_head_is_on_no_branch_moves_head_alone(desk: Desk) -> None:
    before = desk.head()
    desk.git("switch", "-q", "--detach")
    desk.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: A")
    made = desk.commit().commit
    assert made == desk.head() != before == desk.git("rev-parse", "main")
    assert desk.git("reflog", "-1", "--format=%H HEAD") == f"{made} HEAD"
    desk.assert_clean()
    with pytest.raises(FieldvaultError) as failure:
        desk.sync()
    assert failure.value.kind == "detached-head"
    desk.git("switch", "-q", "main")
    assert desk.commit().commit is None
    desk.assert_clean()


def test_a_merge_under_way_is_git_s_to_end(desk: Desk) -> None:
    desk.git("switch", "-qc", "side")
    desk.write("brochure.pdf", b"\0side")
    desk.git("commit", "-qam", "side")
    desk.git("switch", "-q", "main")
    desk.write("brochure.pdf", b"\0main")
    desk.git("commit", "-qam", "main")
    assert desk.git.run("merge", "side").returncode == 1
    for act in (desk.commit, desk.sync):
        with pytest.raises(FieldvaultError) as failure:
            act()
        assert failure.value.kind == "git-under-way" and failure.value.facts["command"] == "git merge --abort"
    desk.git("merge", "--abort")
    desk.assert_clean()
    assert desk.sync().sent == 1


def test_git_s_locks_are_waited_for_and_never_broken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fieldvault.actions.ground.change.LOCK_WAIT_SECONDS", 0.05)
    edit(desk, "a")
    lock = desk.root / ".git" / "index.lock"
    lock.touch()
    with pytest.raises(FieldvaultError) as failure:
        desk.commit()
    assert failure.value.kind == "git-busy" and lock.exists()
    lock.unlink()
    assert desk.commit().commit
    desk.assert_clean()


def staged(desk: Desk) -> dict[str, str]:
    """What is kept of versions that were only staged."""
    names = desk.git.run("ls-tree", "-r", "--name-only", "refs/fv/staged").stdout.decode().split()
    return {name: desk.git.raw("show", f"refs/fv/staged:{name}").decode() for name in names}


def test_what_was_only_staged_is_kept_where_a_commit_has_another_version(desk: Desk) -> None:
    edit(desk, "a")
    desk.git("add", CUSTOMER)
    first = desk.read(CUSTOMER)
    edit(desk, "b")
    desk.commit()
    assert desk.git.raw("show", f"HEAD:{CUSTOMER}").decode() == desk.read(CUSTOMER)
    assert staged(desk) == {CUSTOMER: first}
    desk.assert_clean()
    edit(desk, "c")
    desk.git("add", CUSTOMER)
    second = desk.read(CUSTOMER)
    edit(desk, "d")
    desk.commit()
    assert staged(desk) == {CUSTOMER: second}
    assert desk.git.raw("show", f"refs/fv/staged~1:{CUSTOMER}").decode() == first


def test_what_was_only_staged_is_kept_where_a_colleague_s_version_comes(world: World, desk: Desk) -> None:
    ines = world.join("Ines")
    edit(ines, "office")
    ines.sync()
    committed = desk.read(CUSTOMER)
    edit(desk, "a")
    desk.git("add", CUSTOMER)
    mine = desk.read(CUSTOMER)
    desk.write(CUSTOMER, committed)
    desk.sync()
    assert desk.read(CUSTOMER) == ines.read(CUSTOMER)
    assert staged(desk) == {CUSTOMER: mine}
    desk.assert_clean()


def test_what_is_staged_elsewhere_stays_staged(desk: Desk) -> None:
    desk.write("new.yaml", "name: N\n")
    desk.git("add", "new.yaml")
    desk.remove("new.yaml")
    edit(desk, "a")
    desk.git("add", CUSTOMER)
    desk.commit()
    assert desk.git("diff", "--cached", "--name-only") == "new.yaml"
    assert staged(desk) == {}


def test_hooks_and_filters_of_a_vault_are_not_run(desk: Desk) -> None:
    hook = desk.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch ran\nexit 1\n")
    hook.chmod(0o755)
    edit(desk, "a")
    assert desk.commit().commit
    assert not (desk.root / "ran").exists()


def test_ignored_and_left_over_files_stay_out(desk: Desk) -> None:
    desk.write(".gitignore", "*.log\n/private/\n")
    for path in ("a.log", "private/x.yaml", "customers/8q/.x.yaml.swp", "customers/8q/4913", "x~", ".DS_Store"):
        desk.write(path, "x")
    report = desk.commit()
    assert [change.path for change in report.changes] == [".gitignore"]
    assert not desk.status().edits


def test_a_folder_that_git_tracks_is_no_leaving_whatever_its_name(desk: Desk) -> None:
    desk.write("archive.tmp/a.yaml", "id: arc_1\n")
    desk.git("add", "-Af", "archive.tmp")
    desk.git("commit", "-qm", "by git")
    assert not desk.commit().commit and desk.status().edits == []
    desk.write("archive.tmp/a.yaml", "id: arc_1\nname: A\n")
    assert [change.path for change in desk.commit().changes] == ["archive.tmp/a.yaml"]
