"""Signs of life: reported while they last, and shown."""

import asyncio
from typing import Protocol

from bridge.contract import (
    ChatId,
    MarkRead,
    MessageId,
    MessageReceived,
    PresenceChanged,
    ReadUpTo,
    SetPresence,
    SetTyping,
    Target,
    TypingChanged,
)
from bridge.testing.conformance.network import PATIENCE, NetworkUnderTest, a_send, connected, reading, said


class SigningNetwork(NetworkUnderTest, Protocol):
    """A network that knows who writes, who has read, and who is there."""

    async def types(self, typing: bool) -> None:
        """The other person begins to write in the room, or stops."""
        ...

    async def reads(self, target: MessageId) -> None:
        """The other person has read the room up to there."""
        ...

    async def appears(self, away: bool, status: str) -> None:
        """The other person is there."""
        ...

    async def signs(self) -> tuple[bool, str]:
        """What the other person sees of our account: whether it writes, and up to where it has read; may be old."""
        ...

    async def presence(self) -> str:
        """How the other person sees our account: available, away or unavailable; may be old."""
        ...


class Signing:
    """For sessions that name `SetTyping` and `MarkRead` in their capabilities."""

    async def test_who_writes_is_reported(self, network: SigningNetwork) -> None:
        async with connected(network) as session, reading(session) as reader:
            await network.types(True)
            await reader.until(lambda r: len(r.of(TypingChanged)) == 1)
            await network.types(False)
            await reader.until(lambda r: len(r.of(TypingChanged)) == 2)
            me = session.me

        assert [(one.chat, one.typing) for one in reader.of(TypingChanged)] == [
            (network.room, True), (network.room, False)
        ]  # fmt: skip
        assert me.id not in {one.sender.id for one in reader.of(TypingChanged)}

    async def test_that_somebody_wrote_is_not_told_later(self, network: SigningNetwork) -> None:
        async with connected(network) as session, reading(session) as reader:
            cursor = reader.cursor
        await network.types(True)
        async with connected(network) as session, reading(session, cursor) as later:
            await network.say("now")
            await later.until(lambda r: "now" in r.texts)

        assert later.of(TypingChanged) == []

    async def test_what_is_read_is_reported(self, network: SigningNetwork) -> None:
        async with connected(network) as session, reading(session) as reader:
            ids = await said(session, a_send(network, "1", "mine"))
            await network.reads(ids[-1])
            await reader.until(lambda r: any(one.sender.id != session.me.id for one in r.of(ReadUpTo)))
            me = session.me.id

        found = next(one for one in reader.of(ReadUpTo) if one.sender.id != me)
        assert (found.chat, found.target, found.private) == (network.room, ids[-1], False)

    async def test_writing_is_shown(self, network: SigningNetwork) -> None:
        async with connected(network) as session, reading(session):
            for number, typing in enumerate((True, False)):
                await session.perform(SetTyping(chat=network.room, key=f"typing-{number}", typing=typing))
                await self._until(network, typing=typing)

    async def test_reading_is_shown(self, network: SigningNetwork) -> None:
        async with connected(network) as session, reading(session) as reader:
            target = await network.say("theirs")
            await reader.until(lambda r: bool(r.of(MessageReceived)))
            await session.perform(MarkRead(chat=network.room, key="read-1", target=Target((target,))))
            await self._until(network, read=target)

    async def test_reading_in_private_is_told_to_nobody_else(self, network: SigningNetwork) -> None:
        async with connected(network) as session, reading(session) as reader:
            first, second = await network.say("one"), await network.say("two")
            await reader.until(lambda r: len(r.of(MessageReceived)) == 2)
            mark = MarkRead(chat=network.room, key="read-1", target=Target((second,)), private=True)
            await session.perform(mark)
            await reader.until(lambda r: any(one.private for one in r.of(ReadUpTo)))
            await session.perform(MarkRead(chat=network.room, key="read-2", target=Target((first,))))
            await self._until(network, read=first)

    async def _until(self, network: SigningNetwork, *, typing: bool | None = None, read: str | None = None) -> None:
        found: tuple[bool, str] = (False, "")
        try:
            async with asyncio.timeout(PATIENCE):
                while (typing is not None and found[0] != typing) or (read is not None and found[1] != read):
                    await asyncio.sleep(0.05)  # another client's view, which nothing tells of
                    found = await network.signs()
        except TimeoutError:
            raise AssertionError(f"the other person sees {found}") from None


class Appearing:
    """For sessions that name `SetPresence` in their capabilities."""

    async def test_who_is_there_is_reported(self, network: SigningNetwork) -> None:
        async with connected(network) as session, reading(session) as reader:
            await network.appears(away=True, status="in the orchard")
            await reader.until(lambda r: any(one.status == "in the orchard" for one in r.of(PresenceChanged)))

        found = next(one for one in reader.of(PresenceChanged) if one.status == "in the orchard")
        assert (found.available, found.away) == (True, True)
        assert found.contact.id != network.account.me

    async def test_nobody_is_shown_as_there_who_is_not(self, network: SigningNetwork) -> None:
        async with connected(network) as session, reading(session) as reader:
            await network.say("one")
            await reader.until(lambda r: bool(r.of(MessageReceived)))
            assert await network.presence() != "available"

    async def test_that_somebody_is_there_is_shown(self, network: SigningNetwork) -> None:
        async with connected(network) as session, reading(session):
            for number, (there, away, shown) in enumerate(
                ((True, False, "available"), (True, True, "away"), (False, False, "unavailable"))
            ):
                wish = SetPresence(chat=ChatId(""), key=f"presence-{number}", available=there, away=away)
                await session.perform(wish)
                await self._until(network, shown)

    async def _until(self, network: SigningNetwork, shown: str) -> None:
        found = ""
        try:
            async with asyncio.timeout(PATIENCE):
                while found != shown:
                    await asyncio.sleep(0.05)  # another client's view, which nothing tells of
                    found = await network.presence()
        except TimeoutError:
            raise AssertionError(f"the other person sees {found}, not {shown}") from None
