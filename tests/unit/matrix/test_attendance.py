"""Who of ours was removed from a room: told twice it is the same, and only real rooms are remembered."""

import json
from dataclasses import dataclass, field
from typing import Any

from bridge.contract import Bar, ChatId, ContactId
from bridge.contract.workspace import Answer
from bridge.hub.workspace import PassingMemory
from connectors.matrix.api import Api
from connectors.matrix.events import member
from connectors.matrix.notes import Notes
from connectors.matrix.relay import registration
from connectors.matrix.relay.attendance import Attendance
from connectors.matrix.relay.guests import Relayed
from connectors.matrix.sync import Known, _happened
from tests.support.asking import NoHttp

TOLD = registration.new("matrix", ["xmpp"], "localhost", "")
HIM, OTHER, MODERATOR = "@xmpp_romeo=40h:localhost", "@xmpp_nurse=40h:localhost", "@capulet:localhost"
ROOM = "!room:localhost"


@dataclass
class Homeserver(NoHttp):
    """Says who is in which room."""

    rooms: dict[str, set[str]] = field(default_factory=dict)
    asked: int = 0

    async def request(self, method: str, url: str, **more: Any) -> Answer:
        self.asked += 1
        room = url.split("/rooms/")[1].split("/")[0].replace("%21", "!").replace("%3A", ":")
        present = self.rooms.get(room)
        if present is None:
            return Answer(403, {}, b'{"errcode": "M_FORBIDDEN"}')
        if "/state/" in url:
            membership = "join" if TOLD.me in present else "leave"
            return Answer(200, {}, json.dumps({"membership": membership}).encode())
        return Answer(200, {}, json.dumps({"joined": {user: {} for user in present}}).encode())


async def attendance() -> Attendance:
    removed = Notes(PassingMemory(), "removed")
    await removed.load()
    return Attendance(Api(Homeserver({ROOM: {TOLD.me, MODERATOR}}), "http://localhost", True), TOLD, removed)


async def happens(
    made: Attendance, now: str, before: str = "", by: str = MODERATOR, room: str = ROOM
) -> Bar | str | None:
    """What is told of it; "" for nothing."""
    raw = {"type": "m.room.member", "state_key": HIM, "sender": by, "content": {"membership": now}}
    if before:
        raw["unsigned"] = {"prev_content": {"membership": before}}
    one = member(raw)
    assert one is not None
    told = await made.note(room, one)
    return told.bar if told is not None else ""


def is_out(made: Attendance) -> bool:
    return made.removed.get(f"{HIM} {ROOM}") is not None


async def test_a_removal_that_is_told_twice_stays_one() -> None:
    made = await attendance()
    for _ in range(2):
        assert await happens(made, "leave", "join") is Bar.REMOVED
        assert is_out(made)
    for _ in range(2):
        assert await happens(made, "invite", "leave") is None
        assert not is_out(made)
    for _ in range(2):
        assert await happens(made, "ban", "join") is Bar.BANNED
        assert await happens(made, "leave", "ban") is None
        assert not is_out(made)
        await happens(made, "leave", "ban")
        assert not is_out(made), "an end of a ban, told again, is no removal"


async def test_a_homeserver_that_does_not_tell_what_was_before_is_read_by_what_is_known() -> None:
    made = await attendance()
    for _ in range(2):
        await happens(made, "leave")
        assert is_out(made)
    await happens(made, "ban")
    await happens(made, "leave")
    assert not is_out(made)


async def test_who_goes_or_is_removed_by_us_may_come_again_and_others_of_ours_remove_for_good() -> None:
    made = await attendance()
    for by in (HIM, TOLD.me):
        assert await happens(made, "leave", "join", by=by) == ""
        assert not is_out(made)
    await happens(made, "leave", "join", by=OTHER)
    assert is_out(made)


async def test_what_is_made_up_elsewhere_pushes_out_nobody() -> None:
    made = await attendance()
    await happens(made, "leave", "join")
    await happens(made, "leave", "join", room="!elsewhere:evil.example")
    assert list(made.removed.all()) == [f"{HIM} {ROOM}"]

    homeserver = made.api.http
    assert isinstance(homeserver, Homeserver)
    homeserver.rooms["!mine:evil.example"] = {TOLD.me}
    for number in range(2_000):
        user = f"@xmpp_{number}=40h:localhost"
        raw = {"type": "m.room.member", "state_key": user, "sender": MODERATOR, "content": {"membership": "ban"}}
        one = member(raw)
        assert one is not None
        await made.note("!mine:evil.example", one)
    assert is_out(made)
    assert len(made.removed.all()) == 51


async def linked(room: ChatId) -> bool:
    return room == ROOM


async def test_a_room_is_asked_about_anew_when_our_user_has_come_or_gone() -> None:
    homeserver = Homeserver({ROOM: {HIM}})
    relayed = Relayed(Api(homeserver, "http://localhost", True), TOLD.me, linked)
    assert not await relayed.has(ROOM)
    homeserver.rooms[ROOM].add(TOLD.me)
    nothing: Any = None
    known = Known(relayed.api, ContactId(HIM), *[nothing] * 7, relayed)
    for part in ("state", "timeline"):
        raw = {"type": "m.room.member", "state_key": TOLD.me, "sender": TOLD.me, "content": {"membership": "join"}}
        assert [event async for event in _happened(known, ROOM, {part: {"events": [raw]}}, "1")] == []
    assert homeserver.asked == 3
    assert await relayed.has(ROOM)
    assert homeserver.asked == 3, "it is remembered"
    assert not await relayed.has("!elsewhere:localhost"), "it is not linked"
    assert homeserver.asked == 3
