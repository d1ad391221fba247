"""Looking for people and rooms; blocking and reporting."""

from typing import Protocol

from bridge.contract import (
    Block,
    BlockedChanged,
    ChatId,
    Directory,
    Join,
    Live,
    Reason,
    Refused,
    Report,
    Session,
    Target,
)
from bridge.testing.conformance.network import NetworkUnderTest, connected, raises, reading


def directory_of(session: Session) -> Directory:
    assert session.directory is not None
    return session.directory


class FindingNetwork(NetworkUnderTest, Protocol):
    """`somebody` has a name. There are two listed rooms or more whose names begin with "Square", one of them `square`,
    and a space that holds `square`. The account is in none of these."""

    somebody_name: str
    square: ChatId
    space: ChatId


class Finding:
    """For sessions that have a directory."""

    async def test_somebody_is_found_by_their_address(self, network: FindingNetwork) -> None:
        async with connected(network) as session:
            found = await directory_of(session).find(network.somebody, 10)
            profile = await directory_of(session).profile(network.somebody)

        assert network.somebody in [one.id for one in found]
        assert len(found) <= 10
        assert profile is not None
        assert profile.name == network.somebody_name

    async def test_nobody_is_nobody(self, network: FindingNetwork) -> None:
        async with connected(network) as session:
            assert await directory_of(session).find("no such person as this anywhere", 10) == []
            assert await directory_of(session).profile(network.nobody) is None

    async def test_rooms_are_listed_page_by_page(self, network: FindingNetwork) -> None:
        async with connected(network) as session:
            whole = await directory_of(session).rooms("Square", "", "", 50)
            first = await directory_of(session).rooms("Square", "", "", 1)
            second = await directory_of(session).rooms("Square", "", first.after, 1)

        names = [room.name for room in whole.rooms]
        assert len(names) >= 2
        assert all(name.startswith("Square") for name in names)
        assert not whole.after
        assert first.after
        assert [len(first.rooms), len(second.rooms)] == [1, 1]
        assert first.rooms[0].chat != second.rooms[0].chat
        assert network.square in [room.chat for room in whole.rooms]

    async def test_a_listed_room_can_be_come_into(self, network: FindingNetwork) -> None:
        async with connected(network) as session:
            found = await directory_of(session).rooms("Square", "", "", 50)
            room = next(one for one in found.rooms if one.chat == network.square)
            receipt = await session.perform(Join(chat=room.chat, key="join-1"))

        assert receipt.chat == network.square

    async def test_no_room_is_found_for_nonsense(self, network: FindingNetwork) -> None:
        async with connected(network) as session:
            assert list((await directory_of(session).rooms("no such room as this anywhere", "", "", 10)).rooms) == []

    async def test_what_a_space_holds_is_told(self, network: FindingNetwork) -> None:
        async with connected(network) as session:
            await session.perform(Join(chat=network.space, key="join-space"))
            mine = await directory_of(session).spaces()
            held = await directory_of(session).inside(network.space, "", 50)
            listed = await directory_of(session).rooms("Spaces", "", "", 50)

        assert network.square in [room.chat for room in held.rooms]
        assert [(room.chat, room.space) for room in mine] == [(network.space, True)]
        assert network.space not in [room.chat for room in held.rooms]
        assert (network.space, True) in [(room.chat, room.space) for room in listed.rooms]

    async def test_a_space_that_is_none_is_refused(self, network: FindingNetwork) -> None:
        async with connected(network) as session, raises(Refused) as caught:
            await directory_of(session).inside(ChatId("no such space"), "", 50)

        assert caught[0].reason in (Reason.NOT_FOUND, Reason.BAD_REQUEST, Reason.FORBIDDEN)


class Blocking:
    """For sessions that name `Block`."""

    async def test_whom_one_blocks_is_reported_at_once_and_at_every_start(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            assert Block in session.capabilities(ChatId("")).actions
            for key in ("1", "2"):
                await session.perform(Block(chat=ChatId(""), key=key, whom=network.somebody))
            await reader.until(lambda r: bool(r.of(BlockedChanged)))
            assert reader.of(BlockedChanged)[-1].contacts == {network.somebody}
            cursor = reader.cursor
        async with connected(network) as session, reading(session, cursor) as reader:
            kinds = [type(one) for one in reader.events if isinstance(one, BlockedChanged | Live)]
            assert kinds[0] is BlockedChanged
            assert reader.of(BlockedChanged)[0].contacts == {network.somebody}

            await session.perform(Block(chat=ChatId(""), key="3", whom=network.somebody, blocked=False))
            await reader.until(lambda r: r.of(BlockedChanged)[-1].contacts == set())

    async def test_nobody_blocks_themselves(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, raises(Refused):
            await session.perform(Block(chat=ChatId(""), key="1", whom=network.account.me))


class Reporting:
    """For sessions that name `Report`."""

    async def test_a_message_is_reported(self, network: NetworkUnderTest) -> None:
        said = await network.say("Do you bite your thumb at us, sir?")
        async with connected(network) as session:
            assert Report in session.capabilities(network.room).actions
            await session.perform(Report(chat=network.room, key="1", target=Target((said,)), reason="biting"))

    async def test_what_nobody_has_said_cannot_be_reported(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, raises(Refused):
            target = Target((type(await network.say("x"))("$no-such-message"),))
            await session.perform(Report(chat=network.room, key="1", target=target))
