"""Streams to the XMPP server that swallow what is written, in both directions or in one: noticed in time, and nothing
is lost by it. The gateway has a network for each case, and one whose stream is well and which notices nothing."""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bridge.testing.control import Control, spawned
from tests.conftest import ANY_SERVER
from tests.support import commands
from tests.support.folk import PASSWORD
from tests.support.gateway import Gateway, memory
from tests.support.proxy import Proxy
from tests.support.talks import until
from tests.support.xmpp_client import XmppClient, bare, receipt_of, shown
from tests.support.xmpp_servers import XmppServer

RED, GREEN = 90.0, 30.0
WAYS = {"both": "", "there": "there", "back": "back"}
WELL = "well"


@dataclass
class Line:
    """Romeo's chat with Juliet over one network."""

    name: str
    world: Control
    out: dict[str, str] = field(default_factory=dict)  # what Romeo wrote, by id
    back: list[str] = field(default_factory=list)

    @property
    def juliet(self) -> str:
        return f"juliet@{self.name}.localhost"

    def write(self, app: XmppClient) -> str:
        text = f"out {len(self.out)}"
        id = app.message(self.juliet, text)
        self.out[id] = text
        return id

    async def say(self) -> str:
        self.back.append(f"back {len(self.back)}")
        await self.world.says("juliet", "balcony", self.back[-1])
        return self.back[-1]

    def heard(self, app: XmppClient) -> list[str]:
        at_once, kept = shown(s for s in app.received if bare(s) == self.juliet)
        return sorted(at_once + kept, key=self.back.index)

    def answered(self, app: XmppClient) -> set[str]:
        return {receipt_of(s) for s in app.received} & self.out.keys()


@ANY_SERVER
async def test_a_half_open_stream_is_red_in_90_seconds_loses_nothing_and_disturbs_no_other(
    server_kind: type[XmppServer], tmp_path: Path
) -> None:
    names = [*WAYS, WELL]
    async with AsyncExitStack() as stack:
        server = stack.enter_context(server_kind({f"{name}.localhost": "secret" for name in names}))
        proxies = {name: await stack.enter_async_context(Proxy(server.component_port)) for name in WAYS}
        networks, lines = {}, {}
        for name in names:
            socket = tmp_path / f"{name}.sock"
            world = await stack.enter_async_context(spawned(socket, ["--like", "a", "--implicit"]))
            await world.account("romeo", password=PASSWORD, name="Romeo")
            await world.people("juliet")
            await world.chat("balcony", "romeo", "juliet", kind="direct")
            lines[name] = Line(name, world)
            networks[name] = memory("secret", socket)["memory"] | {"jid": f"{name}.localhost"}
            if name in proxies:
                networks[name]["server"] = f"127.0.0.1:{proxies[name].port}"
        gateway = Gateway(networks, server.component_port)
        try:
            await asyncio.to_thread(gateway.start)  # the proxies need this loop
            romeo = await asyncio.to_thread(server.add_user, "romeo", PASSWORD)
            app = await stack.enter_async_context(XmppClient(romeo, PASSWORD, server.c2s_port))
            for line in lines.values():
                given = {"username": "romeo", "password": PASSWORD}
                assert (await commands.execute(app, f"{line.name}.localhost", "login", given)).status == "completed"
                await line.world.until_accounts(lambda found: found["romeo"].journaled is not None)
                await exchange(line, app)
            red = await swallowed(gateway, app, proxies, lines)
            for proxy in proxies.values():
                proxy.heal()
            # The server still has the old streams and calls the new ones a conflict, until it notices, too.
            await until(lambda: "somebody else" in gateway.ask("/readyz")[1], gateway.readiness, 60)
            for proxy in proxies.values():
                proxy.drop()
            green = await asyncio.to_thread(gateway.time_until, True, GREEN + 10)
            for line in lines.values():
                await settled(line, app)
                assert await said(line) == list(line.out.values())
                assert line.heard(app) == line.back
        finally:
            print(gateway.log[-20_000:], file=sys.stderr)
            await asyncio.to_thread(gateway.close)
    assert red <= RED
    assert green <= GREEN


async def swallowed(gateway: Gateway, app: XmppClient, proxies: dict[str, Proxy], lines: dict[str, Line]) -> float:
    """Let the proxies swallow; how long until all their networks were red. Everybody goes on talking."""
    for name, proxy in proxies.items():
        proxy.freeze(WAYS[name])
    begun = time.monotonic()
    for _ in range(3):
        for line in lines.values():
            line.write(app)
            await line.say()
    await exchange(lines[WELL], app)

    def states() -> dict[str, bool]:
        return {name: one["connected"] for name, one in gateway.readiness()["networks"].items()}

    await until(lambda: not any(states()[name] for name in proxies), states, RED + 10)
    red = time.monotonic() - begun
    assert states()[WELL]
    await exchange(lines[WELL], app)
    return red


async def exchange(line: Line, app: XmppClient) -> None:
    """A message each way, at once."""
    id, text = line.write(app), await line.say()
    await until(lambda: id in line.answered(app) and text in line.heard(app), lambda: line.heard(app), 60)


async def settled(line: Line, app: XmppClient) -> None:
    """Return when everything has arrived. As apps do, Romeo's writes again what was not confirmed."""
    for id in [id for id in line.out if id not in line.answered(app)]:
        app.message(line.juliet, line.out[id], id=id)
    await until(lambda: line.answered(app) == line.out.keys(), lambda: line.answered(app), 60)
    await until(lambda: len(line.heard(app)) == len(line.back), lambda: line.heard(app), 60)


async def said(line: Line) -> list[str]:
    """What Juliet sees of Romeo."""
    return [one.text for one in (await line.world.state("balcony")).visible if one.author == "romeo"]
