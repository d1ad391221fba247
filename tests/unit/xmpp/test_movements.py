"""Who comes and goes: a line for who wants one, and never many."""

import asyncio
from collections.abc import AsyncIterator
from xml.etree.ElementTree import fromstring

import pytest

from bridge.contract import ChatId, ContactId
from bridge.hub.facades import Room, RoomNews, RoomOccupant
from bridge.xmpp.chats import Addresses
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.movements import Joins
from bridge.xmpp.hosted.room import Attendee
from tests.support.asking import NETWORK
from tests.unit.xmpp.known import DOMAIN, GATEWAY, AvatarsByHeart, RoomsByHeart, own_link

VERONA = ChatId(f"#verona@{DOMAIN}")
ROMEO, PARIS = "romeo@example.org", "paris@example.org"


class Told:
    """A room in which Romeo, who wants to be told, and Paris are; what they are told in words."""

    def __init__(self, window: float) -> None:
        people = [RoomOccupant(ContactId(name), name.capitalize()) for name in ("romeo", "paris", "nurse")]
        faces = {ROMEO: ContactId("romeo"), PARIS: ContactId("paris")}
        rooms = RoomsByHeart({VERONA: Room(VERONA, NETWORK, "Verona", "")}, {VERONA: faces}, {VERONA: people})
        self.house = House(Addresses([GATEWAY]), rooms, self._write, own_link, AvatarsByHeart())
        self.house.movements.joins = Joins(lambda user, network, room: user == ROMEO and room == VERONA, window)
        self.lines: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def enter(self) -> None:
        for user in (ROMEO, PARIS):
            room, me = await self.house.opened(VERONA, user)
            room.attendees[user] = Attendee(user, user, me, entering=None)

    def moves(self, name: str, nick: str = "", *, present: bool = True) -> None:
        occupant = RoomOccupant(ContactId(name), nick or name.capitalize(), present=present)
        self.house.changed(RoomNews(VERONA, occupant=occupant))

    async def line(self) -> str:
        to, words = await asyncio.wait_for(self.lines.get(), 10)
        assert to == ROMEO
        return words

    def _write(self, network: str, stanzas: str) -> None:
        for stanza in fromstring(f"<all>{stanzas}</all>"):
            body = stanza.findtext("body")
            if body:
                self.lines.put_nowait((stanza.get("to", ""), body))


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    made = Told(window=0.4)
    await made.enter()
    yield made
    made.house.movements.close()


async def test_who_has_come_and_gone_is_one_line(told: Told) -> None:
    told.moves("juliet")
    told.moves("tybalt")
    told.moves("nurse", present=False)
    told.moves("paris", "County Paris")
    told.moves("mercutio")
    told.moves("mercutio", present=False)

    assert await told.line() == (
        "Juliet and Tybalt have come in. Nurse has left. Paris is called County Paris now."
    )  # fmt: skip


async def test_two_hundred_who_flap_are_one_line_at_most(told: Told) -> None:
    for _ in range(3):
        for present in (True, False):
            for number in range(200):
                told.moves(f"p{number}", present=present)
    told.moves("juliet")
    assert await told.line() == "Juliet has come in."

    begun = asyncio.get_running_loop().time()
    for number in range(200):
        told.moves(f"p{number}")
    assert await told.line() == "P0, P1, P2, P3 and 196 others have come in."
    assert asyncio.get_running_loop().time() - begun > 0.2  # not sooner than the window is over
    assert told.lines.empty()


async def test_nothing_is_said_of_oneself_or_in_a_room_that_one_has_left(told: Told) -> None:
    told.moves("romeo", "Romeo Montague")
    told.moves("juliet")
    assert await told.line() == "Juliet has come in."

    told.moves("tybalt")
    for user in (ROMEO, PARIS):
        told.house.left(VERONA, user)
    await asyncio.sleep(0.5)  # that nothing happens
    assert told.lines.empty()
