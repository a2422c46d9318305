"""When the hub is tried, over simulated time and with chance as an argument."""

import random
from collections import Counter

from fieldvault.core.reconnect import MOST_SECONDS, SPREAD_SECONDS, TIMER_SECONDS, Reconnect


def started(at: float = 0) -> Reconnect:
    reconnect = Reconnect(at)
    assert reconnect.due == at
    reconnect.started()
    return reconnect


def test_after_a_success_the_timer_counts() -> None:
    reconnect = started()
    reconnect.succeeded(10)
    assert reconnect.due == 10 + TIMER_SECONDS


def test_the_window_doubles_to_a_minute_and_the_try_is_anywhere_in_it() -> None:
    for chance in (0.0, 0.5, 1.0):
        reconnect, waits = started(), []
        for _ in range(8):
            reconnect.failed(100, chance)
            assert reconnect.due is not None
            waits.append(reconnect.due - 100)
            reconnect.started()
        assert waits == [chance * window for window in (2, 4, 8, 16, 32, MOST_SECONDS, MOST_SECONDS, MOST_SECONDS)]


def test_a_trigger_is_sooner_than_any_wait_and_begins_the_back_off_anew() -> None:
    reconnect = started()
    for _ in range(7):
        reconnect.failed(100, 1.0)
        reconnect.started()
    reconnect.failed(100, 1.0)
    reconnect.trigger(110)
    assert reconnect.due == 110
    reconnect.started()
    reconnect.failed(111, 1.0)
    assert reconnect.due == 113


def test_progress_begins_the_back_off_anew() -> None:
    reconnect = started()
    for _ in range(7):
        reconnect.failed(100, 1.0)
        reconnect.started()
    reconnect.failed(100, 1.0, progress=True)
    assert reconnect.due == 102


def test_a_refusal_is_not_retried_before_a_trigger() -> None:
    reconnect = started()
    assert reconnect.due is None
    reconnect.trigger(50)
    assert reconnect.due == 50


def test_a_trigger_during_a_sync_asks_for_another_one() -> None:
    reconnect = started()
    reconnect.trigger(1)
    reconnect.succeeded(5)
    assert reconnect.due == 1


def test_forty_who_return_at_once_do_not_come_at_once() -> None:
    chance = random.Random(4)
    arrivals: Counter[int] = Counter()
    for _ in range(40):
        reconnect = started()
        reconnect.trigger(0, chance.random())
        assert reconnect.due is not None and reconnect.due <= SPREAD_SECONDS
        arrivals[int(reconnect.due * 10)] += 1
    assert max(arrivals.values()) <= 8
