"""A second gateway under the same domain is told from a stream of our own that the server still believes in."""

import pytest

from bridge.xmpp.rival import Rival


class HandClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_refusals_are_a_rivals_after_three_minutes_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    clock = HandClock()
    rival = Rival("matrix.example.org", 180, clock)

    said = []
    for _ in range(9):
        said.append(rival.ended("conflict", was_up=False))
        clock.now += 30

    assert said[:6] == [""] * 6
    assert rival.served
    assert set(said[6:]) == {
        "Another gateway is connected to the XMPP server as matrix.example.org. Stop one of the two, "
        "or give this one a domain of its own."
    }
    assert caplog.text.count("another gateway has our domain domain=matrix.example.org") == 1
    assert not rival.took_over


def test_a_server_that_cannot_be_reached_meanwhile_changes_nothing() -> None:
    clock = HandClock()
    rival = Rival("matrix.example.org", 180, clock)
    rival.ended("conflict", was_up=False)
    clock.now = 100
    assert rival.ended("", was_up=False) == ""
    clock.now = 200

    assert rival.ended("conflict", was_up=False)


def test_a_stream_of_our_own_that_ends_meanwhile_begins_anew() -> None:
    clock = HandClock()
    rival = Rival("matrix.example.org", 180, clock)
    rival.ended("conflict", was_up=False)
    clock.now = 170
    rival.ended("system-shutdown", was_up=True)
    clock.now = 190

    assert rival.ended("conflict", was_up=False) == ""
    assert not rival.served


def test_whoever_is_replaced_knows_at_once_and_stays_away() -> None:
    rival = Rival("matrix.example.org", 180, HandClock())

    assert rival.ended("conflict", was_up=True).startswith("Another gateway is connected")
    assert rival.took_over
    rival.ended("", was_up=False)
    assert not rival.took_over
