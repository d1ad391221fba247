"""When a homeserver is asked for news again."""

from connectors.matrix.patience import Pace, Rhythm


def test_news_after_a_while_is_followed_up_at_once() -> None:
    assert Rhythm(Pace(together=0.1)).rest(empty=False, took=0.5) == 0.0


def test_news_that_comes_soon_is_given_company() -> None:
    assert Rhythm(Pace(together=0.1)).rest(empty=False, took=0.05) == 0.1


def test_who_does_not_wait_for_news_is_asked_more_and_more_seldom() -> None:
    rhythm = Rhythm(Pace())
    pauses = [rhythm.rest(empty=True, took=0.0) for _ in range(10)]

    assert pauses == sorted(pauses)
    assert 0.2 <= pauses[0] <= 1.0
    assert pauses[-1] == 10.0


def test_who_has_waited_for_news_in_vain_is_asked_at_once() -> None:
    rhythm = Rhythm(Pace())
    rhythm.rest(empty=True, took=0.0)

    assert rhythm.rest(empty=True, took=25.0) == 0.0
    assert rhythm.rest(empty=True, took=0.0) <= 1.0
