"""Rooms: who is in them, coming in and leaving."""

import base64

from bridge.contract import (
    Ban,
    ChatId,
    ChatSeen,
    ContactId,
    CreateRoom,
    Invite,
    Join,
    Leave,
    Media,
    Membership,
    OccupantChanged,
    Past,
    Rank,
    RanksChanged,
    Reason,
    Refused,
    Remove,
    Rules,
    Session,
    SetRank,
    SetRoom,
    Unban,
)
from bridge.testing.conformance.network import NetworkUnderTest, Reader, connected, raises, reading

_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)  # one pixel


class Rooming:
    """For networks whose accounts come into rooms and leave them by themselves. `network.room` can be joined again."""

    async def test_it_says_who_is_in_a_room(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            found = await session.occupants(network.room)

        ids = [one.contact.id for one in found]
        assert network.account.me in ids
        assert len(ids) == len(set(ids)) >= 2
        assert {one.membership for one in found} == {Membership.JOINED}
        titles = [one.titles or () for one in found]
        assert all(title.id and title.name.strip() for some in titles for title in some)
        assert all(len({title.id for title in some}) == len(some) for some in titles)

    async def test_it_says_what_somebody_may_do_there(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            found = await session.occupants(network.room)
            asked = [await session.rank(network.room, one.contact.id) for one in found]
            nobody = await session.rank(network.room, network.nobody)

        assert asked == [one.rank or Rank.MEMBER for one in found]
        assert nobody is None

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


class Governing:
    """For networks whose accounts make rooms and keep order in them. `network.somebody` can be invited."""

    async def test_a_room_is_made_once_for_a_key(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            first, again = [await _made(session, "make-1", name="Mantua") for _ in range(2)]
            other = await _made(session, "make-2")
            await reader.until(lambda r: {first, other} <= {seen.chat for seen in r.of(ChatSeen)})
            [me] = await session.occupants(first)

        assert first == again != other
        assert (me.contact.id, me.rank) == (network.account.me, Rank.OWNER)
        [seen] = [one for one in reader.of(ChatSeen) if one.chat == first][-1:]
        assert (seen.name, seen.encrypted, seen.rules is not None and seen.rules.open) == ("Mantua", False, False)

    async def test_a_room_is_set_up(self, network: NetworkUnderTest) -> None:
        rules = Rules(open=True, moderated=True, subject=Rank.MEMBER, invites=Rank.MODERATOR, past=Past.JOINED)
        async with connected(network) as session, reading(session) as reader:
            room = await _made(session, "make-1")
            await session.perform(SetRoom(chat=room, key="set-1", name="Mantua", rules=rules))
            await reader.until(lambda r: any((one.chat, one.rules) == (room, rules) for one in _seen(r)))
            await session.perform(SetRoom(chat=room, key="set-2", rules=Rules()))
            await reader.until(lambda r: [one for one in _seen(r) if one.chat == room][-1].rules == Rules())

        assert _seen(reader)[-1].name == "Mantua"

    async def test_a_room_is_given_a_picture(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            room = await _made(session, "make-1")
            await session.perform(SetRoom(chat=room, key="set-1", avatar=_PNG))
            await reader.until(lambda r: any(one.chat == room and one.avatar for one in _seen(r)))
            media = Media(_seen(reader)[-1].avatar)
            async with session.open_media(media, 10_000) as pieces:
                data = b"".join([piece async for piece in pieces])
            await session.perform(SetRoom(chat=room, key="set-2", avatar=b""))
            await reader.until(lambda r: not [one for one in _seen(r) if one.chat == room][-1].avatar)

        assert data == _PNG

    async def test_people_are_invited_removed_banned_and_let_in_again(self, network: NetworkUnderTest) -> None:
        who = network.somebody
        async with connected(network) as session, reading(session) as reader:
            room = await _made(session, "make-1")
            await session.perform(Invite(chat=room, key="-", whom=who))
            invited = await _standing(session, room)
            await session.perform(Remove(chat=room, key="-", whom=who, reason="never mind"))
            removed = await _standing(session, room)
            await session.perform(Ban(chat=room, key="-", whom=who, reason="enough"))
            banned = await _standing(session, room)
            await session.perform(Unban(chat=room, key="-", whom=who))
            free = await _standing(session, room)
            async with raises(Refused):
                await session.perform(Remove(chat=room, key="-", whom=who))
            await reader.until(lambda r: len(_memberships(r, room, who)) == 4)

        assert _memberships(reader, room, who) == [
            Membership.INVITED, Membership.LEFT, Membership.BANNED, Membership.LEFT,
        ]  # fmt: skip
        assert (invited, removed, banned, free) == (([who], []), ([], []), ([], [who]), ([], []))

    async def test_people_are_given_ranks(self, network: NetworkUnderTest) -> None:
        who = network.somebody
        async with connected(network) as session, reading(session) as reader:
            room = await _made(session, "make-1")
            for rank in (Rank.ADMIN, Rank.MEMBER, Rank.VISITOR, Rank.OWNER):
                await session.perform(SetRank(chat=room, key="-", whom=who, rank=rank))
                await reader.until(lambda r, rank=rank: _rank(r, room, who) is rank)  # type: ignore[misc]


async def _made(session: Session, key: str, name: str = "Nowhere") -> ChatId:
    made = (await session.perform(CreateRoom(chat=ChatId(""), key=key, name=name))).chat
    assert made is not None
    return made


async def _standing(session: Session, room: ChatId) -> tuple[list[str], list[str]]:
    """Who is invited, and who is banned."""
    invited, banned = [
        [str(one.contact.id) for one in await session.occupants(room, membership)]
        for membership in (Membership.INVITED, Membership.BANNED)
    ]
    return invited, banned


def _memberships(reader: Reader, room: ChatId, who: str) -> list[Membership]:
    """Of somebody who never was there, as it was told."""
    told = [one.occupant for one in reader.of(OccupantChanged) if one.chat == room]
    return [one.membership for one in told if one.contact.id == who]


def _seen(reader: Reader) -> list[ChatSeen]:
    return list(reader.of(ChatSeen))


def _rank(reader: Reader, room: ChatId, who: str) -> Rank | None:
    """As it was told last."""
    told = [one for one in reader.of(RanksChanged) if one.chat == room]
    return dict(told[-1].ranks).get(ContactId(who), told[-1].others) if told else None
