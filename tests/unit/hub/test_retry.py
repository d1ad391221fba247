"""Back-off: it grows also when a network asks for less, and begins anew after a success."""

from itertools import pairwise

from bridge.hub.retry import Backoff


def test_pauses_grow_to_half_a_minute() -> None:
    backoff = Backoff()
    pauses = [backoff.pause() for _ in range(20)]

    assert pauses[0] <= 0.5
    assert all(before < after for before, after in pairwise(pauses[:6]))
    assert all(22.5 <= pause <= 30 for pause in pauses[7:])


def test_a_network_that_asks_for_a_short_pause_for_ever_is_not_asked_all_the_time() -> None:
    backoff = Backoff()

    assert sum(backoff.pause(asked=1.0) for _ in range(25)) > 300


def test_what_a_network_asks_for_is_the_least() -> None:
    backoff = Backoff()

    assert 100 <= backoff.pause(asked=100.0) < 101


def test_a_success_begins_anew() -> None:
    backoff = Backoff()
    for _ in range(10):
        backoff.pause()
    backoff.reset()

    assert backoff.pause() <= 0.5


def test_what_will_not_pass_by_itself_is_tried_every_five_minutes() -> None:
    backoff = Backoff()
    pauses = [backoff.pause(lasting=True) for _ in range(12)]

    assert pauses[0] >= 22.5
    assert 225 <= pauses[-1] <= 300
