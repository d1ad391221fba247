"""Logins whose tokens are renewed: events flow on, a crash at any moment logs nobody out, and their end is noticed."""

import asyncio
import time

from aiohttp import web

from tests.conftest import ANY_SERVER
from tests.e2e.logging_in import MANTUA, ByForm, World, by_device_grant, by_single_sign_on
from tests.support import folk
from tests.support.faults import Answer, Handler
from tests.support.gateway import MATRIX
from tests.support.synapse import Synapse
from tests.support.xmpp_client import bare, body

NOTICED = 30.0  # seconds
JULIET = "juliet-{}%localhost@" + MANTUA


@ANY_SERVER
async def test_renewed_logins_outlive_crashes(world: World) -> None:
    """The gateway is killed when the homeserver first hears of a new token (the old ones are void then), and when a
    refresh was answered and the answer has not arrived."""
    async with world.juliet() as element:
        nurse = folk.contact(world.verona, "nurse")
        await by_single_sign_on(world, ByForm(world.app, MATRIX))
        begun = time.monotonic()
        world.auth.lifetime = 5.0
        await by_device_grant(world, ByForm(world.app, MANTUA))
        login = world.login
        room = await say(world, element, "before")
        used, killed = asyncio.Event(), asyncio.Event()

        async def dies_when_it_is_used(request: web.Request, handler: Handler) -> Answer:
            new = len(login.pairs) > 1 and login.pairs[-1][0] in await request.text()
            answer = await handler(request)
            if new and not used.is_set():
                used.set()
                world.gateway.kill()
            return answer

        async def dies_before_it_knows(request: web.Request, handler: Handler) -> Answer:
            answer = await handler(request)
            if not killed.is_set():
                killed.set()
                world.gateway.kill()
            return answer

        world.auth.fault("POST", "/oauth2/introspect", dies_when_it_is_used, times=1_000)
        await asyncio.wait_for(used.wait(), 60)
        await asyncio.to_thread(world.gateway.start)
        await say(world, element, "after the first crash")
        world.auth.fault("POST", "/oauth2/token", dies_before_it_knows, times=1_000)
        await asyncio.wait_for(killed.wait(), 60)
        await asyncio.to_thread(world.gateway.start)
        await say(world, element, "after the second crash")
        await element.send(room, "good night")
        assert await world.app.text_from(JULIET.format(world.romeo.name), 60) == "good night"

        async with folk.on_matrix(nurse, world.verona) as app:
            await asyncio.sleep(max(0.0, begun + 14 - time.monotonic()))  # a token of Verona's is good for 12
            world.app.message(f"{nurse.name}%localhost@{MATRIX}", "anon")
            there = (await app.text("anon", 60))["room_id"]
            await app.send(there, "come, come")
            assert await world.app.text_from(f"{nurse.name}%localhost@{MATRIX}", 60) == "come, come"

    assert not login.over
    assert [s for s in world.app.received if "no longer accepts" in body(s)] == []
    assert world.auth.count("POST /oauth2/token") > 3


@ANY_SERVER
async def test_a_login_that_is_ended_elsewhere_is_told_once_and_what_is_owed_comes_after_the_next(
    world: World,
) -> None:
    async with world.juliet() as element:
        await by_single_sign_on(world, ByForm(world.app, MATRIX))
        await by_device_grant(world, ByForm(world.app, MANTUA))
        room = await say(world, element, "before")

        begun = time.monotonic()
        await asyncio.to_thread(end_all_devices, world.verona, world)
        await world.auth.end(world.login)
        told = [await notice(world) for _ in range(2)]
        noticed = time.monotonic() - begun
        await element.send(room, "meanwhile")
        await by_device_grant(world, ByForm(world.app, MANTUA))

        assert await world.app.text_from(JULIET.format(world.romeo.name), 60) == "meanwhile"
        assert await say(world, element, "after") == room

    assert noticed <= NOTICED
    assert {who for who, _ in told} == {MATRIX, MANTUA}
    assert all("Send “login” to sign in again" in words for _, words in told)


async def say(world: World, element: folk.MatrixClient, text: str) -> str:
    """Romeo writes to Juliet; the room where it arrives."""
    world.app.message(JULIET.format(world.romeo.name), text)
    return str((await element.text(text, 60))["room_id"])


async def notice(world: World) -> tuple[str, str]:
    said = await world.app.expect(lambda s: "no longer accepts" in body(s), NOTICED + 30, "notice")
    return bare(said), body(said)


def end_all_devices(synapse: Synapse, world: World) -> None:
    name = f"admin-{world.romeo.name}"
    synapse.register(name, folk.PASSWORD, admin=True)
    login = {"type": "m.login.password", "user": name, "password": folk.PASSWORD}
    token = synapse.ask("POST", "/_matrix/client/v3/login", login)["access_token"]
    devices = f"/_synapse/admin/v2/users/{world.romeo.mxid}/devices"
    for device in synapse.ask("GET", devices, token=token)["devices"]:
        synapse.ask("DELETE", f"{devices}/{device['device_id']}", token=token)
