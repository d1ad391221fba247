"""A homeserver that falls silent is noticed whatever it was asked; one that is slow is given its time."""

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web

from bridge.contract import ChatSeen, Live, Unavailable
from tests.matrix.stage import Hasty, Stage
from tests.matrix.test_syncing import caught_up, numbers
from tests.support.faults import Answer, Fault, Handler
from tests.support.homeserver import BAD_GATEWAY, reset, silent

GONE = [silent, BAD_GATEWAY, reset]
VERSIONS = "/_matrix/client/versions"


def watched(play: Stage, sign: float) -> None:
    """A sign of life is asked for soon, and may take `sign` seconds."""
    play.pace = replace(play.pace, most=3_600.0, silence=0.05, sign=sign)
    play.restart()


def slow(play: Stage, signs: int) -> Fault:
    """The right answer, after the homeserver was asked for so many signs of life."""

    async def fault(request: web.Request, handler: Handler) -> Answer:
        while play.server.count(VERSIONS) < signs:
            await asyncio.sleep(0.01)
        return await handler(request)

    return fault


async def test_a_first_sync_may_take_its_time_while_the_homeserver_is_there(play: Stage) -> None:
    watched(play, sign=30.0)
    play.server.direct(play.romeo, play.juliet)
    play.server.fault("GET", "/sync", slow(play, 4))

    async with play.reading() as (_, reader):
        assert isinstance(reader.events[0], ChatSeen)

    assert len(play.server.syncs) >= 1
    assert play.server.count(VERSIONS) >= 4


async def test_so_may_a_page_of_a_gap(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    cursor = await caught_up(play)
    watched(play, sign=30.0)
    for text in numbers(150):
        play.server.say(room, play.juliet, text)
    play.server.fault("GET", "/messages", slow(play, 4))

    async with play.reading(cursor) as (_, reader):
        assert reader.texts == numbers(150)


@pytest.mark.parametrize("gone", GONE)
async def test_a_homeserver_that_falls_silent_in_a_first_sync_is_noticed(play: Stage, gone: Fault) -> None:
    watched(play, sign=0.2)
    play.server.fault("GET", "/sync", silent)
    play.server.fault("GET", VERSIONS, gone, times=1_000)

    async with play.reading(live=False) as (_, reader):
        assert isinstance(await reader.ended(), Unavailable)

    assert play.server.count(VERSIONS) >= 1


@pytest.mark.parametrize("gone", GONE)
async def test_so_is_one_in_the_middle_of_a_gap(play: Stage, gone: Fault) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    cursor = await caught_up(play)
    watched(play, sign=0.2)
    for text in numbers(150):
        play.server.say(room, play.juliet, text)
    play.server.fault("GET", "/messages", silent)
    play.server.fault("GET", VERSIONS, gone, times=1_000)

    async with play.reading(cursor, live=False) as (_, reader):
        assert isinstance(await reader.ended(), Unavailable)

    assert reader.cursor is None


async def test_what_only_stands_in_front_of_a_homeserver_is_no_sign_of_life(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    cursor = await caught_up(play)
    watched(play, sign=30.0)
    for text in numbers(150):
        play.server.say(room, play.juliet, text)
    play.server.fault("GET", "/messages", BAD_GATEWAY, times=100_000)
    play.server.fault("GET", VERSIONS, BAD_GATEWAY)

    async with play.reading(cursor, live=False) as (_, reader):
        assert isinstance(await reader.ended(), Unavailable)

    assert play.server.count("/messages") >= 1


async def test_a_room_that_is_away_is_asked_for_on_while_the_homeserver_is_there(play: Stage) -> None:
    room = play.server.direct(play.romeo, play.juliet)
    cursor = await caught_up(play)
    watched(play, sign=30.0)
    for text in numbers(150):
        play.server.say(room, play.juliet, text)
    play.server.fault("GET", "/messages", BAD_GATEWAY, times=20)

    async with play.reading(cursor) as (_, reader):
        assert reader.texts == numbers(150)

    assert play.server.count(VERSIONS) > 1


async def test_aliases_that_nobody_tells_do_not_hide_the_silence(play: Stage) -> None:
    for n in range(40):
        room = play.server.create_room(play.romeo)
        play.server.put_state(room, play.romeo, "m.room.canonical_alias", {"alias": f"#room{n}:hs.test"})
    watched(play, sign=0.2)
    play.http = Hasty(play.http, 0.3)
    play.server.fault("GET", "/directory/", silent, times=1_000)
    play.server.fault("GET", VERSIONS, silent, times=1_000)

    async with play.reading(live=False) as (_, reader):
        assert isinstance(await reader.ended(), Unavailable)

    assert play.server.count("/directory/") == 10
    assert reader.of(Live) == []
