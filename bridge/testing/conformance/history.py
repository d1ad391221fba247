"""What was said before can be read."""

from bridge.contract import (
    ChatId,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    ReactionsChanged,
    Refused,
    Session,
)
from bridge.testing.conformance.network import NetworkUnderTest, a_send, connected, raises, said

Said = MessageReceived | MessageEdited | MessageRetracted | ReactionsChanged


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
