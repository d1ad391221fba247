"""People: names as accounts saw them, subscriptions that last, presences that follow accounts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import event

from bridge.contract import AccountId, Contact, ContactId, NetworkId
from bridge.hub.facades import PresenceOf
from bridge.hub.people import KnownPeople
from bridge.store.accounts import REVOKED, end_account, put_account
from bridge.store.database import Database
from bridge.store.listed import keep, parted
from bridge.store.tables import chats, directs

NETWORK = NetworkId("matrix")
ROMEO, JULIET, EVE = "romeo@example.org", "juliet@example.org", "eve@evil.example"
ALICE = ContactId("@alice:y")


@asynccontextmanager
async def known_people(database: Database) -> AsyncIterator[KnownPeople]:
    people = KnownPeople(database, ["*@example.org"], [])
    await people.load()
    running = asyncio.create_task(people.seen.run())
    try:
        yield people
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def people(database: Database) -> AsyncIterator[KnownPeople]:
    async with known_people(database) as made:
        yield made


async def account_of(database: Database, user: str, me: str = "@me:y") -> AccountId:
    return AccountId(await database.write(lambda c: put_account(c, NETWORK, user, me, "", b"")))


async def test_a_contact_is_known_as_an_account_last_saw_them(database: Database, people: KnownPeople) -> None:
    account = await account_of(database, ROMEO)

    people.seen.saw(account, ROMEO, NETWORK, Contact(ALICE, "Alice", "mxc://y/1"))
    people.seen.saw(account, ROMEO, NETWORK, Contact(ALICE, "Alice B.", "mxc://y/1"))
    people.seen.saw(account, ROMEO, NETWORK, Contact(ALICE))
    await people.seen.drained()

    assert await people.profile(ROMEO, NETWORK, ALICE) == Contact(ALICE, "Alice B.", "mxc://y/1")


async def test_a_name_counts_only_for_those_who_were_told_it(database: Database, people: KnownPeople) -> None:
    account = await account_of(database, ROMEO)
    await account_of(database, JULIET)

    people.seen.saw(account, ROMEO, NETWORK, Contact(ALICE, "Alice"))
    await people.seen.drained()

    assert await people.profile(JULIET, NETWORK, ALICE) is None
    assert await people.profile(ROMEO, NetworkId("telegram"), ALICE) is None


async def test_a_name_is_known_before_it_is_written(database: Database) -> None:
    people = KnownPeople(database, ["*"], [])
    account = await account_of(database, ROMEO)
    people.account_changed(account, NETWORK, ROMEO, True)

    people.seen.saw(account, ROMEO, NETWORK, Contact(ALICE, "Alice"))

    assert await people.profile(ROMEO, NETWORK, ALICE) == Contact(ALICE, "Alice")


async def test_an_unchanged_name_writes_nothing(database: Database, people: KnownPeople) -> None:
    account = await account_of(database, ROMEO)
    people.seen.saw(account, ROMEO, NETWORK, Contact(ALICE, "Alice"))
    await people.seen.drained()
    statements: list[str] = []
    engine = database._writer
    event.listen(
        engine, "before_cursor_execute", lambda *args: statements.append(args[2]) if "people" in args[2] else None
    )

    for _ in range(100):
        people.seen.saw(account, ROMEO, NETWORK, Contact(ALICE, "Alice"))
        people.seen.saw(account, ROMEO, NETWORK, Contact(ALICE))
    await people.seen.drained()
    assert statements == []

    async with known_people(database) as after_restart:
        after_restart.seen.saw(account, ROMEO, NETWORK, Contact(ALICE, "Alice"))
        await after_restart.seen.drained()
        assert statements == []

        after_restart.seen.saw(account, ROMEO, NETWORK, Contact(ALICE, "Alice B."))
        await after_restart.seen.drained()
        assert len(statements) == 1


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 100_000])
async def test_hostile_names_are_stored_harmless(database: Database, people: KnownPeople, name: str) -> None:
    account = await account_of(database, ROMEO)

    people.seen.saw(account, ROMEO, NETWORK, Contact(ALICE, name))
    await people.seen.drained()

    found = await people.profile(ROMEO, NETWORK, ALICE)
    assert found is not None
    assert 0 < len(found.name) <= 1_000


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 100_000])
async def test_hostile_ids_disturb_nobody_else(database: Database, people: KnownPeople, name: str) -> None:
    account = await account_of(database, ROMEO)

    people.seen.saw(account, ROMEO, NETWORK, Contact(ContactId(name), "Mallory"))
    people.seen.saw(account, ROMEO, NETWORK, Contact(ALICE, "Alice"))
    await people.seen.drained()

    assert await people.profile(ROMEO, NETWORK, ALICE) == Contact(ALICE, "Alice", "")
    assert not await people.befriend(ROMEO, NETWORK, ContactId(name), True)


async def test_a_large_first_sync_is_written_in_groups(database: Database, people: KnownPeople) -> None:
    account = await account_of(database, ROMEO)

    for number in range(1_201):
        people.seen.saw(account, ROMEO, NETWORK, Contact(ContactId(f"@{number}:y"), f"Person {number}"))
    await people.seen.drained()

    assert await people.profile(ROMEO, NETWORK, ContactId("@1200:y")) == Contact(
        ContactId("@1200:y"), "Person 1200", ""
    )


async def test_contacts_are_those_with_direct_chats_by_name(database: Database, people: KnownPeople) -> None:
    mine, hers = await account_of(database, ROMEO), await account_of(database, JULIET)
    await direct_chat(database, mine, "@zoe:y")
    await direct_chat(database, mine, "@alice:y")
    await direct_chat(database, mine, "@mute:y")
    await direct_chat(database, hers, "@other:y")
    for contact, name in (("@zoe:y", "Aunt Zoe"), ("@alice:y", "alice"), ("@lurker:y", "Lurker")):
        people.seen.saw(mine, ROMEO, NETWORK, Contact(ContactId(contact), name))
    await people.seen.drained()

    found = await people.contacts(ROMEO, NETWORK)

    assert [(contact.id, contact.name) for contact in found] == [
        ("@mute:y", ""),
        ("@alice:y", "alice"),
        ("@zoe:y", "Aunt Zoe"),
    ]


async def test_a_subscription_lasts_over_a_restart(database: Database, people: KnownPeople) -> None:
    account = await account_of(database, ROMEO)
    people.seen.saw(account, ROMEO, NETWORK, Contact(ALICE, "Alice"))
    await people.seen.drained()

    assert await people.befriend(ROMEO, NETWORK, None, True)
    assert await people.befriend(ROMEO, NETWORK, ALICE, True)
    assert await people.befriend(ROMEO, NETWORK, ALICE, True)

    async with known_people(database) as after_restart:
        for either in (people, after_restart):
            assert await either.friends(ROMEO, NETWORK) == [None, ALICE]
            assert await either.subscribers(NETWORK) == [ROMEO]
            assert await either.subscribers(NetworkId("telegram")) == []
            assert either.presence(ROMEO, NETWORK, ALICE).contact == Contact(ALICE, "Alice", "")

        assert await after_restart.befriend(ROMEO, NETWORK, ALICE, False)
        assert await after_restart.befriend(ROMEO, NETWORK, None, False)
        assert await after_restart.subscribers(NETWORK) == []
    async with known_people(database) as once_more:
        assert await once_more.friends(ROMEO, NETWORK) == []


async def test_from_whom_one_is_parted_one_may_ask_for_again_meanwhile(database: Database, people: KnownPeople) -> None:
    bob, carol = ContactId("@bob:y"), ContactId("@carol:y")
    await account_of(database, ROMEO)
    for contact in (ALICE, bob, carol):
        assert await people.befriend(ROMEO, NETWORK, contact, True)

    async with people.parting(ROMEO, NETWORK, [ALICE, bob]):
        assert await people.friends(ROMEO, NETWORK) == [carol]
        # A server that has not heard of it yet only believes that it is so.
        assert not await people.befriend(ROMEO, NETWORK, ALICE, True, asked=False)
        assert await people.befriend(ROMEO, NETWORK, bob, True)
    assert await people.befriend(ROMEO, NETWORK, ALICE, True, asked=False)
    assert await people.befriend(ROMEO, NETWORK, ALICE, False)

    with pytest.raises(ConnectionError):
        async with people.parting(ROMEO, NETWORK, [carol]):
            raise ConnectionError
    async with known_people(database) as after_restart:
        for either in (people, after_restart):
            assert await either.friends(ROMEO, NETWORK) == [bob, carol]


async def test_who_asks_again_while_it_is_written_is_not_forgotten(database: Database, people: KnownPeople) -> None:
    await account_of(database, ROMEO)
    assert await people.befriend(ROMEO, NETWORK, ALICE, True)

    await asyncio.gather(people.befriend(ROMEO, NETWORK, ALICE, False), people.befriend(ROMEO, NETWORK, ALICE, True))

    async with known_people(database) as after_restart:
        for either in (people, after_restart):
            assert await either.friends(ROMEO, NETWORK) == [ALICE]


async def test_the_gateway_is_for_who_may_use_it_and_contacts_for_who_has_an_account(
    database: Database, people: KnownPeople
) -> None:
    await account_of(database, EVE)

    assert await people.befriend(ROMEO, NETWORK, None, True)
    assert not await people.befriend(ROMEO, NETWORK, ALICE, True)
    assert not await people.befriend(EVE, NETWORK, None, True)
    assert not await people.befriend(EVE, NETWORK, ALICE, True)
    assert await people.befriend(EVE, NETWORK, ALICE, False)
    assert await people.subscribers(NETWORK) == [ROMEO]


async def test_contacts_are_there_while_any_account_of_their_user_is_connected(
    database: Database, people: KnownPeople
) -> None:
    one, two = await account_of(database, ROMEO, "@one:y"), await account_of(database, ROMEO, "@two:y")
    await people.befriend(ROMEO, NETWORK, None, True)
    await people.befriend(ROMEO, NETWORK, ALICE, True)
    seen: list[PresenceOf] = []
    people.watch(seen.append)
    away = "Not connected. Send `login` to sign in, or `status` to see why."

    people.account_changed(one, NETWORK, ROMEO, True)
    assert seen == [
        PresenceOf(ROMEO, NETWORK, None, True, "", subscribed=True),
        PresenceOf(ROMEO, NETWORK, Contact(ALICE), True, subscribed=True),
    ]
    assert people.presence(ROMEO, NETWORK, ALICE).available
    assert not people.presence(JULIET, NETWORK, ALICE).available

    seen.clear()
    people.account_changed(two, NETWORK, ROMEO, True)
    people.account_changed(one, NETWORK, ROMEO, False)
    people.account_changed(one, NETWORK, ROMEO, False)
    assert seen == []

    people.account_changed(two, NETWORK, ROMEO, False)
    assert seen == [
        PresenceOf(ROMEO, NETWORK, None, True, away, subscribed=True),
        PresenceOf(ROMEO, NETWORK, Contact(ALICE), False, subscribed=True),
    ]


async def test_the_gateway_is_away_for_who_may_not_use_it(people: KnownPeople) -> None:
    assert people.presence(ROMEO, NETWORK, None).available
    assert not people.presence(EVE, NETWORK, None).available


async def test_a_new_name_is_told_to_who_wants_the_presence_and_to_nobody_else(
    database: Database, people: KnownPeople
) -> None:
    mine, hers = await account_of(database, ROMEO), await account_of(database, JULIET)
    await people.befriend(ROMEO, NETWORK, ALICE, True)
    people.account_changed(mine, NETWORK, ROMEO, True)
    people.account_changed(hers, NETWORK, JULIET, True)
    seen: list[PresenceOf] = []
    people.watch(seen.append)

    for _ in range(2):
        people.seen.saw(mine, ROMEO, NETWORK, Contact(ALICE, "Alice"))
        people.seen.saw(hers, JULIET, NETWORK, Contact(ALICE, "Al"))
        people.seen.saw(mine, ROMEO, NETWORK, Contact(ContactId("@bob:y"), "Bob"))
        await people.seen.drained()

    assert seen == [PresenceOf(ROMEO, NETWORK, Contact(ALICE, "Alice"), True, subscribed=True)]
    assert people.presence(ROMEO, NETWORK, ALICE).contact == Contact(ALICE, "Alice")


async def direct_chat(database: Database, account: AccountId, contact: str) -> None:
    def add(connection):  # type: ignore[no-untyped-def]
        native = f"!{account}{contact}"
        values = {"network": NETWORK, "scope": "y", "native": native, "kind": "direct", "contact": contact}
        chat = connection.execute(chats.insert().values(values).returning(chats.c.id)).scalar_one()
        connection.execute(directs.insert().values(account=account, contact=contact, chat=chat))

    await database.write(add)


async def test_who_has_ended_all_accounts_is_parted(database: Database, people: KnownPeople) -> None:
    account = await account_of(database, ROMEO)
    other = await account_of(database, JULIET)
    for user in (ROMEO, JULIET):
        assert await people.befriend(user, NETWORK, ALICE, True)
        assert await people.befriend(user, NETWORK, None, True)
    await database.write(lambda c: end_account(c, other, "It was revoked.", REVOKED))
    assert await database.read(lambda c: parted(c, NETWORK)) == []

    await database.write(lambda c: end_account(c, account))
    assert await database.read(lambda c: parted(c, NETWORK)) == [ROMEO]
    assert await database.read(lambda c: parted(c, NETWORK, JULIET)) == []
    assert not await people.befriend(ROMEO, NETWORK, ContactId("@bob:y"), True)
    assert await people.befriend(JULIET, NETWORK, ContactId("@bob:y"), True)

    await people.befriend(ROMEO, NETWORK, ALICE, False)
    assert await database.read(lambda c: parted(c, NETWORK)) == []
    await database.write(lambda c: keep(c, ROMEO, NETWORK, "room", "r@x", "R"))
    assert await database.read(lambda c: parted(c, NETWORK)) == [ROMEO]
