"""What a homeserver strands when it finds us back is read from the room, and nothing is forgotten till then."""

import asyncio
import json
import logging
from dataclasses import dataclass, field
from typing import Any

import pytest

from bridge.contract import ChatId, NetworkId
from bridge.contract.workspace import Answer
from bridge.hub.workspace import PassingMemory
from connectors.matrix.api import Api
from connectors.matrix.groups import Groups
from connectors.matrix.patience import Pace, Patience
from connectors.matrix.relay import registration
from connectors.matrix.relay.gaps import Gaps
from connectors.matrix.relay.inbox import Inbox
from connectors.matrix.unread import Lines
from tests.support.asking import HandClock, NoHttp

TOLD = registration.new("matrix", ["xmpp"], "localhost", "")
ROOM = "!room:localhost"


@dataclass
class Homeserver(NoHttp):
    """Of one room, in which this has been said."""

    said: list[str] = field(default_factory=list)

    async def request(self, method: str, url: str, **more: Any) -> Answer:
        if url.endswith("/joined_rooms"):
            return Answer(200, {}, json.dumps({"joined_rooms": [ROOM]}).encode())
        if "/messages" in url:
            chunk = [event(id) for id in reversed(self.said)]
            return Answer(200, {}, json.dumps({"chunk": chunk}).encode())
        return Answer(404, {}, b'{"errcode": "M_NOT_FOUND"}')


def event(id: str) -> dict[str, Any]:
    return {"type": "m.room.message", "event_id": id, "sender": "@capulet:localhost", "content": {"body": id}}


@dataclass
class Call:
    """A transaction of the homeserver."""

    content: bytes | None = b'{"events": []}'
    method: str = "PUT"
    path: str = "transactions/1"
    connection: int = 1
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=lambda: {"authorization": f"Bearer {TOLD.hs_token}"})

    async def body(self, limit: int) -> bytes | None:
        return self.content


async def linked(room: ChatId) -> bool:
    return True


async def nobody(*asked: Any) -> bool:
    return False


async def nothing() -> None: ...


@pytest.fixture
def memory() -> PassingMemory:
    return PassingMemory()


@pytest.fixture
def homeserver() -> Homeserver:
    return Homeserver(["$a"])


@pytest.fixture
async def gaps(homeserver: Homeserver, memory: PassingMemory) -> Gaps:
    api, clock = Api(homeserver, "http://localhost", True), HandClock()
    patience = Patience(Pace(first=0.001, longest=0.001, most=0.002), nothing, logging.getLogger())
    groups = Groups(NetworkId("matrix"), api, TOLD.me, patience, Lines(TOLD.me, clock), clock)
    await memory.put(f"heard {ROOM}", "$a")
    return Gaps(api, TOLD.me, groups, memory, linked, settled=0.0)


def ids(events: list[object]) -> list[str]:
    return [one["event_id"] for one in events if isinstance(one, dict)]


async def missed(gaps: Gaps) -> list[str]:
    return ids(gaps.new(ROOM, (await gaps.missed(ROOM)).events))


async def journaled(gaps: Gaps) -> None:
    gaps.awaits()
    gaps.journaled()
    await gaps.remember(ending=True)


async def test_what_is_stranded_comes_before_what_is_said_later(
    gaps: Gaps, homeserver: Homeserver, memory: PassingMemory
) -> None:
    await gaps.doubt()
    assert await missed(gaps) == []
    for stranded, later in (("$stranded 1", "$b"), ("$stranded 2", "$c")):
        homeserver.said += [stranded, later]
        assert await missed(gaps) == [stranded, later]
        assert gaps.new(ROOM, [event(later)]) == [], "it has come"
    await journaled(gaps)
    assert await memory.get(f"heard {ROOM}") == "$a", "whoever is killed now begins where it was certain"


async def test_what_is_stranded_is_read_in_the_end_if_nothing_is_said_later(
    gaps: Gaps, homeserver: Homeserver, memory: PassingMemory
) -> None:
    await gaps.doubt()
    assert await missed(gaps) == []
    homeserver.said.append("$stranded")
    await gaps.settle()
    assert gaps.doubtful == ROOM
    assert await missed(gaps) == ["$stranded"]
    homeserver.said.append("$b")
    assert await missed(gaps) == [], "nothing is in doubt any more"
    assert ids(gaps.new(ROOM, [event("$b")])) == ["$b"]
    await journaled(gaps)
    assert await memory.get(f"heard {ROOM}") == "$b"
    await gaps.settle()
    assert gaps.doubtful is None, "that was the last time"


async def test_a_homeserver_that_was_refused_finds_us_back() -> None:
    inbox = Inbox(TOLD, nobody)
    inbox.begin("")
    calls = {asyncio.create_task(inbox(Call(path=f"transactions/{number}"))) for number in range(5)}
    done, waiting = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    assert [reply.status for task in done if (reply := task.result()) is not None] == [503], "more than may wait"
    inbox.anew = False
    inbox.journaled(inbox.cursor(await inbox.take()))
    done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert [reply.status for task in done if (reply := task.result()) is not None] == [200]
    assert inbox.anew
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
