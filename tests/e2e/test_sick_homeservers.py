"""A homeserver in trouble, in every way that it can be: nothing is lost, doubled or out of order, it is not hammered,
all is well soon after, and nobody else notices.

One gateway has a network for each way, through a proxy of its own, and one network that is well.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bridge.testing.control import spawned
from tests.conftest import FULL
from tests.support import commands, folk
from tests.support.faults import Fault
from tests.support.folk import PASSWORD
from tests.support.gateway import MEMORY, Gateway, matrix, memory
from tests.support.homeserver import BAD_GATEWAY, dripping, lose_answer, reset, says, truncate
from tests.support.http_proxy import HttpProxy
from tests.support.prosody import Prosody
from tests.support.synapse import Synapse
from tests.support.talks import Talk, in_a_room_at, opened, until
from tests.support.xmpp_client import XmppClient, error_of, receipt_of

SECONDS = 300.0 if FULL else 8.0
WELL = 60.0  # seconds after it is over
ALL, SEND = ("*", "/_matrix/"), ("PUT", "/send/")
WAYS: dict[str, tuple[str, str, Fault]] = {
    "502 with HTML": (*ALL, BAD_GATEWAY),
    "500": (*ALL, says(500, {"errcode": "M_UNKNOWN", "error": "Internal server error"})),
    "401, and not of the token": (*ALL, says(401, {"errcode": "M_UNAUTHORIZED"})),
    "403 with HTML": (*ALL, says(403, "<html>Forbidden</html>", Content_Type="text/html")),
    "403 to questions": ("GET", "/_matrix/", says(403, {"errcode": "M_FORBIDDEN"})),
    "429 with retry_after_ms": (*ALL, says(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 200})),
    "429 with Retry-After": (*ALL, says(429, "<html>Slow down</html>", Retry_After="1")),
    "429 without either": (*ALL, says(429, {"errcode": "M_LIMIT_EXCEEDED"})),
    "truncated JSON": (*ALL, truncate),
    "a byte a second": (*ALL, dripping(1.0)),
    "reset": (*ALL, reset),
    "502 to messages": (*SEND, BAD_GATEWAY),
    "lost answers to messages": (*SEND, lose_answer),
    "429 to messages": (*SEND, says(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 200})),
}


@dataclass
class Line:
    """Romeo's chat with Juliet and their room over one network."""

    proxy: HttpProxy
    talks: list[Talk]

    async def speak(self) -> None:
        """A message each way in each."""
        for talk in self.talks:
            number = len(talk.out)
            talk.say(f"out {number}")
            talk.back.append(f"back {number}")
            await talk.element.send(talk.room, talk.back[-1])

    def done(self) -> bool:
        return all(t.out[-1] in t.on_matrix() and t.back[-1] in t.came_back() for t in self.talks)


async def test_a_homeserver_in_trouble_loses_nothing_is_spared_and_disturbs_nobody(
    synapse: Synapse, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        app, lines = await stack.enter_async_context(staged(stack, synapse, tmp_path))
        for line, (method, part, fault) in zip(lines, WAYS.values(), strict=True):
            line.proxy.fault(method, part, fault, times=1_000_000)
        begun = time.monotonic()
        while time.monotonic() < begun + SECONDS:
            for line in lines:
                await line.speak()
            id = app.message(f"juliet@{MEMORY}", "meanwhile")
            await app.expect(lambda s, id=id: receipt_of(s) == id, 60, "receipt", again=True)  # type: ignore[misc]
            await asyncio.sleep(SECONDS / 5)
        for line in lines:
            line.proxy.heal()
        healed = time.monotonic()
        for line in lines:
            await line.speak()
        await until(
            lambda: all(line.done() for line in lines),
            lambda: [
                (way, talk.jid, talk.on_matrix(), talk.came_back())
                for way, line in zip(WAYS, lines, strict=True)
                for talk in line.talks
            ],
            WELL + 30,
        )
        well = time.monotonic() - healed
        print(f"{healed - begun:.0f} s of trouble; well after {well:.0f} s")

        for line, way in zip(lines, WAYS, strict=True):
            for talk in line.talks:
                assert await talk.element.texts(talk.room, talk.user.mxid) == talk.out, (way, talk.jid)
                assert talk.came_back() == talk.back, (way, talk.jid)
            print(f"{way}: {len(line.proxy.met)} requests")
            assert 0 < len(line.proxy.met) <= most_requests(healed - begun), (way, line.proxy.met)
        assert well <= WELL
        assert not [s for s in app.received if error_of(s)[0]]


def most_requests(seconds: float) -> int:
    """25 in five minutes; in a shorter time as many as three back-offs at their shortest allow: of the one who listens,
    of a chat, and of a room."""
    tries, pause = 1, 0.375
    while seconds > 0:
        seconds -= pause
        tries, pause = tries + 1, min(22.5, 2 * pause)
    return min(25, 3 * tries)


@asynccontextmanager
async def staged(stack: AsyncExitStack, synapse: Synapse, folder: Path) -> AsyncIterator[tuple[XmppClient, list[Line]]]:
    """Everybody has met; everything is well."""
    proxies = [await stack.enter_async_context(HttpProxy(synapse.url)) for _ in WAYS]
    names = [f"sick-{number}" for number in range(len(WAYS))]
    networks = memory("secret", folder / "world.sock")
    for name, proxy in zip(names, proxies, strict=True):
        networks[name] = matrix("secret", proxy.url)["matrix"] | {"jid": f"{name}.localhost"}
    server = stack.enter_context(Prosody({network["jid"]: "secret" for network in networks.values()}))
    world = await stack.enter_async_context(spawned(folder / "world.sock", ["--like", "a", "--implicit"]))
    await world.account("romeo", password=PASSWORD, name="Romeo")
    await world.people("juliet")
    gateway = Gateway(networks, server.component_port)
    try:
        await asyncio.to_thread(gateway.start)
        romeo, juliet = folk.user(server, synapse, "romeo"), folk.contact(synapse, "juliet")
        app = await stack.enter_async_context(folk.on_xmpp(romeo, server))
        element = await stack.enter_async_context(folk.on_matrix(juliet, synapse))
        given = {"username": "romeo", "password": PASSWORD}
        assert (await commands.execute(app, MEMORY, "login", given)).status == "completed"
        lines = []
        for name, proxy in zip(names, proxies, strict=True):
            there = replace(folk.contact(synapse, name), jid=romeo.jid)
            room = await in_a_room_at(f"{name}.localhost", proxy.url, app, there, element, synapse)
            chat = await opened(app, there, f"{juliet.mxid[1:].replace(':', '%')}@{name}.localhost", element)
            line = Line(proxy, [chat, room])
            await line.speak()
            lines.append(line)
        await until(lambda: all(line.done() for line in lines))
        yield app, lines
    finally:
        print(gateway.log[-20_000:], file=sys.stderr)
        await asyncio.to_thread(gateway.close)
