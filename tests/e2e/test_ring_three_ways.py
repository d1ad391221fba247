"""Two gateways, each of which is to link the same MUC, Matrix room and Telegram group, and a bot in each that says
again whatever it hears: everything is in each room once, and nothing grows without an end.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from connectors.matrix.relay import registration
from connectors.matrix.relay.registration import Registration
from tests.conftest import ANY_SERVER, COMPONENTS, FULL
from tests.e2e.test_rooms_stay_theirs import may_say_so
from tests.support import muc
from tests.support.appservice import WithAppservice
from tests.support.botapi import BotApi
from tests.support.gateway import Gateway
from tests.support.ports import free_port
from tests.support.threeway import NETWORKS, Link, World, is_said, staged
from tests.support.xmpp_client import bare, body
from tests.support.xmpp_servers import XmppServer

QUIET = 60.0 if FULL else 2.0  # seconds in which nothing may grow
ROMEO, BENVOLIO, JULIET, NURSE, TYBALT, PARIS = "Romeo", "Benvolio", "Juliet", "Nurse", "Tybalt", "Paris"
OVER = "link with other rooms is suspended"
JIDS = ("memory.localhost", "bridge.localhost")  # of the second gateway


@ANY_SERVER
async def test_a_ring_brings_everything_once_and_what_goes_in_circles_is_stopped(
    server_kind: type[XmppServer],
) -> None:
    port = free_port()
    made = registration.new("second", NETWORKS, "localhost", f"http://127.0.0.1:{port}")
    second = replace(made, sender="second", prefix="second_")
    bots: list[str] = []

    async def people_and_rooms(world: World) -> None:
        await world.on_xmpp(ROMEO, BENVOLIO)
        await world.on_matrix(JULIET, NURSE)
        for name in (TYBALT, PARIS):
            world.people[name] = world.api.world.person(name)
        link = await world.make()
        await may_say_so(link)  # else nothing on Matrix tells the second one of the first
        other = world.api.world.bot("Other", reads_all=True)
        world.api.world.comes(world.people[TYBALT], link.group, other)
        bots.append(other.token)

    async with BotApi() as api:
        with (
            server_kind(COMPONENTS, rooms=True) as server,
            WithAppservice(NETWORKS, others=[second]) as synapse,
        ):
            async with staged(server, synapse, api, make=people_and_rooms, log_level="info") as world:
                [link] = world.links
                async with gateway_of(world, second, port, bots[0]) as other:
                    await until(lambda: "Another gateway" in other.log and "Another bridge is in it" in other.log, 30)
                    await once(link)
                    if FULL:  # what goes in circles in MUCs is in the short form, too (scenarios/links/test_ring.py)
                        await circles(link)


@asynccontextmanager
async def gateway_of(world: World, second: Registration, port: int, token: str) -> AsyncIterator[Gateway]:
    [link] = world.links
    matrix, telegram = JIDS
    networks: dict[str, Any] = {
        "matrix": {
            "connector": "matrix", "jid": matrix, "secret": COMPONENTS[matrix], "homeserver": world.synapse.url,
            "appservice": str(world.synapse.other_files[0]),
        },
        "telegram": {
            "connector": "telegram", "jid": telegram, "secret": COMPONENTS[telegram], "api_url": world.api.url,
            "bot_token": token,
        },
    }  # fmt: skip
    links = {"ring": [{"xmpp": link.muc}, {"matrix": link.room}, {"telegram": link.group.id}]}
    http = {"listen": f"127.0.0.1:{port}", "public_url": f"http://127.0.0.1:{port}"}
    made = Gateway(networks, world.server.component_port, {"http": http, "links": links}, log_level="info")
    made.http = port
    try:
        await asyncio.to_thread(made.start)
        yield made
    finally:
        print(made.log[-20_000:], file=sys.stderr)  # shown for a test that fails
        await asyncio.to_thread(made.close)


async def until(so: Any, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not so():
            await asyncio.sleep(0.2)  # a gateway's log tells of nothing by itself


async def once(link: Link) -> None:
    texts = ("all from XMPP", "all from Matrix", "all from Telegram")
    link.on_xmpp(ROMEO, texts[0])
    await link.on_matrix(JULIET, texts[1])
    link.on_telegram(TYBALT, texts[2])
    for text in texts:
        await link.everywhere(text, "")
    number = await said(link)
    await asyncio.sleep(QUIET)  # that nothing comes is what is tried
    assert await said(link) == number
    for where in (await link.archived(), await link.timeline(), link.written()):
        assert [sum(text in line for _, line in where) for text in texts] == [1, 1, 1], where


async def circles(link: Link) -> None:
    """A bot in each room knows nothing of bridges."""
    echoes = [asyncio.create_task(one) for one in (echo_here(link), echo_there(link), echo_yonder(link))]
    try:
        link.on_xmpp(ROMEO, "Who's there?")
        await link.in_muc(OVER)
        await link.in_room(OVER)
        await link.in_group(OVER)
        number = -1
        async with asyncio.timeout(240):
            while number != (number := await said(link)):
                await asyncio.sleep(5.0)  # what was under way lands: a bot may say 20 things a minute
        await asyncio.sleep(QUIET)
        assert await said(link) == number
        assert number < 2_000
        for where in (await link.archived(), await link.timeline()):
            assert [line for who, line in where if who == ROMEO and "Who's there?" in line] == ["Who's there?"]
            assert sum(OVER in line for _, line in where) <= 2, "said once, and perhaps again by a bot"
    finally:
        for one in echoes:
            one.cancel()
        await asyncio.gather(*echoes, return_exceptions=True)


async def said(link: Link) -> int:
    in_muc = sum(is_said(s) for s in link.mucs[link.muc].received if bare(s) == link.muc)
    return in_muc + len(await link.timeline()) + len(link.group.visible)


async def echo_here(link: Link) -> None:
    app = link.world.apps[BENVOLIO]
    number = 0
    while True:
        heard = await app.expect(lambda s: bare(s) == link.muc and is_said(s) and muc.nick(s) != BENVOLIO, 900)
        number += 1
        muc.say(app, link.muc, body(heard), f"echo{number}")


async def echo_there(link: Link) -> None:
    app, begin = link.world.elements[NURSE], len(link.world.elements[NURSE].events)
    while True:
        await app.until(lambda a, begin=begin: len(a.events) > begin, 900)  # type: ignore[misc]
        heard, begin = app.events[begin:], len(app.events)
        for event in heard:
            if event["room_id"] == link.room and event["type"] == "m.room.message" and event["sender"] != app.me:
                await app.send(link.room, str(event["content"].get("body")))


async def echo_yonder(link: Link) -> None:
    world, paris, begin = link.world.api.world, link.world.people[PARIS], len(link.group.messages)
    while True:
        await world.until(lambda begin=begin: len(link.group.messages) > begin, 900)  # type: ignore[misc]
        heard, begin = link.group.messages[begin:], len(link.group.messages)
        for one in heard:
            if one.author is not paris and one.text:
                world.says(paris, link.group, one.text)
