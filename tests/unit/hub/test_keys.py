"""Keys are the same for the same thing and foreseeable by nobody else."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bridge.hub.keys import Keys, split


@given(st.text(), st.text(), st.text())
def test_a_key_is_stable_and_fits_every_network(scope: str, chat: str, native: str) -> None:
    key = Keys(b"s" * 32, "i").of_source("a", scope, chat, native)

    assert key == Keys(b"s" * 32, "other install").of_source("a", scope, chat, native)
    assert key != Keys(b"t" * 32, "i").of_source("a", scope, chat, native)
    assert re.fullmatch(r"[a-z2-7]{32}", key)


def test_keys_are_what_they_were_in_every_version_before() -> None:
    keys = Keys(b"s" * 32, "i")

    assert keys.of_chat(7) == "wgwbhi2x3luask7ln4spiawnjkquzso4"
    assert keys.of_source("a", "b", "c", "d") == "4ib5ewnzp6wdnlhwyfua765t4fdfufng"


def test_parts_of_a_source_do_not_run_together() -> None:
    keys = Keys(b"s" * 32, "i")

    assert keys.of_source("a", "b", "c", "d") != keys.of_source("a", "bc", "", "d")


def test_keys_of_our_own_events_differ_between_databases() -> None:
    assert Keys(b"s" * 32, "i").of_event(7) != Keys(b"s" * 32, "j").of_event(7)


@given(st.integers(1, 2**52 - 1), st.integers(1, 2**52 - 1))
def test_keys_of_our_own_events_come_in_their_order(one: int, other: int) -> None:
    keys = Keys(b"s" * 32, "i")

    assert (keys.of_event(one) < keys.of_event(other)) == (one < other)
    assert re.fullmatch(r"[0-9a-f]{33}", keys.of_event(one))


def test_split() -> None:
    assert split("abc") == ("abc", 0)
    assert split("abc.3") == ("abc", 3)
    assert split("abc.x") == ("abc.x", 0)
    assert split("abc.999999999999") == ("abc.999999999999", 0)
