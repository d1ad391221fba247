"""Invitations of our own user, and users who are made: what is refused, or never answered, stops nothing else."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from bridge.contract import NetworkId, Persona
from bridge.contract.workspace import Answer
from bridge.hub.workspace import PassingMemory
from connectors.matrix.api import Api
from connectors.matrix.notes import Notes
from connectors.matrix.relay import registration
from connectors.matrix.relay.doors import Doors
from connectors.matrix.relay.faces import Faces
from tests.support.asking import HandClock, NoHttp

TOLD = registration.new("matrix", ["xmpp"], "localhost", "")
OK = Answer(200, {}, b'{"room_id": "!r"}')


@dataclass
class Homeserver(NoHttp):
    """Answers as the test wants it; `asked`: the paths, in order."""

    answers: Callable[[str], Any] = lambda url: OK
    asked: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def request(self, method: str, url: str, **more: Any) -> Answer:
        self.asked.append(url.removeprefix("http://localhost/_matrix/client/v3/").replace("%21", "!").split("?")[0])
        self.changed.set()
        found = self.answers(url)
        if isinstance(found, asyncio.Event):
            await found.wait()
            return OK
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, Answer)
        return found

    async def until(self, whole: Callable[[list[str]], bool]) -> None:
        async with asyncio.timeout(10):
            while not whole(self.asked):
                self.changed.clear()
                await self.changed.wait()


async def doors(homeserver: Homeserver) -> Doors:
    waiting = Notes(PassingMemory(), "asked into")
    await waiting.load()
    return Doors(Api(homeserver, "http://localhost", True), waiting, HandClock(), logging.getLogger("test"))


def room(path: str) -> str:
    return next(part for part in path.split("/") if part.startswith("!"))


async def test_a_slow_room_and_a_broken_one_hold_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    slow = asyncio.Event()
    special = {"!slow": slow, "!broken": ZeroDivisionError()}
    homeserver = Homeserver(lambda url: next((found for name, found in special.items() if name[1:] in url), OK))
    made = await doors(homeserver)
    running = asyncio.create_task(made.run())
    try:
        for name in ("!slow", "!broken", "!quick"):
            await made.asked(name, "@juliet:localhost")
        await homeserver.until(lambda asked: "!quick" in map(room, asked))
        await made.asked("!later", "@juliet:localhost")
        await homeserver.until(lambda asked: "!later" in map(room, asked))
        assert not running.done()
        assert "an invitation broke room=!broken" in caplog.text
        assert "!slow" in made.waiting.all()
    finally:
        slow.set()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_who_invites_too_often_takes_it_from_nobody_else() -> None:
    homeserver = Homeserver()
    made = await doors(homeserver)
    running = asyncio.create_task(made.run())
    try:
        for number in range(12):
            await made.asked(f"!eve{number}", "@eve:localhost")
        await made.asked("!juliet", "@juliet:localhost")
        wanted = {f"!eve{number}" for number in range(12)} | {"!juliet"}
        await homeserver.until(lambda asked: {*map(room, asked)} == wanted)
        declined = {room(path) for path in homeserver.asked if path.endswith("/leave")}
        assert len(declined) == 2
        assert "!juliet" not in declined
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_name_that_may_not_be_set_stops_nothing_and_is_not_tried_again() -> None:
    refusal = Answer(403, {}, b'{"errcode": "M_FORBIDDEN", "error": "Changing display name is disabled."}')
    homeserver = Homeserver(lambda url: refusal if "displayname" in url else OK)
    memory = PassingMemory()
    for _ in range(2):  # a second session knows it, too
        faces = Faces(Api(homeserver, "http://localhost", True), TOLD, memory)
        persona = Persona(key="xmpp:r@h", network=NetworkId("xmpp"), contact="r@h", name="Romeo")
        assert (await faces.of(persona)).user == "@xmpp_r=40h:localhost"
    assert sum("displayname" in path for path in homeserver.asked) == 1
