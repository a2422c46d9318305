import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fieldvault.core.snapshot import Entry
from fieldvault.edge.index.rows import NEVER, UNSEEN, entry_of, seen, stat_of, trusted_key
from fieldvault.edge.index.stats import StatCache
from fieldvault.errors import FieldvaultError

OID = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path: Path):
    cache = StatCache(tmp_path / "index.sqlite")
    yield cache
    cache.close()


def test_rows_come_back_as_they_were(cache: StatCache) -> None:
    old = Path(__file__).stat()
    row = seen(trusted_key(old), Entry(0o100644, OID))
    rows = {"é.yaml": row, "b c.pdf": row}
    cache.update("t1", {"customers/8q": rows, "": {"a": row}})
    assert cache.read([""]) == ("t1", {"customers/8q": rows, "": {"a": row}})
    assert entry_of(row) == Entry(0o100644, OID)
    assert cache.read([""])[1].stats("customers/8q") == {"é.yaml": stat_of(old), "b c.pdf": stat_of(old)}
    cache.update("t2", {"customers/8q": {}})
    assert cache.folders() == [""]


def test_rows_are_filled_changed_and_asked_for_in_any_order(cache: StatCache) -> None:
    old = Path(__file__).stat()
    row, unseen = (seen(stat, Entry(0o100644, OID)) for stat in (trusted_key(old), UNSEEN))
    cache.update("t", {"a": {"x": row, "y": unseen}, "b": {"z": row}})
    _, rows = cache.read([""])
    assert (set(rows), set(rows.filled())) == ({"a", "b"}, {"a", "b"})
    del rows["a"]["x"]
    del rows["b"]["z"]
    rows["c"] = {"w": row}
    assert (set(rows), set(rows.filled())) == ({"a", "b", "c"}, {"a", "c"})
    assert [rows.stats(name) for name in "abcd"] == [{"y": NEVER}, {}, {"w": stat_of(old)}, {}]


def test_no_room_for_the_file_beside_it_is_a_full_disk(cache: StatCache, tmp_path: Path) -> None:
    cache.close()
    program = "\n".join(
        [
            "import pathlib, resource, sys",
            "from fieldvault.edge.index.stats import StatCache",
            "from fieldvault.errors import FieldvaultError",
            "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))",
            "try: StatCache(pathlib.Path(sys.argv[1]))",
            "except FieldvaultError as error: print(error.kind)",
        ]
    )
    words = [sys.executable, "-c", program, str(tmp_path / "index.sqlite")]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "disk-full\n"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is denied to root")
def test_a_folder_that_may_not_be_written_is_no_damage(cache: StatCache, tmp_path: Path) -> None:
    cache.close()
    tmp_path.chmod(0o500)
    with pytest.raises(FieldvaultError) as caught:
        StatCache(tmp_path / "index.sqlite")
    tmp_path.chmod(0o700)
    assert caught.value.kind == "denied"


def test_only_the_folders_that_are_asked_for_are_read(cache: StatCache) -> None:
    row = seen(UNSEEN, Entry(0o100644, OID))
    folders = ["", "a", "a/b", "a/b/c", "a-b", "a/bc", "é/\U0001f600", "é0"]
    cache.update("t", {folder: {"x": row} for folder in folders})
    assert set(cache.read(["a"])[1]) == {"", "a", "a/b", "a/b/c", "a/bc"}
    assert set(cache.read(["a/b/x"])[1]) == {"a/b"}
    assert set(cache.read(["é", "a-b/x"])[1]) == {"", "é/\U0001f600", "a-b"}
    assert cache.read([]) == ("t", {})


def test_behind_is_kept_and_forgotten(cache: StatCache) -> None:
    cache.update("t", {}, behind={"a": Entry(0o100644, OID), "b": None})
    cache.update("t", {}, forget_behind=["a"])
    assert cache.behind() == {"b": None}


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    cache = StatCache(path)
    assert cache.tree is None
    cache.close()


def test_where_nothing_may_be_written_it_is_a_copy_that_is_forgotten(cache: StatCache, tmp_path: Path) -> None:
    row = seen(UNSEEN, Entry(0o100644, OID))
    cache.update("t1", {"a": {"x": row}}, behind={"a/x": None})
    for finished in (False, True):
        if finished:
            cache.close()
        before = {one: one.read_bytes() for one in tmp_path.iterdir()}
        looked_at = StatCache(tmp_path / "index.sqlite", read_only=True)
        known = ("t1", {"a": {"x": row}}, {"a/x": None}) if finished else (None, {}, {})  # its log would be needed
        assert (*looked_at.read([""]), looked_at.behind()) == known
        assert looked_at.update("t2", {"b": {"y": row}}, behind={"b/y": None})
        assert looked_at.read(["b"]) == ("t2", {"b": {"y": row}})
        looked_at.close()
        assert {one: one.read_bytes() for one in tmp_path.iterdir()} == before


def test_a_fresh_file_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    assert trusted_key(path.stat()) == UNSEEN
    os.utime(path, ns=(1, 1))  # an old mtime does not help: the change time tells
    assert trusted_key(path.stat()) == UNSEEN
    time.sleep(0.05)
    assert entry_of(seen(trusted_key(path.stat()), Entry(0o100644, OID))) == Entry(0o100644, OID)
    assert trusted_key(path.stat()) != UNSEEN
