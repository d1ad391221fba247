"""Rooms with tens of thousands of people: they are opened without holding up anything else, and nothing is missed."""

import asyncio
import time

import pytest

from bridge.contract import ChatId, ContactId
from bridge.hub.facades import Room, RoomNews, RoomOccupant
from bridge.xmpp.chats import Addresses
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.room import Attendee, HostedRoom
from tests.support.asking import NETWORK
from tests.support.uncollected import uncollected
from tests.unit.xmpp.known import DOMAIN, GATEWAY, ROMEO, AvatarsByHeart, RoomsByHeart, own_link

VERONA = ChatId(f"#verona@{DOMAIN}")
MANY = 20_000
ME = ContactId("romeo")


@pytest.fixture
def rooms() -> RoomsByHeart:
    people = [RoomOccupant(ME, "Romeo"), *(person(number) for number in range(MANY))]
    return RoomsByHeart({VERONA: Room(VERONA, NETWORK, "Verona", "")}, {VERONA: {ROMEO: ME}}, {VERONA: people})


@pytest.fixture
def house(rooms: RoomsByHeart) -> House:
    return House(Addresses([GATEWAY]), rooms, lambda network, stanza: None, own_link, AvatarsByHeart())


def person(number: int, *, present: bool = True) -> RoomOccupant:
    return RoomOccupant(ContactId(f"p{number}"), f"P{number}", present=present)


async def opened(house: House) -> HostedRoom:
    """As somebody who enters does."""
    room, _ = await house.opened(VERONA, ROMEO)
    room.attendees[ROMEO] = Attendee(ROMEO, ROMEO, ME, entering=None)
    return room


async def test_a_large_room_holds_up_nothing_and_hears_what_happens_meanwhile(house: House) -> None:
    opening, turns, longest = asyncio.create_task(opened(house)), 0, 0.0
    with uncollected():
        while not opening.done():
            before = time.thread_time()
            await asyncio.sleep(0)
            longest, turns = max(longest, time.thread_time() - before), turns + 1
            if turns == 10:
                house.changed(RoomNews(VERONA, occupant=person(1, present=False)))
                house.changed(RoomNews(VERONA, occupant=person(MANY)))
    room = await opening

    assert turns >= MANY / 500
    assert longest < 0.2  # it takes 10 ms here, and all at once 400
    assert len(room.seen) == MANY + 1
    assert (ContactId("p1") in room.seen, ContactId(f"p{MANY}") in room.seen) == (False, True)


async def test_who_comes_in_meanwhile_is_in_the_same_room(house: House) -> None:
    rooms = await asyncio.gather(opened(house), opened(house))

    assert rooms[0] is rooms[1] is house.room(VERONA)


async def test_what_others_heard_who_are_out_again_is_not_missed(house: House, rooms: RoomsByHeart) -> None:
    first = asyncio.create_task(opened(house))
    for _ in range(5):
        await asyncio.sleep(0)
    second = asyncio.create_task(opened(house))
    room = await first
    assert not second.done()
    house.forget(room, ROMEO)
    rooms.people[VERONA][1] = person(0, present=False)
    house.changed(RoomNews(VERONA, occupant=person(0, present=False)))

    other = await second

    assert other is not room
    assert ContactId("p0") not in other.seen


async def test_who_is_put_out_hears_it_although_others_have_told_first_that_they_are_gone(rooms: RoomsByHeart) -> None:
    written: list[str] = []
    house = House(
        Addresses([GATEWAY]), rooms, lambda network, stanza: written.append(stanza), own_link, AvatarsByHeart()
    )
    await opened(house)

    house.changed(RoomNews(VERONA, occupant=RoomOccupant(ME, "Romeo", present=False)))
    house.changed(RoomNews(VERONA, gone=ROMEO))

    assert len(written) == 1
    assert f'to="{ROMEO}"' in written[0]
    assert 'code="321"' in written[0]
    assert house.room(VERONA) is None
