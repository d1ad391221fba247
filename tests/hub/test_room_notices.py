"""What takes long is told to a room once, with names and a number, and so is how it ended, also after a crash."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import (
    ChatId,
    ChatKind,
    ChatSeen,
    Contact,
    ContactId,
    Fail,
    Message,
    MessageId,
    MessageReceived,
    Occupant,
    Reason,
    Refused,
    Send,
    Unavailable,
)
from bridge.hub.limits import Limits
from bridge.store.database import Database
from tests.support.house import House, house

ROMEO, JULIET, VERONA = "romeo@home.example", "juliet@home.example", ChatId("#verona@far")
AWAY = "could not be delivered to FAR yet: FAR is away. "
DELAY = 4.0


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    """Romeo and Juliet are in Verona, under the names that they have there; FAR is away."""
    async with house(database, tmp_path, limits=Limits(delay_notice=DELAY, backoff_max=0.3)) as made:
        made.far.occupants["!verona"] = [
            Occupant(Contact(ContactId("@romeo"), "Romeo")),
            Occupant(Contact(ContactId("@juliet"), "Juliet Capulet")),
        ]
        for user, me in ((ROMEO, "@romeo"), (JULIET, "@juliet")):
            seen = ChatSeen(chat=ChatId("!verona"), kind=ChatKind.ROOM, name="Verona", alias="#verona")
            made.far.report(await made.account(user, me), seen)
        await made.settled()
        await made.rooms.enter(VERONA, ROMEO)
        away(made)
        yield made


def away(home: House) -> None:
    home.far.raises = lambda action: Unavailable("FAR is away.")


def back(home: House) -> None:
    home.far.raises = lambda action: None


async def write(home: House, *lines: tuple[str, str]) -> None:
    """Users write in the room, and it takes long from the first moment on."""
    for user, text in lines:
        home.xmpp.report(
            home.home_account,
            MessageReceived(
                chat=VERONA, id=MessageId(text), sender=Contact(ContactId(user)), at=1.0, origin=f"{user}/app {text}",
                confirm=False, message=Message(text),
            ),
        )  # fmt: skip
    await home.settled()
    late = f"UPDATE deliveries SET at = at - {2 * DELAY} WHERE at > {DELAY} AND told = 0"
    await home.database.write(lambda c: c.exec_driver_sql(late))


def notices(home: House) -> list[tuple[str, str]]:
    """Where, and what, neither user nor anybody on FAR has said."""
    return [(one.chat, one.message.text) for one in home.xmpp.actions(Send) if one.persona is None]


async def told(home: House, number: int, where: str = VERONA) -> list[str]:
    while len(notices(home)) < number:
        await home.xmpp.until(len(home.xmpp.actions()) + 1)
    assert {place for place, _ in notices(home)} == {where}
    return [text for _, text in notices(home)]


async def test_a_delay_is_told_once_and_so_is_its_end(home: House) -> None:
    await write(home, (ROMEO, "0"), (JULIET, "1"), (ROMEO, "2"))
    await told(home, 1)
    await write(home, (ROMEO, "3"))
    async with asyncio.timeout(60):
        while await home.rows("SELECT count(*) FROM deliveries WHERE told = 1") != [(4,)]:
            await asyncio.sleep(0.05)  # nobody is told of it
    back(home)

    late, ended = await told(home, 2)

    assert late == (
        f"3 messages from Romeo, Juliet Capulet {AWAY}"
        "They are tried again until it works; their authors hear of it if it does not."
    )
    assert ended == "The 4 messages that were late have now been delivered to FAR."
    assert [one.message.text for one in home.far.actions(Send)] == ["0", "1", "2", "3"]
    assert await home.rows("SELECT * FROM delays") == []


async def test_its_end_is_told_after_a_crash_with_what_failed(home: House) -> None:
    await write(home, (ROMEO, "0"), (ROMEO, "1"), (ROMEO, "2"))
    (late,) = await told(home, 1)
    await home.stop()
    home.far.raises = lambda action: Refused("No.", Reason.POLICY) if action.message.text == "1" else None
    await home.start()

    ended = (await told(home, 2))[-1]

    assert [text for _, text in notices(home)] == [late, ended]
    assert ended == (
        "The 2 messages that were late have now been delivered to FAR. "
        "1 more could not be: their authors were told of each."
    )
    assert len(home.xmpp.actions(Fail)) == 1


async def test_of_what_failed_as_a_whole_only_its_authors_hear(home: House) -> None:
    await write(home, (ROMEO, "0"))
    await told(home, 1)
    home.far.raises = lambda action: Refused("No.", Reason.POLICY)
    await home.xmpp.until(1, Fail)
    async with asyncio.timeout(60):
        while await home.rows("SELECT * FROM delays"):
            await asyncio.sleep(0.05)
    await home.settled()

    assert len(notices(home)) == 1


async def test_a_room_hears_of_delays_at_most_once_in_ten_minutes(home: House) -> None:
    await write(home, (ROMEO, "0"))
    await told(home, 1)
    back(home)
    await told(home, 2)
    away(home)
    await write(home, (ROMEO, "1"))
    await asyncio.sleep(DELAY / 2)  # twice the time between two looks
    back(home)
    await home.far.until(2, Send)

    first, second = await told(home, 2)
    assert (AWAY in first, second) == (True, "The message that was late has now been delivered to FAR.")


async def test_nobody_is_told_that_we_have_just_begun(tmp_path: Path) -> None:
    """What waits since long ago is not tried before our accounts have caught up; if they cannot, that is told."""
    database = await Database.open(f"sqlite:///{tmp_path / 'test.db'}")
    limits = Limits(delay_notice=DELAY, live_wait=2.5 * DELAY / 4, backoff_max=0.3)  # two looks long
    async with house(database, tmp_path, limits=limits) as home:
        await home.account(ROMEO, "@romeo")
        away(home)
        home.writes(ROMEO, "@anna", "hello")
        await home.settled()
        await home.stop()
        await database.write(lambda c: c.exec_driver_sql("UPDATE deliveries SET at = at - 1000, told = 0"))
        home.far.refuses_connections = Unavailable("FAR cannot be reached.")
        await home.start()

        (notice,) = await told(home, 1, f"{ROMEO} @far")

        assert notice.startswith(
            "A message of yours to @anna could not be delivered to FAR yet: FAR cannot be reached."
        )
    await database.close()


async def test_a_notice_that_is_seen_after_a_restart_is_nobodys_message(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{tmp_path / 'test.db'}")
    async with house(database, tmp_path) as home:
        account = await home.account("", "@relay")
        assert home.hub is not None
        ends = [("far", "", "!verona", account), ("xmpp", "", "verona@muc", home.home_account)]
        assert await home.hub.linking.add("verona", ends)
        home.xmpp.raises = lambda action: Refused("No.", Reason.POLICY) if action.message.text == "bad" else None
        home.says(account, "!verona", "@anna", "bad", "$1")
        (notice,) = await home.far.until(1, Send)
        async with asyncio.timeout(10):
            while await home.rows("SELECT * FROM events WHERE kind = 'notice'"):
                await asyncio.sleep(0.01)
        await home.stop()
        await home.start()

        home.says(account, "!verona", "@relay", notice.message.text, "far-1", key=notice.key)
        home.says(account, "!verona", "@anna", "good", "$2")

        sent = [one.message.text for one in await home.xmpp.until(1, Send)]
        await home.settled()
        assert sent == ["good"]
    await database.close()
