"""A start of the appservice with many people who are known in linked rooms: the homeserver is asked nothing about them,
and never more than ten things in a second. With TESTS_FULL 500 people in 20 rooms.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from bridge.testing.control import spawned
from tests.conftest import COMPONENTS, FULL
from tests.support import folk
from tests.support.appservice import WithAppservice
from tests.support.faults import Answer
from tests.support.gateway import MATRIX, MEMORY, Gateway
from tests.support.http_proxy import HttpProxy
from tests.support.prosody import Prosody

ROOMS, EACH = (20, 25) if FULL else (4, 5)
AT_MOST = 10  # requests in a second
A = "memory"
ABOUT_PEOPLE = (
    "user_id=@memory",
    "/profile/",
    "/register",
    "/devices",
    "/join/",
    "/invite",
    "members",
    "/m.room.member/",
)


class Counting(HttpProxy):
    """`wanted`: when, and what."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.wanted: list[tuple[float, str]] = []

    async def _carry(self, request: web.Request) -> Answer:
        self.wanted.append((time.monotonic(), f"{request.method} {request.raw_path}"))
        return await super()._carry(request)

    @property
    def most(self) -> int:
        """In any second."""
        times = [at for at, _ in self.wanted]
        return max(sum(at <= other < at + 1.0 for other in times) for at in times)


async def test_a_start_asks_the_homeserver_little_and_nothing_about_people(tmp_path: Path) -> None:
    rooms = [f"room-{number}" for number in range(ROOMS)]
    people = {room: [f"p-{room}-{number}" for number in range(EACH)] for room in rooms}
    with Prosody(COMPONENTS) as prosody, WithAppservice(("xmpp", A)) as synapse:
        juliet = folk.contact(synapse, "juliet")
        async with (
            folk.on_matrix(juliet, synapse) as element,
            spawned(tmp_path / "a", ["--like", "a"]) as world,
            Counting(synapse.url) as counting,
        ):
            await world.account("relay", relay=True, everywhere=True, name="Relay")
            links: dict[str, Any] = {}
            for room in rooms:
                await world.people(*people[room])
                await world.chat(room, *people[room], "relay")
                there = (await element.call("POST", "/createRoom", {"preset": "public_chat"}))["room_id"]
                links[room] = {A: room, "matrix": there}
            networks: dict[str, Any] = {
                A: {
                    "connector": "memory", "jid": MEMORY, "secret": COMPONENTS[MEMORY],
                    "socket": str(tmp_path / "a"), "operator": "relay",
                },
                "matrix": {
                    "connector": "matrix", "jid": MATRIX, "secret": COMPONENTS[MATRIX], "homeserver": counting.url,
                    "appservice": str(synapse.file),
                },
            }  # fmt: skip
            settings = {"http": {"listen": f"127.0.0.1:{synapse.ours}"}, "links": links}
            gateway = Gateway(networks, prosody.component_port, settings, log_level="info")
            gateway.http = synapse.ours
            try:
                await asyncio.to_thread(gateway.start)
                async with asyncio.timeout(120):
                    while gateway.log.count("a room is linked ") < 2 * ROOMS:
                        await asyncio.sleep(0.1)  # the gateway's log alone tells of it
                for room in rooms:
                    for who in people[room]:
                        await world.says(who, room, f"{who} is here")
                said = {f"{who} is here" for room in rooms for who in people[room]}
                await element.until(lambda app: said <= {e["content"].get("body") for e in app.events}, 120)
                async with asyncio.timeout(120):
                    while not synapse.has_handed_over():
                        await asyncio.sleep(0.1)
                assert await asyncio.to_thread(gateway.stop) == 0
                counting.wanted.clear()

                await asyncio.to_thread(gateway.start)
                async with asyncio.timeout(120):  # each room is looked at once
                    while sum("/messages?" in what for _, what in counting.wanted) < ROOMS:
                        await asyncio.sleep(0.1)
                asked = [what for _, what in counting.wanted]
                print(f"{ROOMS * EACH} people in {ROOMS} rooms: {len(asked)} requests, {counting.most} in a second")
                assert counting.most <= AT_MOST, asked
                assert [what for what in asked if any(one in what for one in ABOUT_PEOPLE)] == []
                await world.says(people[rooms[0]][0], rooms[0], "and still here")
                last = await element.text("and still here", 60)
                members = f"/rooms/{quote(links[rooms[0]]['matrix'])}/joined_members"
                assert len((await element.call("GET", members))["joined"]) == EACH + 2
                assert last["sender"] in (await element.call("GET", members))["joined"]
            finally:
                print(gateway.log[-20_000:], file=sys.stderr)  # shown for a test that fails
                await asyncio.to_thread(gateway.close)
