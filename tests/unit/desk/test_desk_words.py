"""How the desk says times and lists; what its throttle remembers."""

import pytest

from bridge.hub.desk.throttle import Throttle
from bridge.hub.desk.words import duration, quoted
from bridge.hub.quota import Quota
from tests.support.asking import HandClock


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 second"),
        (59.9, "59 seconds"),
        (60, "1 minute"),
        (3_599, "59 minutes"),
        (7_200, "2 hours"),
        (86_400, "1 day"),
    ],
)
def test_a_duration_is_said_in_its_largest_whole_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_names_are_listed_as_one_would_say_them() -> None:
    assert quoted(["a"]) == "`a`"
    assert quoted(["a", "b", "c"]) == "`a`, `b` and `c`"


def test_old_failures_are_forgotten_one_by_one() -> None:
    clock = HandClock()
    throttle = Throttle(clock, 1)
    for _ in range(5):
        throttle.failed("romeo")
        clock.now += 60

    assert throttle.refusal("romeo") == "Too many logins have failed. You can try again in 5 minutes."
    clock.now += 299
    assert throttle.refusal("romeo") == "Too many logins have failed. You can try again in 1 second."
    clock.now += 1
    assert throttle.refusal("romeo") == ""
    throttle.failed("romeo")
    assert throttle.refusal("romeo") == "Too many logins have failed. You can try again in 1 minute."


def test_many_are_not_remembered_for_ever() -> None:
    clock = HandClock()
    quota = Quota(5, 600.0, clock.time)
    for number in range(1_000):
        quota.note(f"user {number}")
    clock.now += 601

    quota.note("romeo")

    assert list(quota._times) == ["romeo"]
