"""What strangers bring back: other bridges and bots in linked rooms, and a room that is encrypted."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import ChatId, ChatKind, ChatSeen, NetworkId, Provenance, Send
from bridge.hub.wanted import End, WantedLink
from bridge.store.database import Database
from tests.support.house import House, house

ROOMS = ("duels", "peace", "war")
CIRCLES = "This room's link with other rooms is suspended: the same messages came back"


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with house(database, tmp_path) as made:
        yield made


async def linked(home: House, *, bots: bool = False) -> int:
    account = await home.account("", "relay")
    assert home.hub is not None
    link = WantedLink("verona", tuple(End(NetworkId("far"), room, bots=bots) for room in ROOMS))
    assert (await home.hub.links.add(link)).ok
    return account


def shown(home: House, room: str, besides: str = "This room") -> list[str]:
    """Without what the gateway itself says."""
    found = [one.message.text for one in home.far.actions(Send) if one.chat == room]
    return [text for text in found if not text.startswith(besides)]


def told(home: House, room: str, begin: str) -> int:
    return sum(one.chat == room and one.message.text.startswith(begin) for one in home.far.actions(Send))


async def echoed(home: House, account: int, most: int) -> int:
    """In each room a bot says again what the relay says there, until all rooms are told that it is over; how often."""
    heard = times = 0
    while times < most and not all(told(home, room, CIRCLES) for room in ROOMS):
        said = await home.far.until(heard + 1, Send)
        for one in said[heard:]:
            times += 1
            home.says(account, one.chat, f"echo of {one.chat}", one.message.text, f"e{times}", at=time.time())
        heard = len(said)
    await home.settled()
    return times


async def _delivered(home: House) -> None:
    await home.settled()
    await home.until_rows("select 1 from deliveries where state = 0", [])


async def test_bots_that_say_everything_again_are_stopped_and_everybody_is_told(home: House) -> None:
    account = await linked(home)
    home.says(account, "duels", "Tybalt", "Thou art a villain", "1")
    times = await echoed(home, account, 500)
    assert home.hub is not None
    states = {line.state for line in await home.hub.links.lines()}
    await home.stop()
    await home.start()
    home.says(account, "peace", "Benvolio", "Part, fools!", "2")
    await _delivered(home)

    assert times < 120
    assert [told(home, room, CIRCLES) for room in ROOMS] == [1, 1, 1]
    assert len(states) == 1
    assert states.pop().startswith("suspended: the same messages came back again and again")
    assert "Benvolio: Part, fools!" not in shown(home, "war")


async def test_a_link_is_resumed_by_command(home: House) -> None:
    account = await linked(home)
    home.says(account, "duels", "Tybalt", "Thou art a villain", "1")
    await echoed(home, account, 500)
    assert home.hub is not None
    said = await home.hub.links.resume("verona")
    again = await home.hub.links.resume("verona")
    before = len(shown(home, "war"))
    home.says(account, "peace", "Benvolio", "Part, fools!", "2")
    await home.far.until(len(home.far.actions(Send)) + 2, Send)

    assert said.ok
    assert not again.ok
    assert [told(home, room, "This room's link with other rooms is resumed") for room in ROOMS] == [1, 1, 1]
    assert shown(home, "war")[before:] == ["Benvolio: Part, fools!"]


async def test_people_who_say_the_same_are_no_circle(home: House) -> None:
    account = await linked(home)
    people = [f"citizen {n}" for n in range(20)]
    for number, who in enumerate(people):
        home.says(account, ROOMS[number % 2], who, "Down with the Capulets!", f"c{number}", at=time.time())
        more = f"And the Montagues, too, says {number}"
        home.says(account, ROOMS[number % 2], who, more, f"d{number}", at=time.time())
    await home.settled()
    assert home.hub is not None

    assert [line.state for line in await home.hub.links.lines()] == ["linked"] * 3


async def test_what_several_accounts_see_is_said_once(home: House) -> None:
    """Also what our own account says, where the network hides whose doing that is."""
    account = await linked(home)
    seeing = [account, *[await home.account(f"{who}@verona.example", who) for who in ("romeo", "juliet", "paris")]]
    for number in range(3):
        home.says(account, "war", "Tybalt", f"Word {number}", f"t{number}", at=time.time())
        for room in ("duels", "peace"):
            for one in seeing:
                home.says(one, room, f"stranger in {room}", f"Tybalt: Word {number}", f"{room}{number}", at=time.time())
    for number in range(10):
        home.says(account, "war", "Tybalt", f"More {number}", f"m{number}", at=time.time())
        for room in ("duels", "peace"):
            home.says(seeing[1], room, "relay", f"Tybalt: More {number}", f"r{room}{number}", at=time.time())
    await home.settled()
    assert home.hub is not None

    assert [line.state for line in await home.hub.links.lines()] == ["linked"] * 3


@pytest.mark.parametrize(
    ("ago", "provenance"), [(0.0, Provenance.PROGRAM), (0.0, Provenance.COPY), (3_600.0, Provenance.PERSON)]
)
async def test_what_goes_no_further_or_is_told_late_is_no_circle(
    home: House, ago: float, provenance: Provenance
) -> None:
    account = await linked(home)
    for number in range(70):
        for room in ROOMS[:2]:
            who, at = f"{room} {number % 5}", time.time() - ago
            home.says(account, room, who, "Yes", f"{room}{number}", at=at, provenance=provenance)
    await home.settled()
    assert home.hub is not None

    assert [line.state for line in await home.hub.links.lines()] == ["linked"] * 3


@pytest.mark.parametrize("bots", [False, True])
async def test_what_other_bots_say_goes_on_only_where_that_is_wanted(home: House, *, bots: bool) -> None:
    account = await linked(home, bots=bots)
    home.says(account, "duels", "clock", "It is nine", "1", provenance=Provenance.PROGRAM)
    home.says(account, "duels", "Tybalt", "What, drawn?", "2")
    await home.far.until(4 if bots else 2, Send)
    await _delivered(home)

    expected = ["clock: It is nine", "Tybalt: What, drawn?"] if bots else ["Tybalt: What, drawn?"]
    assert shown(home, "peace") == shown(home, "war") == expected


async def test_what_another_bridge_has_brought_goes_no_further(home: House) -> None:
    account = await linked(home, bots=True)
    home.says(account, "duels", "Juliet", "Who is there?", "1", provenance=Provenance.COPY)
    home.says(account, "duels", "Tybalt", "What, drawn?", "2")
    await home.far.until(2, Send)
    await _delivered(home)
    assert home.hub is not None

    assert shown(home, "peace") == ["Tybalt: What, drawn?"]
    assert home.hub.counters.ignored[NetworkId("far"), "brought by another bridge"] == 1


async def test_a_room_that_is_encrypted_now_suspends_its_link(home: House) -> None:
    account = await linked(home)
    for _ in range(2):
        home.far.report(account, ChatSeen(chat=ChatId("duels"), kind=ChatKind.ROOM, name="Duels", encrypted=True))
    await home.far.until(2, Send)
    home.says(account, "peace", "Benvolio", "Part, fools!", "1")
    await _delivered(home)
    assert home.hub is not None
    refused = await home.hub.links.resume("verona")

    begin = "This room's link with other rooms is suspended: Duels is encrypted now"
    assert [told(home, room, begin) for room in ROOMS] == [0, 1, 1]
    assert shown(home, "war") == []
    assert not refused.ok
    assert refused.text == "duels is encrypted. Link the other rooms without it."


async def test_a_suspended_link_that_is_configured_anew_goes_on_without_its_encrypted_room(home: House) -> None:
    account = await home.account("", "relay")
    assert home.hub is not None
    far = NetworkId("far")
    home.hub.links.configure([WantedLink("verona", tuple(End(far, room) for room in ROOMS))])
    await home.until_rows("select count(*) from endpoints", [(3,)])
    await home.far.until(3, Send)  # they are told of the link
    home.far.report(account, ChatSeen(chat=ChatId("duels"), kind=ChatKind.ROOM, name="Duels", encrypted=True))
    await home.far.until(5, Send)
    ends = (End(far, "duels"), End(far, "war"), End(far, "peace", "from"))
    home.hub.links.configure([WantedLink("verona", ends)])
    await home.until_rows("select suspended from links where name = 'verona'", [("",)])
    home.says(account, "duels", "Tybalt", "In secret", "1")
    home.says(account, "peace", "Benvolio", "Part, fools!", "2")
    await home.far.until(6, Send)
    await _delivered(home)

    assert shown(home, "duels") == shown(home, "peace") == []
    assert shown(home, "war") == ["Benvolio: Part, fools!"]
