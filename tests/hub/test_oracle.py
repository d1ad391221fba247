"""The oracle of the kill test sees what is wrong: each fault is put into a good ending and found."""

from collections.abc import Callable

import pytest

from bridge.testing.states import ChatState, Said
from tests.hub.oracle import Rules, Wanted, Where, check, text_of

A, X, T = Where("a", "room"), Where("xmpp", "room"), Where("t", "room")
States = dict[Where, ChatState]


def face(network: str, person: str, there: str) -> str | None:
    return None if there == "t" else person if network == there else f"{network}_{person}"


def rules(*, kills: int = 0) -> Rules:
    return Rules({"link": [A, X, T]}, face, frozenset({"t"}), kills)


def said(number: int, version: int = 1, **more: object) -> Said:
    return Said(id=f"${number}", author="somebody", name="", text=text_of(number, version), **more)  # type: ignore[arg-type]


def good() -> tuple[list[Wanted], States]:
    """Three messages from one room: plain with a reaction, edited, retracted."""
    wanted = [Wanted(1, "link", A), Wanted(2, "link", A, version=2), Wanted(3, "link", A, retracted=True)]
    wanted += [Wanted(4, "link", X), Wanted(5, "link", X)]
    wanted[0].reactions["a", "anna"] = ["👍"]
    states = {}
    for where in (A, X, T):
        messages = [said(1), said(2, 2), said(3, gone=True), said(4), said(5)]
        messages[0].reactions = {face("a", "anna", where.network) or "bot": ["👍"]}
        states[where] = ChatState(where.chat, "room", [], messages, [], 0)
    return wanted, states


def test_a_good_ending_has_no_faults() -> None:
    wanted, states = good()

    assert check(wanted, states, rules()).faults == {}
    assert check(wanted, states, rules()).checked == 15


def _lose(states: States) -> None:
    del states[X].messages[0]


def _double(states: States) -> None:
    states[X].messages.append(said(1))


def _double_a_retracted_one(states: States) -> None:
    states[X].messages.append(said(3, gone=True))


def _echo_to_the_source(states: States) -> None:
    states[A].messages.append(said(1))


def _reorder(states: States) -> None:
    messages = states[X].messages
    messages[0], messages[1] = messages[1], messages[0]


def _reorder_in_a_lenient_network(states: States) -> None:
    messages = states[T].messages
    messages[3], messages[4] = messages[4], messages[3]


def _forget_an_edit(states: States) -> None:
    states[T].messages[1].text = text_of(2, 1)


def _resurrect(states: States) -> None:
    states[X].messages[2].gone = False


def _drop_a_reaction(states: States) -> None:
    states[X].messages[0].reactions = {}


def _react_for_nobody(states: States) -> None:
    states[A].messages[1].reactions = {"t_bot": ["👍"]}


def _react_for_nobody_where_all_share_an_account(states: States) -> None:
    states[T].messages[0].reactions["stranger"] = ["👍"]


def _tell_of_a_failure(states: States) -> None:
    states[X].messages.append(Said(id="n", author="xmpp", name="", text="A message could not be delivered."))


def _repeat_without_a_kill(states: States) -> None:
    states[T].messages.insert(0, said(1))


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (_lose, "lost"),
        (_double, "doubled"),
        (_double_a_retracted_one, "doubled"),
        (_echo_to_the_source, "doubled"),
        (_reorder, "reordered"),
        (_reorder_in_a_lenient_network, "reordered"),
        (_forget_an_edit, "stale"),
        (_resurrect, "resurrected"),
        (_drop_a_reaction, "reactions"),
        (_react_for_nobody, "reactions"),
        (_react_for_nobody_where_all_share_an_account, "reactions"),
        (_tell_of_a_failure, "notices"),
        (_repeat_without_a_kill, "doubled"),
    ],
)
def test_a_fault_is_found(spoil: Callable[[States], None], found: str) -> None:
    wanted, states = good()
    spoil(states)

    faults = check(wanted, states, rules()).faults

    assert found in faults


def test_one_repeat_per_kill_is_allowed_where_nothing_else_is_possible() -> None:
    wanted, states = good()
    first = said(2, 1)  # its id is unknown, so the edit could not reach it
    states[T].messages.insert(0, first)

    findings = check(wanted, states, rules(kills=1))

    assert findings.faults == {}
    assert findings.repeats == {T: 1}


def test_more_repeats_than_kills_are_a_fault() -> None:
    wanted, states = good()
    states[T].messages[:0] = [said(1), said(2)]

    assert "doubled" in check(wanted, states, rules(kills=1)).faults


def test_a_reaction_whose_author_was_told_is_excused_elsewhere() -> None:
    wanted, states = good()
    states[X].messages[0].reactions = {}
    wanted[0].excused.add(("a", "anna"))

    assert check(wanted, states, rules()).faults == {}
