"""Rooms: who is in them, coming in and leaving."""

from bridge.contract import ChatId, ChatSeen, Join, Leave, Membership, OccupantChanged, Reason, Refused, SetRoom
from bridge.testing.conformance.network import NetworkUnderTest, connected, raises, reading


class Rooming:
    """For networks whose accounts come into rooms and leave them by themselves. `network.room` can be joined again."""

    async def test_it_says_who_is_in_a_room(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            found = await session.occupants(network.room)

        ids = [one.contact.id for one in found]
        assert network.account.me in ids
        assert len(ids) == len(set(ids)) >= 2
        assert {one.membership for one in found} == {Membership.JOINED}

    async def test_leaving_and_joining_are_reported(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            await session.perform(Leave(chat=network.room, key="leave-1"))
            await reader.until(lambda r: bool(r.of(OccupantChanged)))
            gone = [one.occupant for one in reader.of(OccupantChanged) if one.chat == network.room]
            seen = len(reader.of(ChatSeen))
            receipt = await session.perform(Join(chat=network.room, key="join-1"))
            await reader.until(lambda r: len(r.of(ChatSeen)) > seen)

        assert [(one.contact.id, one.membership) for one in gone] == [(network.account.me, Membership.LEFT)]
        assert receipt.chat == reader.of(ChatSeen)[-1].chat == network.room

    async def test_joining_twice_changes_nothing(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            first = await session.perform(Join(chat=network.room, key="join-1"))
            second = await session.perform(Join(chat=network.room, key="join-2"))

        assert first.chat == second.chat == network.room

    async def test_a_room_that_is_none_is_refused(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, raises(Refused) as caught:
            await session.perform(Join(chat=ChatId("no such room"), key="join-1"))

        assert caught[0].reason in (Reason.NOT_FOUND, Reason.BAD_REQUEST)

    async def test_a_new_subject_is_reported(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            assert SetRoom in session.capabilities(network.room).actions
            await session.perform(SetRoom(chat=network.room, key="set-1", subject="What's in a name?"))
            await reader.until(lambda r: any(seen.subject == "What's in a name?" for seen in r.of(ChatSeen)))
