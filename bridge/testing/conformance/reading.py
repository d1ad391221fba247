"""Events: in order, without gaps, with cursors that cover what came before them; and what was said before."""

import asyncio
from itertools import pairwise

from bridge.contract import (
    ChatId,
    ChatSeen,
    CursorMoved,
    Live,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    ReactionsChanged,
    Refused,
    Session,
)
from bridge.testing.conformance.network import NetworkUnderTest, a_send, connected, raises, reading, said

Said = MessageReceived | MessageEdited | MessageRetracted | ReactionsChanged


class Reading:
    """For every network."""

    async def test_a_first_sync_reports_chats_and_no_old_messages(self, network: NetworkUnderTest) -> None:
        await network.say("long ago")

        async with connected(network) as session, reading(session) as reader:
            await network.say("now")
            await reader.until(lambda r: "now" in r.texts)

        chats = [seen.chat for seen in reader.of(ChatSeen)]
        assert network.room in chats
        assert reader.texts == ["now"]
        assert reader.events.index(reader.of(ChatSeen)[0]) < reader.events.index(reader.of(Live)[0])

    async def test_messages_come_in_order(self, network: NetworkUnderTest) -> None:
        texts = [f"number {n}" for n in range(30)]

        async with connected(network) as session, reading(session) as reader:
            for text in texts:
                await network.say(text)
            await reader.until(lambda r: len(r.texts) >= len(texts))

        assert reader.texts == texts

    async def test_a_message_says_who_where_when_and_what(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            identity = await network.say("Wherefore art thou?")
            await reader.until(lambda r: bool(r.of(MessageReceived)))
            me = session.me

        event = reader.of(MessageReceived)[0]
        assert (event.chat, event.id, event.message.text) == (network.room, identity, "Wherefore art thou?")
        assert event.key is None
        assert event.sender.id != me.id
        assert event.at > 1_600_000_000

    async def test_the_cursor_moves_after_what_it_covers(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            await network.say("covered")
            await reader.until(
                lambda r: "covered" in r.texts and isinstance(r.events[-1], CursorMoved)
            )  # it comes by itself, and after the message

        assert reader.cursor

    async def test_a_journaled_cursor_never_raises(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            async with reading(session) as reader:
                await network.say("one")
                await reader.until(lambda r: "one" in r.texts and isinstance(r.events[-1], CursorMoved))
                cursor = reader.cursor or ""
                session.journaled(cursor)
                session.journaled(cursor)
            session.journaled(cursor)  # nobody reads any more
        session.journaled(cursor)  # the session is over

    async def test_reading_can_be_cancelled_and_begun_again(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            async with reading(session) as reader:
                cursor = reader.cursor
            async with reading(session, cursor) as again:
                await network.say("still there")
                await again.until(lambda r: "still there" in r.texts)


class ReadingChanges:
    """For networks that report edits, retractions and reactions as what they are."""

    async def test_changes_have_ids_of_their_own_and_name_their_target(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            target = await network.say("first")
            await network.edit(target, "second")
            await network.react(target, "👍")
            await network.retract(target)
            await reader.until(lambda r: bool(r.of(MessageRetracted)))

        changes = reader.of(MessageEdited) + reader.of(ReactionsChanged) + reader.of(MessageRetracted)
        assert [change.target for change in changes] == [target] * 3
        assert len({change.id for change in changes} | {target}) == 4
        assert changes[0].message.text == "second"
        assert changes[1].reactions == ("👍",)


class Replaying:
    """For networks that are read from a cursor."""

    async def test_what_was_said_meanwhile_comes_before_live(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            await network.say("before")
            await reader.until(lambda r: "before" in r.texts and isinstance(r.events[-1], CursorMoved))
        texts = [f"meanwhile {n}" for n in range(30)]
        for text in texts:
            await network.say(text)

        async with connected(network) as session, reading(session, reader.cursor) as later:
            live = later.events.index(later.of(Live)[0])
            caught_up = [e.message.text for e in later.events[:live] if isinstance(e, MessageReceived)]

        assert caught_up == texts

    async def test_every_cursor_is_a_place_to_resume(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            for n in range(5):
                await network.say(f"number {n}")
                await reader.until(lambda r, n=n: f"number {n}" in r.texts and isinstance(r.events[-1], CursorMoved))  # type: ignore[misc]
        places = [n for n, event in enumerate(reader.events) if isinstance(event, CursorMoved)]

        for place in (places[0], places[len(places) // 2], places[-1]):
            event = reader.events[place]
            assert isinstance(event, CursorMoved)
            rest = [e.message.text for e in reader.events[place:] if isinstance(e, MessageReceived)]
            async with connected(network) as session, reading(session, event.cursor) as again:
                assert again.texts == rest

    async def test_the_same_cursor_gives_the_same_ids(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            cursor = reader.cursor
        for n in range(3):
            await network.say(f"number {n}")

        seen = []
        for _ in range(2):
            async with connected(network) as session, reading(session, cursor) as again:
                seen.append([(e.id, e.message.text) for e in again.of(MessageReceived)])

        assert len(seen[0]) == 3
        assert all(one == other for one, other in pairwise(seen))

    async def test_a_session_reports_without_being_acknowledged(self, network: NetworkUnderTest) -> None:
        """Acknowledging comes later, in groups: reading does not wait for it."""
        async with connected(network) as session:
            events = session.events(None)
            heard: list[str] = []
            async with asyncio.timeout(20):
                async for event in events:
                    if isinstance(event, Live):
                        for n in range(3):
                            await network.say(f"number {n}")
                    if isinstance(event, MessageReceived):
                        heard.append(event.message.text)
                    if len(heard) == 3:
                        break
            await events.aclose()  # type: ignore[attr-defined]

        assert heard == ["number 0", "number 1", "number 2"]


class Remembering:
    """For sessions that claim `history`."""

    async def test_what_was_said_is_read_backwards_in_order_and_with_its_time(self, network: NetworkUnderTest) -> None:
        ids = [await network.say(f"line {number}") for number in range(4)]
        await network.edit(ids[1], "line one")
        await network.react(ids[2], "👍")
        await network.retract(ids[3])
        async with connected(network) as session:
            assert session.capabilities(network.room).history
            await said(session, a_send(network, "1", "ours"))
            found = await whole(session, network.room)

        messages = [one for one in found if isinstance(one, MessageReceived)]
        texts = [one.message.text for one in messages]
        assert texts == ["line 0", "line 1", "line 2", "ours"], "and nothing of what was retracted"
        assert [one.id for one in messages[:3]] == ids[:3]
        assert messages[3].sender.id == network.account.me
        assert all(one.at > 1_000_000_000 for one in found)
        assert [one.at for one in messages] == sorted(one.at for one in messages)
        assert len({one.id for one in found}) == len(found)
        changes = [(type(one), one.target) for one in found if isinstance(one, MessageEdited | ReactionsChanged)]
        assert changes == [(MessageEdited, ids[1]), (ReactionsChanged, ids[2])]

    async def test_it_begins_before_an_event(self, network: NetworkUnderTest) -> None:
        ids = [await network.say(f"line {number}") for number in range(4)]
        async with connected(network) as session:
            before = await whole(session, network.room, ids[2])
            unknown = await session.history(network.room, MessageId("$there-is-no-such-event"), None)

        assert [one.id for one in before if isinstance(one, MessageReceived)] == ids[:2]
        assert ids[3] in {one.id for one in unknown.events}, "then it begins with the latest"

    async def test_of_a_room_that_it_is_not_in_it_says_nothing(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, raises(Refused):
            await session.history(ChatId("!there-is-no-such-room:localhost"), None, None)


async def whole(session: Session, chat: ChatId, before: MessageId | None = None) -> list[Said]:
    """Every page, oldest first."""
    found: list[Said] = []
    cursor: str | None = None
    for _ in range(100):
        page = await session.history(chat, before, cursor)
        found = [*page.events, *found]
        cursor, before = page.older, None
        if cursor is None:
            return found
    raise AssertionError("there is no end of pages")
