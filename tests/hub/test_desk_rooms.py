"""`join` and `leave`: they act on the network itself, and say where the room is."""

import pytest

from bridge.contract import ChatId, Reason, Refused
from bridge.hub.facades import Room
from tests.support.asking import NETWORK, ROMEO, Scene

VERONA = Room(ChatId("#verona@matrix.example"), NETWORK, "Verona", "")
MANTUA = Room(ChatId("!k2@matrix.example"), NETWORK, "Mantua", "")


async def test_joining_says_where_the_room_is(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "join", {"room": "#verona"})

    assert at_desk.doors.joined == ["#verona"]
    assert turn.text == "You are in Verona on Matrix. Enter it in your app as #verona@matrix.example."


async def test_a_room_that_is_not_seen_yet_is_promised(at_desk: Scene) -> None:
    at_desk.doors.seen = False

    turn = await at_desk.desk.begin(ROMEO, "join", {"room": "#verona"})

    assert turn.text == "You are in the room on Matrix. It appears here in a moment."


async def test_a_room_that_refuses_says_why(at_desk: Scene) -> None:
    at_desk.doors.refuses = Refused("There is no such room.", Reason.NOT_FOUND)

    turn = await at_desk.desk.begin(ROMEO, "join", {"room": "#nowhere"})

    assert (turn.failed, turn.text) == (True, "There is no such room.")


async def test_which_room_to_join_is_asked_for(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "join", {})

    assert turn.form is not None
    assert [field.name for field in turn.form.fields] == ["room"]


@pytest.mark.parametrize("typed", ["#verona@matrix.example", "#verona", "verona", "VERONA"])
async def test_a_room_is_left_by_address_or_name(at_desk: Scene, typed: str) -> None:
    at_desk.doors.known = [VERONA, MANTUA]

    turn = await at_desk.desk.begin(ROMEO, "leave", {"room": typed})

    assert (at_desk.doors.left, turn.text) == ([VERONA], "You have left Verona on Matrix.")


async def test_leave_alone_shows_where_one_is(at_desk: Scene) -> None:
    at_desk.doors.known = [VERONA, MANTUA]

    turn = await at_desk.desk.begin(ROMEO, "leave", {})

    assert turn.form is not None
    assert "Mantua: !k2@matrix.example" in turn.form.text


async def test_a_room_that_one_is_not_in_or_that_is_meant_twice_is_not_left(at_desk: Scene) -> None:
    assert (await at_desk.desk.begin(ROMEO, "leave", {})).text == "You are in no room on Matrix."
    at_desk.doors.known = [VERONA, Room(ChatId("!k3@matrix.example"), NETWORK, "Verona", "")]

    nowhere = await at_desk.desk.begin(ROMEO, "leave", {"room": "#nowhere"})
    twice = await at_desk.desk.begin(ROMEO, "leave", {"room": "Verona"})

    assert nowhere.text == "You are in no such room. Send `leave` alone to see in which rooms you are."
    assert twice.text == "Several rooms are called so. Give the address of the one that you mean."
    assert at_desk.doors.left == []


async def test_a_room_is_made_with_people(at_desk: Scene) -> None:
    at_desk.doors.known = [Room(ChatId("book-club@matrix.example"), NETWORK, "Book club", "")]
    at_desk.doors.known.append(Room(ChatId("#book-club@matrix.example"), NETWORK, "Book club", ""))

    given = {"name": " Book  club ", "visibility": "public", "people": "@anna:x, @bella:x @anna:x"}
    turn = await at_desk.desk.begin(ROMEO, "create", given)

    [wish] = at_desk.doors.made
    assert (wish.name, wish.open, wish.invited) == ("Book club", True, ("@anna:x", "@bella:x"))
    assert turn.text == (
        "You have made Book club on Matrix. Invited: 2. Enter it in your app as book-club-2@matrix.example."
    )


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"name": "x" * 101, "visibility": "private", "people": ""}, "between 1 and 100 characters"),
        ({"name": "X", "visibility": "private", "people": "nobody"}, "no address on Matrix"),
        ({"name": "X", "visibility": "private", "people": " ".join(f"@p{n}:x" for n in range(51))}, "at most 50"),
    ],
)
async def test_what_no_room_can_be_is_said_and_none_is_made(at_desk: Scene, given: dict[str, str], text: str) -> None:
    turn = await at_desk.desk.begin(ROMEO, "create", given)

    assert turn.failed
    assert text in turn.text
    assert at_desk.doors.made == []


async def test_a_network_that_makes_no_room_says_why(at_desk: Scene) -> None:
    at_desk.doors.refuses = Refused("You may not make rooms.", Reason.FORBIDDEN)

    turn = await at_desk.desk.begin(ROMEO, "create", {"name": "X", "visibility": "private", "people": ""})

    assert (turn.failed, turn.text) == (True, "You may not make rooms.")
