"""What the homeserver forgets, as it has it in memory only, is not lost: a real Synapse, killed with events to tell."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from urllib.parse import quote

from bridge.contract import CursorMoved, Event, Join, Live, MessageReceived, Session
from bridge.testing.conformance.network import a_send, connected, reading
from tests.conformance.appservice import AppserviceUnderTest
from tests.matrix.test_appservice import ROMEO
from tests.support.appservice import WithAppservice


class Held:
    """Reads a session; the homeserver is answered while `go` is set."""

    def __init__(self, session: Session, cursor: str | None) -> None:
        self.events: list[Event] = []
        self.go, self.cursor, self._more = asyncio.Event(), cursor, asyncio.Condition()
        self._session = session

    async def read(self) -> None:
        async with aclosing(self._session.events(self.cursor)) as events:  # type: ignore[type-var]
            async for event in events:
                async with self._more:
                    self.events.append(event)
                    self._more.notify_all()
                if isinstance(event, CursorMoved):
                    await self.go.wait()
                    self._session.journaled(event.cursor)
                    self.cursor = event.cursor

    @property
    def texts(self) -> list[str]:
        return [e.message.text for e in self.events if isinstance(e, MessageReceived)]

    async def until_text(self, text: str) -> None:
        async with asyncio.timeout(60), self._more:
            await self._more.wait_for(lambda: text in self.texts)


def in_room(network: AppserviceUnderTest, events: Sequence[Event]) -> list[str]:
    """What was said in it: of those of other tests something may come, too."""
    return [e.message.text for e in events if isinstance(e, MessageReceived) and e.chat == network.room]


async def test_what_a_killed_homeserver_forgets_comes_before_what_is_said_later(
    network: AppserviceUnderTest, registered: WithAppservice
) -> None:
    said = [f"forgotten {number}" for number in range(130)]
    async with connected(network) as session, reading(session) as reader:
        cursor = reader.cursor
    async with connected(network) as session:
        held = Held(session, cursor)
        held.go.set()
        task = asyncio.create_task(held.read())
        try:
            await network.say("heard")
            await held.until_text("heard")
            held.go.clear()
            for text in said:  # the first is under way and not answered; the homeserver has the others in memory
                await network.say(text)
            await session.perform(a_send(network, "ours", "ours", ROMEO))
            await asyncio.to_thread(registered.kill)
            await asyncio.to_thread(registered.start)
            held.go.set()
            await network.say("later")
            await held.until_text("later")
        finally:
            task.cancel()
            await asyncio.wait({task})
    assert [text for text in held.texts if text != "ours"] == ["heard", *said, "later"]
    assert [e.key for e in held.events if isinstance(e, MessageReceived) and e.message.text == "ours"] == [
        "conformance-ours"
    ]


async def test_what_it_forgets_while_we_are_away_comes_at_the_start(
    network: AppserviceUnderTest, registered: WithAppservice
) -> None:
    async with connected(network) as session, reading(session) as reader:
        await session.perform(Join(chat=network.room, key="join"))
        cursor = reader.cursor
    said = [f"missed {number}" for number in range(3)]
    for text in said:
        await network.say(text)
    await network.juliet.call("PUT", f"/rooms/{quote(network.room)}/state/m.room.topic/", {"topic": "Verona"})
    await asyncio.to_thread(registered.forget)
    async with connected(network) as session, reading(session, cursor) as reader:
        live = next(n for n, event in enumerate(reader.events) if isinstance(event, Live))
        assert in_room(network, reader.events[:live]) == said
        await network.say("at last")
        await reader.until(lambda r: "at last" in r.texts)
        assert in_room(network, reader.events) == [*said, "at last"]


async def test_what_was_said_before_we_came_is_not_ours(
    network: AppserviceUnderTest, registered: WithAppservice
) -> None:
    """Also where nothing has ever come of a room."""
    wish = {"preset": "public_chat", "name": "New"}
    network.room = (await network.juliet.call("POST", "/createRoom", wish))["room_id"]
    for number in range(3):
        await network.say(f"before {number}")
    async with connected(network) as session:
        await session.perform(Join(chat=network.room, key="join"))
    said = [f"behind {number}" for number in range(15)]
    for text in said:
        await network.say(text)
    await asyncio.to_thread(registered.forget)
    async with connected(network) as session, reading(session, "") as reader:
        assert in_room(network, reader.events) == said
