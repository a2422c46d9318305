"""Where settled files land, on every machine the same."""

from __future__ import annotations

import time
from itertools import permutations, product

from fieldvault.actions.merging.commitmerge import merge_commits
from fieldvault.actions.merging.placing import place
from fieldvault.core.names import beside, twins
from fieldvault.core.plan import Located
from fieldvault.core.snapshot import FILE, Entry, Oid
from fieldvault.edge.git.store.history import Commit, encode_commit, is_ancestor, read_commit
from fieldvault.edge.git.store.trees import patch_tree
from tests.actions.memory import Memory


def placed(had: list[str], come: list[str], gone: tuple[str, ...] = ()) -> tuple[set[str], dict[str, str]]:
    """The paths of the tree after the files `come`, each with its own content, and who was moved whereto.

    A name in braces, `path{content}`, has a content of its own choice.
    """
    memory = Memory()
    tree = memory.tree({path: f"had {path}".encode() for path in had})
    files = [located(memory, text) for text in come]
    result = place(memory, tree, gone, files)
    again = place(memory, tree, gone, reversed(files))
    assert result == again
    found = memory.files(patch_tree(memory, tree, result.changes))
    kept = [f"had {path}".encode() for path in had if path not in gone]
    assert sorted(found.values()) == sorted({*(memory.blob(file.entry.oid) for file in files), *kept}), (
        "a file was dropped"
    )
    return set(found), {file.path: to for file, to in result.moved}


def located(memory: Memory, text: str) -> Located:
    path, _, content = text.partition("{")
    return Located(path, Entry(FILE, memory.add("blob", content.encode() or path.encode())))


def mark(content: str) -> str:
    return Memory().add("blob", content.encode())[:8]


def test_what_has_room_lies_where_it_is_meant_to() -> None:
    assert placed(["a/x"], ["a/y", "b/c/z"]) == ({"a/x", "a/y", "b/c/z"}, {})


def test_what_went_makes_room() -> None:
    assert placed(["a/X"], ["a/x"], gone=("a/X",)) == ({"a/x"}, {})
    assert placed(["a/X/y"], ["a/x"], gone=("a/X/y",)) == ({"a/x"}, {})


def test_of_two_for_one_path_the_higher_id_keeps_it() -> None:
    low, high = sorted(("one", "two"), key=mark)
    assert placed([], [f"a{{{low}", f"a{{{high}"])[0] == {"a", f"a~{mark(low)}"}


def test_the_same_file_twice_is_one() -> None:
    assert placed([], ["a{same", "a{same"]) == ({"a"}, {})
    assert placed(["b"], ["b{had b"]) == ({"b"}, {})


def test_spellings_of_one_name_are_one_name() -> None:
    assert placed(["Photo.png"], ["photo.png"])[1] == {"photo.png": beside("photo.png", mark("photo.png"))}
    assert placed([], ["Photo.png", "photo.png"])[1] == {"Photo.png": beside("Photo.png", mark("Photo.png"))}
    assert placed([], ["e\u0301", "\u00e9"])[1] == {"e\u0301": "e\u0301~" + mark("e\u0301")}


def test_a_folder_has_one_spelling() -> None:
    assert placed(["customers/a"], ["CUSTOMERS/b"])[0] == {"customers/a", "customers/b"}
    assert placed([], ["X/Y/a", "x/y/b", "x/Y/c"])[0] == {"x/y/a", "x/y/b", "x/y/c"}


def test_what_comes_under_another_spelling_of_a_folder_may_meet_its_twin_there() -> None:
    assert placed(["x/a"], ["X/A"])[0] == {"x/a", f"x/A~{mark('X/A')}"}


def test_a_file_gives_way_to_a_folder_whichever_came_first() -> None:
    assert placed(["x"], ["x/a"])[0] == {"x/a", f"x~{mark('had x')}"}
    assert placed(["x/a"], ["x"])[0] == {"x/a", f"x~{mark('x')}"}
    assert placed([], ["x", "X/a"])[0] == {"X/a", f"x~{mark('x')}"}


def test_what_a_person_keeps_beside_is_not_written_over() -> None:
    taken = f"a~{mark('one')}"
    found, moved = placed([taken, "a"], ["a{one"])
    assert found == {"a", taken, moved["a"]} and moved["a"] == beside(taken, mark("one"))


def test_two_spellings_that_the_vault_has_had_all_along_stay() -> None:
    assert placed(["A", "a"], ["A{new"], gone=("A",)) == ({"A", "a"}, {})


def test_three_people_who_spell_one_name_three_ways_leave_no_twins_however_they_merge() -> None:
    memory = Memory()
    who = ("Marc <marc@example.org>", 1_772_437_200, 60)

    def commit(tree: Oid, *parents: Oid) -> Oid:
        return memory.add("commit", encode_commit(Commit("", tree, parents, *who, *who, "")))

    start = commit(memory.tree({"a": b"a"}))
    tree = read_commit(memory, start).tree
    tips = [commit(memory.tree({path: path.encode()}, tree), start) for path in ("x/y", "X/z", "X")]
    for meetings in product(permutations(range(3), 2), repeat=3):
        now = list(tips)
        for one, other in meetings:
            if not is_ancestor(memory, now[other], now[one]):
                now[one] = commit(merge_commits(memory, now[one], now[other]).tree, now[one], now[other])
            files = memory.files(read_commit(memory, now[one]).tree)
            places = {place for path in files for place in (path, path.rpartition("/")[0])} - {""}
            assert not twins(places), (meetings, sorted(files))


def test_time_is_linear_in_what_comes() -> None:
    memory = Memory()
    files = [Located(f"orders/{number}.yaml", Entry(FILE, f"{number:040x}")) for number in range(20_000)]
    start = time.process_time()
    assert len(place(memory, None, (), files).changes) == 20_000
    assert time.process_time() - start < 5
