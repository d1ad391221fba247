"""Subscribers hear of presences without asking: once each, in small groups."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.etree.ElementTree import fromstring

from bridge.contract import ContactId, Unconfirmed
from bridge.xmpp.chats import Addresses
from bridge.xmpp.herald import Herald
from bridge.xmpp.presence import Photos
from tests.support.asking import NETWORK
from tests.unit.xmpp.known import DOMAIN, ROMEO, AvatarsByHeart, KnownByHeart

PARIS = "paris@example.org"


class Server:
    """Takes what was written when it is asked whether it has; `broken` it has gone away."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str]] = []
        self.most = 0  # at once
        self.broken = False
        self._written: list[tuple[str, str, str]] = []
        self.news = asyncio.Event()

    def send(self, stanza: str) -> bool:
        found = fromstring(stanza)
        self._written.append((found.get("type", ""), found.get("from", ""), found.get("to", "")))
        self.news.set()
        return True

    async def settled(self) -> None:
        if self.broken:
            raise Unconfirmed("The connection broke.")
        self.most = max(self.most, len(self._written))
        self.taken, self._written = self.taken + self._written, []

    async def until(self, count: int) -> list[tuple[str, str, str]]:
        """So many, whether or not the server was asked."""
        async with asyncio.timeout(5):
            while len(self.taken) + len(self._written) < count:
                self.news.clear()
                await self.news.wait()
        return self.taken + self._written


@asynccontextmanager
async def running(herald: Herald) -> AsyncIterator[None]:
    task = asyncio.create_task(herald.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def befriended(people: KnownByHeart, user: str, *contacts: str, connected: bool = True) -> None:
    people.friendships[user] = [None, *map(ContactId, contacts)]
    if connected:
        people.connected.add(user)


async def test_who_is_there_is_told_first(addresses: Addresses, people: KnownByHeart) -> None:
    befriended(people, ROMEO, "juliet")
    befriended(people, PARIS, "juliet", connected=False)
    server = Server()
    async with running(Herald(NETWORK, addresses, people, server.send, server.settled, Photos(AvatarsByHeart()))):
        told = await server.until(3)

    assert told == [
        ("", DOMAIN, PARIS), ("", DOMAIN, ROMEO), ("", f"juliet@{DOMAIN}/landbridge", ROMEO)
    ]  # fmt: skip


async def test_who_is_away_is_told_when_accounts_had_time_to_connect(
    addresses: Addresses, people: KnownByHeart
) -> None:
    befriended(people, ROMEO, "juliet", connected=False)
    befriended(people, PARIS, "juliet", connected=False)
    server = Server()
    async with running(
        Herald(NETWORK, addresses, people, server.send, server.settled, Photos(AvatarsByHeart()), patience=0.05)
    ):
        await server.until(2)
        people.connected.add(PARIS)
        told = await server.until(3)

    assert told[2:] == [("unavailable", f"juliet@{DOMAIN}/landbridge", ROMEO)]


async def test_changes_are_told_as_they_are_when_their_turn_comes(addresses: Addresses, people: KnownByHeart) -> None:
    befriended(people, ROMEO, "juliet")
    server = Server()
    herald = Herald(NETWORK, addresses, people, server.send, server.settled, Photos(AvatarsByHeart()))
    async with running(herald):
        await server.until(2)
        await asyncio.sleep(0)
        people.connected.clear()
        for _ in range(3):
            herald.changed(people.presence(ROMEO, NETWORK, ContactId("juliet")))
        told = await server.until(3)

    assert told[2:] == [("unavailable", f"juliet@{DOMAIN}/landbridge", ROMEO)]


async def test_who_has_not_been_greeted_hears_it_then_and_once(addresses: Addresses, people: KnownByHeart) -> None:
    befriended(people, ROMEO, *(f"p{n}" for n in range(200)))
    server = Server()
    herald = Herald(NETWORK, addresses, people, server.send, server.settled, Photos(AvatarsByHeart()))
    for contact in people.friendships[ROMEO]:
        herald.changed(people.presence(ROMEO, NETWORK, contact))
    async with running(herald):
        told = await server.until(201)

    assert len(set(told)) == len(told) == 201
    assert server.most == 50


async def test_a_stream_that_ends_ends_the_herald(addresses: Addresses, people: KnownByHeart) -> None:
    befriended(people, ROMEO, *(f"p{n}" for n in range(200)))
    server = Server()
    server.broken = True

    await asyncio.wait_for(
        Herald(NETWORK, addresses, people, server.send, server.settled, Photos(AvatarsByHeart())).run(), 5
    )
    await asyncio.wait_for(
        Herald(NETWORK, addresses, people, server.send, server.settled, Photos(AvatarsByHeart())).goodbye(), 5
    )

    assert server.taken == []


async def test_goodbye_is_said_for_who_was_there(addresses: Addresses, people: KnownByHeart) -> None:
    befriended(people, ROMEO, "juliet")
    befriended(people, PARIS, "juliet", connected=False)
    server = Server()

    await Herald(NETWORK, addresses, people, server.send, server.settled, Photos(AvatarsByHeart())).goodbye()

    assert server.taken == [
        ("unavailable", DOMAIN, PARIS), ("unavailable", DOMAIN, ROMEO),
        ("unavailable", f"juliet@{DOMAIN}/landbridge", ROMEO),
    ]  # fmt: skip
