"""Who has ended one of several accounts is left by those whom only that one knew; who has ended all, by everybody."""

from collections.abc import Awaitable, Callable

import pytest

from bridge.contract import ContactId, Unavailable
from bridge.xmpp.chats import Addresses
from bridge.xmpp.farewells import Farewells
from tests.support.asking import NETWORK
from tests.unit.xmpp.known import GATEWAY, ROMEO, KnownByHeart, ListsByHeart

JULIET, NURSE, TYBALT = ContactId("juliet"), ContactId("nurse"), ContactId("tybalt")


class Wire:
    def __init__(self) -> None:
        self.sent: list[str] = []
        self.up = True
        self.meanwhile: Callable[[], Awaitable[object]] = _nothing

    def send(self, stanza: str) -> bool:
        self.sent.append(stanza)
        return self.up

    async def settled(self) -> None:
        await self.meanwhile()


async def _nothing() -> None: ...


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def lists() -> ListsByHeart:
    return ListsByHeart()


@pytest.fixture
async def farewells(addresses: Addresses, people: KnownByHeart, lists: ListsByHeart, wire: Wire) -> Farewells:
    people.with_account.add(ROMEO)
    for contact in (None, JULIET, NURSE):
        assert await people.befriend(ROMEO, NETWORK, contact, True)
    return Farewells(GATEWAY, addresses, people, lists, wire.send, wire.settled)


async def test_whom_only_an_ended_account_knew_is_left_once(
    farewells: Farewells, people: KnownByHeart, lists: ListsByHeart, wire: Wire
) -> None:
    lists.of_ended[ROMEO] = [JULIET, TYBALT]

    await farewells.keep(ROMEO)
    assert people.friendships[ROMEO] == [None, NURSE]
    assert [stanza.count("unsubscribed") for stanza in wire.sent] == [1]

    await people.befriend(ROMEO, NETWORK, JULIET, True)  # who is added again stays
    await farewells.keep(ROMEO)
    assert people.friendships[ROMEO] == [None, NURSE, JULIET]

    lists.of_ended.clear()  # the account is back, and ends once more
    await farewells.keep(ROMEO)
    lists.of_ended[ROMEO] = [JULIET]
    await farewells.keep(ROMEO)
    assert people.friendships[ROMEO] == [None, NURSE]


async def test_who_has_no_account_any_more_is_left_with_nothing(
    farewells: Farewells, people: KnownByHeart, lists: ListsByHeart
) -> None:
    lists.of_ended[ROMEO] = [TYBALT]
    await farewells.keep(ROMEO)

    await farewells.part(ROMEO)

    assert people.friendships[ROMEO] == [None]
    assert not any(lists.items.values())


async def test_what_could_not_be_said_is_not_forgotten(
    farewells: Farewells, people: KnownByHeart, lists: ListsByHeart, wire: Wire
) -> None:
    lists.of_ended[ROMEO] = [JULIET]
    wire.up = False

    with pytest.raises(Unavailable):
        await farewells.keep(ROMEO)

    assert people.friendships[ROMEO] == [None, JULIET, NURSE]
    wire.up = True
    await farewells.keep(ROMEO)
    assert people.friendships[ROMEO] == [None, NURSE]


async def test_who_is_asked_for_again_before_the_server_has_answered_stays(
    farewells: Farewells, people: KnownByHeart, lists: ListsByHeart, wire: Wire
) -> None:
    lists.of_ended[ROMEO] = [JULIET, NURSE]
    wire.meanwhile = lambda: people.befriend(ROMEO, NETWORK, JULIET, True)

    await farewells.keep(ROMEO)
    await farewells.keep(ROMEO)

    assert people.friendships[ROMEO] == [None, JULIET]
    assert [stanza.count("unsubscribed") for stanza in wire.sent] == [1, 1]
