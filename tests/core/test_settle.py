"""When a burst is over, over simulated time."""

import random

from fieldvault.core.settle import BULK, GONE_SECONDS, LONGEST_SECONDS, PATIENCE_SECONDS, QUIET_SECONDS, Settler


def run(events: list[tuple[float, str, str]], until: float) -> list[tuple[float, list[str]]]:
    """Play events (time, path, what happened), looking exactly when `due` says so, as the watcher does."""
    settler, bursts, events = Settler(), [], sorted(events)
    while True:
        due = settler.due()
        if events and (due is None or events[0][0] <= due):
            now, path, what = events.pop(0)
            settler.touch(path, now, gone=what == GONE, new=what == NEW)
        elif due is not None and due <= until:
            paths = settler.ready(due)
            assert paths, "due, and nothing ready"
            bursts.append((due, paths))
        else:
            return bursts


SAVED, NEW, GONE = "saved", "new", "gone"


def test_one_save_is_ready_after_the_quiet() -> None:
    assert run([(10, "a", SAVED), (10.1, "a", SAVED)], 100) == [(12.1, ["a"])]


def test_nothing_is_due_while_nothing_waits() -> None:
    settler = Settler()
    assert settler.due() is None and settler.ready(1000) == []


def test_a_look_too_early_gives_nothing() -> None:
    settler = Settler()
    settler.touch("a", 0)
    assert settler.ready(QUIET_SECONDS - 0.01) == [] and settler.ready(QUIET_SECONDS) == ["a"]


def test_delete_and_create_are_one_edit() -> None:
    assert run([(0, "a", GONE), (2.0, "a", NEW)], 100) == [(4.0, ["a"])]


def test_both_halves_of_a_move_settle_together() -> None:
    assert run([(0, "old", GONE), (0, "new", SAVED)], 100) == [(GONE_SECONDS, ["new", "old"])]


def test_fifty_files_copied_in_are_one_burst() -> None:
    (burst,) = run([(i / 10, f"f{i}", NEW) for i in range(50)], 100)
    assert len(burst[1]) == 50 and burst[0] == 4.9 + QUIET_SECONDS


def test_what_stood_for_three_seconds_is_taken_whatever_others_do() -> None:
    others = [(i / 10, f"f{i % 40}", what) for i, what in enumerate([SAVED, GONE, NEW] * 100)]
    bursts = run([*others, (10.05, "a", SAVED), (13.05, "a", SAVED)], 100)
    assert 12.05 <= next(at for at, paths in bursts if "a" in paths) <= 10.05 + QUIET_SECONDS + PATIENCE_SECONDS < 13.05


def test_what_a_program_writes_is_one_burst() -> None:
    writing = [(i / 100, f"f{i}", SAVED) for i in range(1000)]
    bursts = run(writing, 100)
    assert len(bursts) <= 2 and sum(len(paths) for _, paths in bursts) == 1000 > BULK


def test_a_file_that_is_being_written_holds_up_no_other() -> None:
    writing = [(i / 10, "video.mp4", SAVED) for i in range(200)]
    bursts = run([*writing, (10.05, "a", SAVED)], 100)
    assert bursts[0] == (10.05 + QUIET_SECONDS, ["a"])
    assert bursts[1] == (19.9 + QUIET_SECONDS, ["video.mp4"])


def test_a_file_saved_without_end_is_ready_in_time() -> None:
    bursts = run([(float(i), "a", SAVED) for i in range(100)], 99)
    assert [at for at, _ in bursts] == [LONGEST_SECONDS, 2 * LONGEST_SECONDS + 1, 3 * LONGEST_SECONDS + 2]


def test_no_path_is_lost_or_late_over_three_simulated_days() -> None:
    chance = random.Random(7)
    for _ in range(30):
        now, events = 0.0, []
        while now < 3 * 86400:
            now += chance.choice((0.05, 0.5, 1.9, 2.1, 60, 900, 7200))
            events.append((now, f"f{chance.randrange(6)}", chance.choice((SAVED, SAVED, NEW, GONE))))
        bursts = run(events, 4 * 86400.0)
        for at, path, _ in events:
            taken = next(when for when, paths in bursts if path in paths and when >= at)
            assert at <= taken <= at + LONGEST_SECONDS + 1e-6
