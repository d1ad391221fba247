"""What the homeserver brings of one room hides nothing of another, whatever is wrong with it."""

import asyncio
import json
import logging
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest

from bridge.contract import (
    ChatId,
    ChatMoved,
    Event,
    Message,
    MessageReceived,
    NetworkId,
    Persona,
    Refused,
    Send,
    Unavailable,
    Unparsable,
)
from bridge.contract.workspace import Answer
from bridge.hub.workspace import PassingMemory
from connectors.matrix.api import Api
from connectors.matrix.groups import Groups
from connectors.matrix.notes import Notes
from connectors.matrix.patience import Pace, Patience
from connectors.matrix.relay import registration
from connectors.matrix.relay.attendance import Attendance
from connectors.matrix.relay.bridged import Bridged
from connectors.matrix.relay.doors import Doors
from connectors.matrix.relay.faces import Face, Faces
from connectors.matrix.relay.fence import Fence
from connectors.matrix.relay.gaps import Gaps
from connectors.matrix.relay.inbox import Inbox, Transaction
from connectors.matrix.relay.session import Parts, RelaySession
from connectors.matrix.relay.speech import Voice
from connectors.matrix.relay.upgrades import Upgrades
from connectors.matrix.signs import Signs
from connectors.matrix.unread import Lines
from tests.support.asking import HandClock, NoHttp

TOLD = registration.new("matrix", ["xmpp"], "localhost", "")
ROOM, BROKEN, NEW, OTHER = "!room:localhost", "!broken:localhost", "!new:localhost", "!other:localhost"
CAPULET = "@capulet:localhost"
PACE = Pace(first=0.001, longest=0.001, most=0.002)


@dataclass
class Homeserver(NoHttp):
    """Our user is in every room. It fails where `faults` says so, and tells no name while it is `silent`."""

    faults: tuple[str, ...] = ()
    silent: bool = False
    outside: str = ""
    """A room that our user is not in; the homeserver never answers who wants to come in."""
    closed: tuple[int, str] | None = None
    """What it answers whoever is made."""
    asked: list[str] = field(default_factory=list)

    async def request(self, method: str, url: str, **more: Any) -> Answer:
        self.asked.append(url)
        if any(fault in url for fault in self.faults):
            return Answer(500, {}, b'{"errcode": "M_UNKNOWN"}')
        if url.endswith("/register"):
            return Answer(200, {}, b"{}")
        if self.closed is not None and "user_id=" in url:
            return Answer(self.closed[0], {}, json.dumps({"errcode": self.closed[1]}).encode())
        if self.outside and quote(self.outside, safe="") in url:
            if "/join/" in url:
                await asyncio.Event().wait()
            return Answer(403, {}, b'{"errcode": "M_FORBIDDEN"}')
        if "/m.room.member/" in url and self.silent:
            raise Unavailable("It does not answer.")
        if "/m.room.member/" in url:
            return Answer(200, {}, b'{"membership": "join", "displayname": "Capulet"}')
        if "/m.room.tombstone" in url and "/%21room" in url:
            return Answer(200, {}, json.dumps({"replacement_room": NEW}).encode())
        if "/m.room.create" in url and "/%21new" in url:
            return Answer(200, {}, json.dumps({"predecessor": {"room_id": ROOM}}).encode())
        if "/join/" in url:
            return Answer(200, {}, json.dumps({"room_id": NEW}).encode())
        if url.endswith("/joined_members"):
            return Answer(200, {}, json.dumps({"joined": {TOLD.me: {}}}).encode())
        if "/messages" in url:
            bridge = {"type": "m.bridge", "state_key": "x", "sender": CAPULET, "content": {"bridgebot": CAPULET}}
            return Answer(200, {}, json.dumps({"chunk": [bridge]}).encode())
        return Answer(404, {}, b'{"errcode": "M_NOT_FOUND"}')


async def session(homeserver: Homeserver) -> RelaySession:
    api, clock, memory, log = (
        Api(homeserver, "http://localhost", True),
        HandClock(),
        PassingMemory(),
        logging.getLogger(),
    )
    removed, asked = Notes(memory, "removed"), Notes(memory, "asked into")
    await removed.load()
    await asked.load()
    patience = Patience(PACE, nothing, log)
    groups = Groups(NetworkId("matrix"), api, TOLD.me, patience, Lines(TOLD.me, clock), clock)
    attendance, faces = Attendance(api, TOLD, removed), Faces(api, TOLD, memory)
    voice = Voice(api, Face(TOLD.me), faces, attendance, groups, clock)
    doors = Doors(api, asked, clock, log)
    return RelaySession(
        Parts(
            api=api, registration=TOLD, inbox=Inbox(TOLD, nobody), attendance=attendance,
            doors=doors, fence=Fence(api, memory),
            gaps=Gaps(api, TOLD.me, groups, memory, linked), groups=groups, signs=Signs(api, TOLD.me),
            voice=voice, bridged=Bridged(api, TOLD.me, TOLD.ours, groups, memory),
            upgrades=Upgrades(api, groups, attendance, doors, linked, log, 0.1), clock=clock, log=log, silence=1.0,
            check=nothing, summon=nobody,
        )
    )  # fmt: skip


