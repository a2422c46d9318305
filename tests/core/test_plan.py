from collections.abc import Iterable

from fieldvault.core.plan import Located, Unit, pair_up, settle_path
from fieldvault.core.snapshot import FILE, Entry, TreeChange


def entry(text: str) -> Entry:
    """An entry whose id shows which record it is of: "a1" is version 1 of record a."""
    return Entry(FILE, text)


def record_id(located: Located) -> str | None:
    return located.entry.oid[0] if located.entry.oid[0] != "-" else None


def changes(*rows: tuple[str, str | None, str | None]) -> dict[str, TreeChange]:
    return {path: TreeChange(path, old and entry(old), new and entry(new)) for path, old, new in rows}


def shape(units: Iterable[Unit]) -> list[tuple[str | None, ...]]:
    return [tuple(f"{side.path}={side.entry.oid}" if side else None for side in unit) for unit in units]


def test_each_side_alone() -> None:
    units = pair_up(changes(("x.yaml", "a1", "a2")), changes(("y.yaml", "b1", None), ("z.yaml", None, "c1")), record_id)
    assert shape(units) == [
        ("x.yaml=a1", "x.yaml=a2", "x.yaml=a1"),
        ("y.yaml=b1", "y.yaml=b1", None),
        (None, None, "z.yaml=c1"),
    ]
    assert all(unit.decided for unit in units)
    assert [unit.outcome and unit.outcome.entry.oid for unit in units] == ["a2", None, "c1"]


def test_a_rename_meets_an_edit() -> None:
    ours = changes(("x.yaml", "a1", None), ("y.yaml", None, "a1"))
    theirs = changes(("x.yaml", "a1", "a2"))
    (unit,) = pair_up(ours, theirs, record_id)
    assert shape([unit]) == [("x.yaml=a1", "y.yaml=a1", "x.yaml=a2")]
    assert settle_path(unit) == ("y.yaml", None)


def test_two_renames_show_the_higher_name() -> None:
    ours = changes(("x.yaml", "a1", None), ("y.yaml", None, "a1"))
    theirs = changes(("x.yaml", "a1", None), ("z.yaml", None, "a2"))
    (unit,) = pair_up(ours, theirs, record_id)
    assert settle_path(unit) == ("z.yaml", "y.yaml")
    (swapped,) = pair_up(theirs, ours, record_id)
    assert settle_path(swapped) == ("z.yaml", "y.yaml")


def test_added_by_both_is_one_record_by_its_id_whatever_its_path() -> None:
    units = pair_up(changes(("x.yaml", None, "a1")), changes(("y.yaml", None, "a2")), record_id)
    assert shape(units) == [(None, "x.yaml=a1", "y.yaml=a2")]


def test_two_records_at_one_path_stay_two() -> None:
    units = pair_up(changes(("x.yaml", None, "a1")), changes(("x.yaml", None, "b1")), record_id)
    assert shape(units) == [(None, "x.yaml=a1", None), (None, None, "x.yaml=b1")]


def test_a_record_with_an_id_and_one_without_at_one_path_stay_two() -> None:
    units = pair_up(changes(("x.yaml", None, "a1")), changes(("x.yaml", None, "-1")), record_id)
    assert sorted(shape(units), key=str) == [(None, "x.yaml=a1", None), (None, None, "x.yaml=-1")]


def test_without_id_the_path_counts() -> None:
    units = pair_up(changes(("x.pdf", None, "-1")), changes(("x.pdf", None, "-2")), record_id)
    assert shape(units) == [(None, "x.pdf=-1", "x.pdf=-2")]
    assert not units[0].decided


def test_both_alike_is_not_decided_by_the_plan() -> None:
    (unit,) = pair_up(changes(("x.yaml", "a1", "a2")), changes(("x.yaml", "a1", "a2")), record_id)
    assert not unit.decided


def test_another_record_at_a_path_is_not_an_edit_of_the_one_that_lay_there() -> None:
    ours = changes(("x.yaml", "a1", "b1"))
    theirs = changes(("x.yaml", "a1", "a2"))
    assert shape(pair_up(ours, theirs, record_id)) == [
        ("x.yaml=a1", None, "x.yaml=a2"),
        (None, "x.yaml=b1", None),
    ]


def test_a_record_that_took_the_place_of_one_without_id_meets_the_other_by_its_id() -> None:
    ours = changes(("x.yaml", "-1", "a1"), ("x~.yaml", None, "-1"))
    theirs = changes(("y.yaml", None, "a2"))
    assert set(shape(pair_up(ours, theirs, record_id))) == {
        (None, "x.yaml=a1", "y.yaml=a2"),
        ("x.yaml=-1", None, "x.yaml=-1"),
        (None, "x~.yaml=-1", None),
    }


def test_a_record_moved_onto_one_without_id_is_met_there() -> None:
    ours = changes(("x.yaml", "-1", "a1"), ("y.yaml", "a1", None))
    theirs = changes(("y.yaml", "a1", "a2"))
    assert ("y.yaml=a1", "x.yaml=a1", "y.yaml=a2") in shape(pair_up(ours, theirs, record_id))


def test_a_record_that_lost_or_got_its_id_is_the_one_that_it_was() -> None:
    for old, new in (("a1", "-2"), ("-1", "a2")):
        (unit,) = pair_up(changes(("x.yaml", old, new)), {}, record_id)
        assert shape([unit]) == [(f"x.yaml={old}", f"x.yaml={new}", f"x.yaml={old}")]
    ours, theirs = changes(("x.yaml", "a1", "-2")), changes(("x.yaml", "a1", None), ("y.yaml", None, "a1"))
    assert shape(pair_up(ours, theirs, record_id)) == [("x.yaml=a1", "x.yaml=-2", "y.yaml=a1")]
    moved = changes(("x.yaml", "a1", "-2"), ("y.yaml", None, "a1"))
    assert ("x.yaml=a1", "y.yaml=a1", "x.yaml=a3") in shape(pair_up(moved, changes(("x.yaml", "a1", "a3")), record_id))


def test_two_records_that_swapped_their_names_are_each_met_at_the_new_one() -> None:
    ours = changes(("x.yaml", "a1", "b1"), ("y.yaml", "b1", "a1"))
    theirs = changes(("x.yaml", "a1", "a2"))
    assert shape(pair_up(ours, theirs, record_id)) == [
        ("y.yaml=b1", "x.yaml=b1", "y.yaml=b1"),
        ("x.yaml=a1", "y.yaml=a1", "x.yaml=a2"),
    ]


def test_new_records_meet_by_id_before_any_meets_by_path() -> None:
    ours = changes(("x.yaml", None, "-1"), ("y.yaml", None, "a1"))
    theirs = changes(("x.yaml", None, "a2"))
    here = shape(pair_up(ours, theirs, record_id))
    there = shape(pair_up(theirs, ours, record_id))
    assert here == [(None, "x.yaml=-1", None), (None, "y.yaml=a1", "x.yaml=a2")]
    assert sorted(map(str, there)) == sorted(str((base, right, left)) for base, left, right in here)
