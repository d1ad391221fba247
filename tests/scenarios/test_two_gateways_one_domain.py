"""Two gateways under one domain: the first stays; the second says so, and gets in when that has ended.

Prosody refuses the second (`conflict`). ejabberd lets it in and gives it a part of what arrives, so it leaves by itself
as soon as it knows, and the first one says so, too.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.testing.control import spawned
from tests.conftest import COMPONENTS, FULL
from tests.scenarios.conftest import Play, staged
from tests.support import muc
from tests.support.gateway import MEMORY, Gateway, memory
from tests.support.ports import wait_until
from tests.support.prosody import Prosody
from tests.support.xmpp_client import bare, body
from tests.support.xmpp_servers import XmppServer

VERONA = f"#verona@{MEMORY}"
ANOTHER = f"Another gateway is connected to the XMPP server as {MEMORY}."
TAKEN = "somebody else is connected under the component's domain"


def status(gateway: Gateway) -> tuple[int, str]:
    command = [sys.executable, "-m", "bridge", "status", "-c", str(gateway.config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout


async def test_the_second_one_says_so_and_disturbs_nobody(server: XmppServer, tmp_path: Path) -> None:
    socket = tmp_path / "world.sock"
    async with spawned(socket, ["--like", "a"]):
        made = [Gateway(memory(COMPONENTS[MEMORY], socket), server.component_port) for _ in range(2)]
        one, other = made
        try:
            await asyncio.to_thread(one.start)
            await asyncio.to_thread(lambda: other.start(ready=False))
            await asyncio.to_thread(wait_until, lambda: other.log.count("stream down") == 4, 30, "four attempts")

            assert TAKEN in str(other.readiness())
            code, said = await asyncio.to_thread(status, other)
            assert (code, TAKEN in said) == (1, True)
            assert one.is_ready() is isinstance(server, Prosody)
            assert (TAKEN in one.log) is not one.is_ready()
            assert "stream down" not in one.log

            await asyncio.to_thread(one.stop)
            await asyncio.to_thread(other.time_until, True, 60)
        finally:
            for gateway in made:
                await asyncio.to_thread(gateway.close)


async def test_a_room_that_both_know_shows_everything_once(server: XmppServer, tmp_path: Path) -> None:
    """Each has a database of its own, in which Romeo is logged in and in the room."""
    other = Gateway(memory(COMPONENTS[MEMORY], tmp_path / "world.sock"), server.component_port)
    try:
        async with both_in_verona(server, tmp_path, other) as play:
            begin = len(play.app.received)

            other.begin()
            said = 0
            async with asyncio.timeout(60):
                while other.log.count("stream down") < 3:
                    await play.world.says("juliet", "verona", f"in {said}")
                    muc.say(play.app, VERONA, f"out {said}", f"m{said}")
                    said += 1
                    await asyncio.sleep(0.05)  # the other one tries meanwhile
                # As every app does: what the room does not show is said again, under the same id.
                while missing := {f"m{n}" for n in range(said)} - {s.get("id") for s in play.app.received}:
                    for id in missing:
                        muc.say(play.app, VERONA, f"out {id[1:]}", id)
                    await asyncio.sleep(1)
                await muc.said(play.app, VERONA, f"in {said - 1}", 30)

            everything = sorted(f"{way} {number}" for number in range(said) for way in ("in", "out"))
            state = await play.world.until("verona", lambda state: len(state.texts) >= len(everything))
            shown = [body(s) for s in play.app.received[begin:] if bare(s) == VERONA and body(s)]
            assert sorted(state.texts) == everything
            assert sorted(shown) == everything
            assert "stream down" not in play.gateway.log
    finally:
        await asyncio.to_thread(other.close)


if FULL:  # three minutes, really

    async def test_a_conflict_that_lasts_is_said_to_be_another_gateway(server: XmppServer, tmp_path: Path) -> None:
        """When the other one is gone, what it has shown in a room is not shown again: the room's people are told that
        they are out, and find everything in its history."""
        other = Gateway(memory(COMPONENTS[MEMORY], tmp_path / "world.sock"), server.component_port)
        try:
            async with both_in_verona(server, tmp_path, other) as play:
                begun = time.monotonic()
                await asyncio.to_thread(lambda: other.start(ready=False))
                await asyncio.to_thread(wait_until, lambda: ANOTHER in str(other.readiness()), 300, "it is said")

                assert time.monotonic() - begun > 170
                assert other.log.count("another gateway has our domain") == 1
                assert ANOTHER in (await asyncio.to_thread(status, other))[1]
                assert "stream down" not in play.gateway.log

                await play.world.says("juliet", "verona", "shown by the first one")
                await muc.said(play.app, VERONA, "shown by the first one")
                begin = len(play.app.received)
                await asyncio.to_thread(play.gateway.kill)
                await play.app.expect(
                    lambda s: muc.is_presence(s, VERONA, "unavailable") and 332 in muc.statuses(s), 60, "a word of it"
                )
                await play.world.says("juliet", "verona", "said afterwards")
                back = await muc.enter(play.app, VERONA, "Romeo")

                everything = ["shown by the first one", "said afterwards"]
                shown = [s for s in play.app.received[begin:] if bare(s) == VERONA and body(s) in everything]
                assert sorted(body(s) for s in shown) == sorted(everything)
                assert back.texts[-2:] == everything
        finally:
            await asyncio.to_thread(other.close)


@asynccontextmanager
async def both_in_verona(server: XmppServer, tmp_path: Path, other: Gateway) -> AsyncIterator[Play]:
    """Romeo is in the room; so he was when `other` was killed, which has a database of its own."""
    async with staged(server, tmp_path) as play:
        await play.world.chat("verona", "juliet", "nurse", "romeo", name="Verona", alias="#verona")
        await asyncio.to_thread(play.gateway.stop)
        await asyncio.to_thread(other.start)
        await in_verona(play)
        await asyncio.to_thread(other.kill)
        await asyncio.to_thread(play.gateway.start)
        await in_verona(play)
        yield play


async def in_verona(play: Play) -> None:
    await play.log_in()
    await muc.listed(play.app, MEMORY, VERONA)
    await muc.enter(play.app, VERONA, "Romeo")
