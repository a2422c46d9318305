"""By stick: what a hub would carry goes from hand to hand, merged as a sync merges it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldvault.actions.setting_up.clone import clone
from fieldvault.actions.syncing.bundles import Bundled, apply_bundle, create_bundle
from fieldvault.actions.syncing.report import SyncReport
from fieldvault.errors import FieldvaultError
from tests.actions.test_attachments import CHUNK_BYTES, VIDEO
from tests.actions.test_sync import CUSTOMER, FILES
from tests.world import Desk, World, as_person, fv, now


def create(desk: Desk, path: Path, *, everything: bool = False) -> Bundled:
    with desk.vault() as vault:
        return create_bundle(vault, now, path, everything=everything)


def apply(desk: Desk, path: Path) -> SyncReport:
    with desk.vault() as vault:
        return apply_bundle(vault, now, path)


def refused(desk: Desk, path: Path) -> str:
    """The error's kind; nothing has changed."""
    before = desk.files(), desk.git("for-each-ref"), desk.git("count-objects", "-v")
    with pytest.raises(FieldvaultError) as failure:
        apply(desk, path)
    assert (desk.files(), desk.git("for-each-ref"), desk.git("count-objects", "-v")) == before
    return failure.value.kind


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder / "x.bundle"


def test_two_without_a_link_come_together(world: World, stick: Path) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    world.hub.rename(world.folder / "away")
    marc.edit(CUSTOMER, "samples: 10", "samples: 7")
    ines.edit(CUSTOMER, "samples: 10", "samples: 9")
    ines.edit(CUSTOMER, "name: Boulangerie Lefèvre", "name: Lefèvre")
    assert create(marc, stick).commits == 1
    report = apply(ines, stick)
    assert [one.author for one in report.received] == ["Marc <marc@example.org>"]
    assert "samples: 6\n" in ines.read(CUSTOMER)
    create(ines, stick)
    apply(marc, stick)
    assert marc.files() == ines.files() and marc.head() == ines.head()
    (world.folder / "away").rename(world.hub)
    marc.sync()
    ines.sync()
    assert world.hub_git("rev-parse", "main") == marc.head() == ines.head()
    for desk in (marc, ines):
        desk.assert_clean()


def test_a_bundle_merges_to_the_bytes_of_a_sync(world: World, stick: Path) -> None:
    marc, ines, nora = world.first("Marc", files=FILES), world.join("Ines"), world.join("Nora")
    marc.edit(CUSTOMER, "tags: [bio]", "tags: [bio, vip]")
    create(marc, stick)
    for desk in (ines, nora):
        desk.edit(CUSTOMER, "tags: [bio]", "tags: [bio, net]")
    apply(ines, stick)
    marc.sync()
    nora.sync()
    assert ines.read(CUSTOMER) == nora.read(CUSTOMER)


def test_applied_twice_it_changes_nothing(world: World, stick: Path) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    marc.edit(CUSTOMER, "samples: 10", "samples: 7")
    ines.edit(CUSTOMER, "samples: 10", "samples: 9")
    ines.commit()
    create(marc, stick)
    apply(ines, stick)
    before = ines.head(), ines.files()
    report = apply(ines, stick)
    assert (ines.head(), ines.files()) == before and not report.received
    assert apply(marc, stick).received == []  # whoever made it has it all


def test_a_bundle_can_be_cloned(world: World, stick: Path) -> None:
    marc = world.first("Marc", files=FILES)
    create(marc, stick, everything=True)
    ines, nora = Desk(world.folder / "ines", "Ines"), Desk(world.folder / "nora", "Nora")
    with as_person(ines):
        assert clone(str(stick), ines.root, now).hub == str(stick)
        clone(str(stick), nora.root, now, hub=world.url)
    assert ines.files() == nora.files() == marc.files()
    assert ines.status().hub is None  # a stick is no hub
    nora.edit(CUSTOMER, "samples: 10", "samples: 7")
    nora.sync()
    assert world.hub_git("rev-parse", "main") == nora.head()
    ines.edit(CUSTOMER, "tags: [bio]", "tags: [bio, vip]")
    assert create(ines, stick).since is None
    apply(nora, stick)
    assert "vip" in nora.read(CUSTOMER) and "samples: 7" in nora.read(CUSTOMER)
    nora.assert_clean()


def test_git_made_it(world: World, stick: Path) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    marc.edit(CUSTOMER, "samples: 10", "samples: 7")
    marc.commit()
    marc.git("bundle", "create", "-q", str(stick), "origin/main..main")
    apply(ines, stick)
    assert ines.head() == marc.head()


def test_all_of_a_hub_brings_what_was_only_delivered(world: World, stick: Path) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    marc.edit(CUSTOMER, "samples: 10", "samples: 7")
    marc.commit()
    marc.git("push", "-q", world.url, "HEAD:refs/fv/1/inbox/aaaaaaaaaa")
    world.hub_git("bundle", "create", "-q", str(stick), "--all")
    apply(ines, stick)
    assert ines.head() == marc.head()