async def nothing() -> None: ...


async def linked(room: ChatId) -> bool:
    return room == ROOM


async def nobody(*asked: Any) -> bool:
    return False


def said(text: str, room: str = ROOM, sender: str = CAPULET) -> dict[str, Any]:
    content = {"msgtype": "m.text", "body": text}
    return {
        "type": "m.room.message", "room_id": room, "event_id": "$" + text.replace(" ", "_"), "sender": sender,
        "origin_server_ts": 1, "content": content,
    }  # fmt: skip


async def read(made: RelaySession, *happened: Any, signs: Any = ()) -> list[Event]:
    async with asyncio.timeout(30):
        return [one async for one in made._read(Transaction("t", happened, signs))]


def texts(events: list[Event]) -> list[str]:
    return [one.message.text for one in events if isinstance(one, MessageReceived)]


@pytest.mark.parametrize("strange", [{"type": "m.room.member", "state_key": []}, {"type": "m.x", "sender": {}}])
async def test_an_event_of_any_shape_hides_no_other(strange: Any) -> None:
    found = await read(await session(Homeserver()), {**strange, "room_id": ROOM}, said("Hark"))
    assert texts(found) == ["Hark"]
    assert next(one.sender.name for one in found if isinstance(one, MessageReceived)) == "Capulet"


async def test_a_room_that_cannot_be_read_holds_up_no_other_for_ever() -> None:
    made = await session(Homeserver(faults=("broken",)))
    typing = {"type": "m.typing", "room_id": BROKEN, "content": {"user_ids": [CAPULET]}}
    found = await read(made, said("lost", BROKEN), said("Hark"), signs=[typing])
    assert texts(found) == ["Hark"]
    assert [one.source for one in found if isinstance(one, Unparsable)] == [BROKEN]


async def test_names_that_nobody_tells_are_not_asked_for_one_after_the_other() -> None:
    homeserver = Homeserver(silent=True)
    people = [f"@p{number}:localhost" for number in range(50)]
    found = await read(await session(homeserver), *(said(f"by {one}", sender=one) for one in people))
    assert len(texts(found)) == 50
    assert len([url for url in homeserver.asked if "/m.room.member/" in url]) == 10


async def test_no_answer_does_not_say_that_there_is_no_other_bridge() -> None:
    with pytest.raises(Unavailable):
        await (await session(Homeserver(faults=("/m.room.member/",)))).obstacles(ChatId(ROOM))
    assert len(await (await session(Homeserver())).obstacles(ChatId(ROOM))) == 1


def replaced(room: str) -> dict[str, Any]:
    content = {"body": "Over there", "replacement_room": NEW}
    return {"type": "m.room.tombstone", "state_key": "", "room_id": room, "sender": CAPULET, "content": content}


async def test_only_linked_rooms_are_followed_into_what_replaces_them() -> None:
    homeserver = Homeserver()
    made = await session(homeserver)
    found = await read(made, replaced(OTHER))
    assert [one for one in found if isinstance(one, ChatMoved)] == []
    assert [url for url in homeserver.asked if "/join/" in url] == []
    found = await read(made, replaced(ROOM))
    assert [(one.chat, one.to) for one in found if isinstance(one, ChatMoved)] == [(ROOM, NEW)]


@pytest.mark.parametrize("fault", ["%21new", "%21room%3Alocalhost/state/m.room.tombstone"])
async def test_a_replaced_room_that_cannot_be_read_holds_up_no_other(fault: str) -> None:
    found = await read(await session(Homeserver(faults=(fault,))), replaced(ROOM), said("Hark", OTHER))
    assert texts(found) == ["Hark"]
    assert [one for one in found if isinstance(one, ChatMoved)] == []


async def test_no_transaction_waits_for_the_room_that_replaces_one() -> None:
    homeserver = Homeserver(outside=NEW)
    made = await session(homeserver)
    found = await read(made, replaced(ROOM), said("Hark", OTHER))
    assert texts(found) == ["Hark"]
    assert made._parts.doors.waiting.all() == {NEW: "localhost"}  # which is durable
    answering = asyncio.create_task(made._parts.doors.run())
    async with asyncio.timeout(10):
        while not any("/join/" in url for url in homeserver.asked):
            await asyncio.sleep(0)
    answering.cancel()
    await asyncio.wait({answering})
    assert made._parts.doors.waiting.all() == {NEW: "localhost"}


@pytest.mark.parametrize("code", [(403, "M_USER_DEACTIVATED"), (401, "M_USER_LOCKED")])
async def test_whose_account_the_homeservers_admin_closes_is_refused_alone(code: tuple[int, str]) -> None:
    made = await session(Homeserver(closed=code))
    romeo = Persona(key="xmpp:romeo@h", network=NetworkId("xmpp"), contact="romeo@h", name="Romeo")
    with pytest.raises(Refused, match="Romeo cannot speak on Matrix"):
        await made.perform(Send(chat=ChatId(ROOM), key="k", message=Message("Hark"), persona=romeo))
