"""Invitations of our own user, and users who are made: what is refused, or never answered, stops nothing else."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from bridge.contract import ContactId, NetworkId, Persona
from bridge.contract.workspace import Answer
from bridge.hub.workspace import PassingMemory
from connectors.matrix.api import Api
from connectors.matrix.callers import Callers
from connectors.matrix.directs import Directs
from connectors.matrix.invitations import Invitations
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


async def test_of_a_thousand_invitations_ten_are_accepted_and_it_takes_nothing_from_anybody_else() -> None:
    homeserver = Homeserver()
    made = await doors(homeserver)
    for number in range(1_000):
        await made.asked(f"!eve{number}", "@eve:localhost")
    await made.asked("!juliet", "@juliet:localhost")
    running = asyncio.create_task(made.run())
    try:
        wanted = {f"!eve{number}" for number in range(1_000)} | {"!juliet"}
        await homeserver.until(lambda asked: {*map(room, asked)} == wanted)
        declined = [room(path) for path in homeserver.asked if path.endswith("/leave")]
        assert len(declined) == 990
        assert "!juliet" not in declined
        assert [room(path) for path in homeserver.asked].index("!juliet") < 30, "she does not wait for the declined"
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_guests_are_called_ten_times_a_minute_by_one_person_all_of_them_together() -> None:
    homeserver, callers, clock, log = Homeserver(), Callers(), HandClock(), logging.getLogger("test")
    api = Api(homeserver, "http://localhost", True)
    guests = []
    for name in ("romeo", "benvolio"):
        me = ContactId(f"@xmpp_{name}:localhost")
        memory = PassingMemory()
        many = Notes(memory, "many")
        guests.append(
            (me, Invitations(api, me, Directs(api, me, many, memory), Notes(memory, "asked"), clock, log, callers))
        )
    for number in range(1_000):
        me, one = guests[number % 2]
        assert await one.note(f"!eve{number}", invited(me, "@eve:localhost")) is (number >= 10)
    me, romeo = guests[0]
    assert not await romeo.note("!juliet", invited(me, "@juliet:localhost"))
    running = asyncio.create_task(romeo.run())
    try:
        await homeserver.until(lambda asked: sum(path.endswith("/leave") for path in asked) == 495)
        joined = [room(path) for path in homeserver.asked if path.endswith("/join")]
        assert joined == ["!eve0", "!eve2", "!eve4", "!eve6", "!eve8", "!juliet"]
        first = next(number for number, path in enumerate(homeserver.asked) if path.endswith("/leave"))
        assert not [path for path in homeserver.asked[first:] if path.endswith("/join")], "what is declined waits"
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def invited(who: str, by: str) -> dict[str, Any]:
    """Stripped state."""
    content = {"membership": "invite", "is_direct": True}
    return {"events": [{"type": "m.room.member", "state_key": who, "sender": by, "content": content}]}


async def test_a_name_that_may_not_be_set_stops_nothing_and_is_not_tried_again() -> None:
    refusal = Answer(403, {}, b'{"errcode": "M_FORBIDDEN", "error": "Changing display name is disabled."}')
    homeserver = Homeserver(lambda url: refusal if "displayname" in url else OK)
    memory = PassingMemory()
    for _ in range(2):  # a second session knows it, too
        faces = Faces(Api(homeserver, "http://localhost", True), TOLD, memory)
        persona = Persona(key="xmpp:r@h", network=NetworkId("xmpp"), contact="r@h", name="Romeo")
        assert (await faces.of(persona)).user == "@xmpp_r=40h:localhost"
    assert sum("displayname" in path for path in homeserver.asked) == 1