def test_what_is_not_taken(world: World, tmp_path: Path, stick: Path) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    marc.edit(CUSTOMER, "samples: 10", "samples: 7")
    create(marc, stick)
    data = stick.read_bytes()
    stick.write_bytes(data[:-30])
    assert refused(ines, stick) == "bundle-damaged"
    stick.write_bytes(b"notes\n")
    assert refused(ines, stick) == "bundle-not"
    assert refused(ines, stick.with_name("none")) == "file-missing"
    (tmp_path / "other").mkdir()
    stranger = World(tmp_path / "other").first("Nora", files=FILES | {"n.txt": "n"})
    create(stranger, stick, everything=True)
    assert refused(ines, stick) == "bundle-unrelated"
    stranger.write("m.txt", "m")
    create(stranger, stick)
    assert refused(ines, stick) == "bundle-lacks"
    ines.git("branch", "topic", "main~1")
    ines.git("bundle", "create", "-q", str(stick), "topic")
    assert refused(ines, stick) == "bundle-no-main"


def test_a_record_that_came_by_stick_is_judged(world: World, stick: Path) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    (marc.root / "aux.yaml").write_text("name: a device\n")
    marc.git("add", "-A")
    marc.git("commit", "-q", "-m", "by hand")
    marc.git("bundle", "create", "-q", str(stick), "main")
    assert apply(ines, stick).refused == {"aux.yaml": "name-device"}
    assert "aux.yaml" not in ines.files()


def test_a_large_attachment_goes_by_stick_and_on_to_the_hub(world: World, stick: Path) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    marc.write("chunk.bin", VIDEO[:CHUNK_BYTES])  # small, and the same bytes as a chunk of the other
    marc.write("tour.mp4", VIDEO)
    made = create(marc, stick)
    assert (made.attachments, made.without) == (1, 0)
    marc.git("bundle", "verify", "-q", str(stick))
    world.hub.rename(world.folder / "away")
    report = apply(ines, stick)
    assert report.attachments == ["tour.mp4"] and ines.files() == marc.files()
    assert kept_by_git(ines) < len(VIDEO)
    assert ines.status().attachments_waiting == 1
    ines.assert_clean()
    (world.folder / "away").rename(world.hub)
    ines.sync()
    assert not ines.status().attachments_waiting
    assert world.join("Nora").files() == marc.files()


def kept_by_git(desk: Desk) -> int:
    """The bytes of its packs; of contents they hold nothing."""
    return sum(path.stat().st_size for path in (desk.root / ".git/objects/pack").glob("*.pack"))


def test_without_attachments_they_come_with_the_next_sync(world: World, stick: Path) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    marc.write("tour.mp4", VIDEO)
    done = fv("bundle", "create", "--no-attachments", str(stick), cwd=marc.root, environment=marc.environment)
    assert "Not in it: the contents of 1 large attachment" in done.stdout
    assert stick.stat().st_size < CHUNK_BYTES
    assert apply(ines, stick).absent == {"tour.mp4": "content-comes"}
    marc.sync()
    ines.sync()
    assert ines.files() == marc.files()


def test_a_bundle_with_everything_starts_a_vault_with_its_attachments(world: World, stick: Path) -> None:
    marc = world.first("Marc", files=FILES)
    marc.write("tour.mp4", VIDEO)
    marc.sync()
    assert create(marc, stick, everything=True).attachments == 1
    ines = Desk(world.folder / "ines", "Ines")
    with as_person(ines):
        clone(str(stick), ines.root, now)
    assert ines.files() == marc.files() and kept_by_git(ines) < len(VIDEO)
    assert not (ines.root / ".git/fieldvault/bundle").exists()
    plain = world.folder / "plain"
    ines.git("clone", "-q", str(stick), str(plain))
    assert (plain / "tour.mp4").stat().st_size < 200
    ines.write("new.mp4", VIDEO + b".")
    assert create(ines, stick).attachments == 2  # there is no hub that may have any
    ines.assert_clean()


def test_no_place_and_nothing_new(world: World, stick: Path) -> None:
    marc = world.first("Marc", files=FILES)
    for path, kind in (
        (stick, "bundle-nothing"),
        (marc.root / "x.bundle", "bundle-inside"),
        (stick / "none" / "x", "folder-missing"),
    ):
        with pytest.raises(FieldvaultError) as failure:
            create(marc, path)
        assert failure.value.kind == kind
    assert not stick.exists() and "x.bundle" not in marc.files()


def test_the_commands(world: World, stick: Path) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    marc.edit(CUSTOMER, "samples: 10", "samples: 7")
    made = fv("bundle", "create", str(stick), cwd=marc.root, environment=marc.environment)
    assert made.returncode == 0 and f"Wrote {stick}: 1 commit" in made.stdout
    taken = fv("bundle", "apply", str(stick), cwd=ines.root, environment=ines.environment)
    assert taken.returncode == 0 and "Received 1 change from Marc" in taken.stdout
    again = fv("bundle", "apply", "--json", str(stick), cwd=ines.root, environment=ines.environment)
    assert again.returncode == 0 and '"command": "bundle apply"' in again.stdout
    stick.write_bytes(stick.read_bytes()[:-1])
    fv("bundle", "create", "--all", str(stick), cwd=marc.root, environment=marc.environment)
    cloned = fv("clone", str(stick), cwd=world.folder, environment=ines.environment)
    assert cloned.returncode == 0 and (world.folder / "x" / CUSTOMER).is_file()
