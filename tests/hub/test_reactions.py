"""Reactions that come one by one, and the archive of a room, on both kinds of database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import (
    Message,
    MessageId,
    MessageReceived,
    React,
    ReactionsChanged,
    Retract,
    Send,
)
from bridge.store.database import Database
from tests.hub.verona import ROMEO, VERONA, Verona, in_verona, reacts, takes_back


@pytest.fixture
async def verona(database: Database, tmp_path: Path) -> AsyncIterator[Verona]:
    async with in_verona(database, tmp_path) as made:
        yield made


async def test_reactions_that_come_one_by_one_are_whole_sets_also_after_a_restart(verona: Verona) -> None:
    target = verona.far(MessageReceived, "anna", message=Message("hi"))
    first = reacts(verona, "anna", target, "👍")
    reacts(verona, "anna", target, "🎉")
    reacts(verona, "prince", target, "👍")
    await verona.home.xmpp.until(3, React)
    await verona.home.settled()
    await verona.home.stop()
    await verona.home.start()

    takes_back(verona, "anna", first)

    sets = await verona.home.xmpp.until(4, React)
    assert [(one.persona.contact, one.reactions) for one in sets] == [
        ("@anna", ("👍",)), ("@anna", ("👍", "🎉")), ("@prince", ("👍",)), ("@anna", ("🎉",)),
    ]  # fmt: skip
    assert verona.home.xmpp.actions(Retract) == []


async def test_a_reaction_that_a_moderator_takes_away_is_gone_from_its_owners_set(verona: Verona) -> None:
    target = verona.far(MessageReceived, "anna", message=Message("hi"))
    takes_back(verona, "prince", reacts(verona, "anna", target, "💩"))

    sets = await verona.home.xmpp.until(2, React)
    assert [(one.persona.contact, one.reactions) for one in sets] == [("@anna", ("💩",)), ("@anna", ())]


async def test_a_user_and_his_account_have_one_set(verona: Verona) -> None:
    """What he sets here he may take back with another app, and the other way round."""
    target = verona.far(MessageReceived, "anna", message=Message("hi"))
    await verona.home.xmpp.until(1, Send)
    named = verona.named(verona.home.xmpp.actions(Send)[0])
    verona.xmpp(ReactionsChanged, target=named, reactions=("👍", "🎉"))
    (done,) = await verona.home.far.until(1, React)
    await verona.home.settled()
    number = len(verona.home.far.done)

    takes_back(verona, "romeo", f"far-{number}-👍")
    other = reacts(verona, "romeo", target, "🔥")

    sets = await verona.home.xmpp.until(3, React)
    assert [one.reactions for one in sets] == [("👍", "🎉"), ("🎉",), ("🎉", "🔥")]
    verona.xmpp(ReactionsChanged, target=named, reactions=())
    *_, last = await verona.home.far.until(2, React)
    assert (done.before, last.reactions) == ((), ())
    assert sorted(last.before) == sorted([("🎉", f"far-{number}-🎉"), ("🔥", other)])


async def test_more_reactions_than_anybody_sends_are_ignored(verona: Verona) -> None:
    target = verona.far(MessageReceived, "anna", message=Message("hi"))
    for number in range(60):
        reacts(verona, "anna", target, str(number))
    verona.far(MessageReceived, "anna", message=Message("last"))

    await verona.home.xmpp.until(2, Send)
    assert max(len(one.reactions) for one in verona.home.xmpp.actions(React)) == 50


async def test_in_the_archive_a_reply_names_what_the_room_shows(verona: Verona) -> None:
    first = verona.far(MessageReceived, "anna", message=Message("hi"))
    verona.far(MessageReceived, "prince", message=Message("to you", reply_to=MessageId(first)))
    await verona.home.xmpp.until(2, Send)

    said, reply = await verona.home.said_in(VERONA, ROMEO)
    assert (said.message.reply_to, reply.message.reply_to) == (None, said.key)
