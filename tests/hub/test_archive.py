"""The archive of a hosted room: what is in it, in which order, and who may read which of it."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.contract import (
    ChatKind,
    ChatSeen,
    Contact,
    ContactId,
    Edit,
    Membership,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    Occupant,
    OccupantChanged,
    React,
    Reason,
    Refused,
    Retract,
    Send,
)
from bridge.hub.lines import ArchivePage, ArchiveQuery, Line
from bridge.store.database import Database
from tests.hub.verona import ROMEO, THERE, VERONA, Verona, in_verona, reacts, takes_back
from tests.support.house import FAR

JULIET, PARIS = "juliet@home.example", "paris@home.example"


@pytest.fixture
async def verona(database: Database, tmp_path: Path) -> AsyncIterator[Verona]:
    async with in_verona(database, tmp_path) as made:
        yield made


async def page(verona: Verona, reader: str = ROMEO, **query: Any) -> ArchivePage:
    assert verona.home.hub is not None
    await verona.home.settled()
    return await verona.home.hub.archive.page(VERONA, reader, ArchiveQuery(**{"most": 100, **query}))


def texts(lines: Any) -> list[str]:
    return [line.message.text for line in lines]


def told(line: Line) -> str:
    return type(line.said).__name__ if line.removal is None else "tombstone"


async def ten(verona: Verona) -> list[Line]:
    for number in range(10):
        verona.far(MessageReceived, "anna", message=Message(f"{number}"))
    return list((await page(verona)).lines)


async def test_what_changes_a_message_is_there_in_order_and_reads_as_it_reads_now(verona: Verona) -> None:
    first = verona.far(MessageReceived, "anna", message=Message("helo"))
    verona.far(MessageEdited, "anna", target=MessageId(first), message=Message("helllo"))
    reacts(verona, "prince", first, "👍")
    verona.far(MessageEdited, "anna", target=MessageId(first), message=Message("hello"))

    lines = (await page(verona)).lines

    assert [told(line) for line in lines] == ["Send", "Edit", "React", "Edit"]
    assert [line.message.text for line in lines if line.message.text] == ["hello"] * 3
    assert all(line.said.target.ids == (lines[0].key,) for line in lines[1:] if not isinstance(line.said, Send))
    assert [line.author for line in lines] == ["@anna", "@anna", "@prince", "@anna"]
    assert isinstance(lines[2].said, React)
    assert lines[2].said.reactions == ("👍",)


async def test_who_writes_here_is_named_by_their_own_ids(verona: Verona) -> None:
    shown, _ = await verona.said("mine")
    verona.xmpp(MessageEdited, target=MessageId("m1"), message=Message("mine too"))
    await verona.home.far.until(1, Edit)

    said, edit = (await page(verona)).lines

    assert (said.key, said.said.own_id, said.author) == (shown.key, "m1", "@romeo")
    assert isinstance(edit.said, Edit)
    assert (edit.said.target.ids, edit.said.own_id) == (("m1",), "m2")


async def test_of_what_was_taken_back_nothing_is_left_but_that(verona: Verona) -> None:
    first = verona.far(MessageReceived, "anna", message=Message("secret"))
    verona.far(MessageEdited, "anna", target=MessageId(first), message=Message("more secret"))
    reacts(verona, "prince", first, "👍")
    verona.far(MessageRetracted, "prince", target=MessageId(first), moderator=True, reason="Hush.")

    lines = (await page(verona)).lines

    assert [told(line) for line in lines] == ["tombstone", "Retract"]
    assert "secret" not in repr(lines)
    removal, said = lines[0].removal, lines[1].said
    assert removal is not None
    assert isinstance(said, Retract)
    assert (removal.id, removal.moderator, removal.by, removal.reason) == (said.key, True, "@prince", "Hush.")
    assert said.target.ids == (lines[0].key,)
    assert await verona.home.said_in(VERONA, ROMEO) == []


async def test_what_its_author_takes_back_is_named_as_they_have_named_it(verona: Verona) -> None:
    await verona.said("mine")
    verona.xmpp(MessageRetracted, target=MessageId("m1"))
    await verona.home.far.until(1, Retract)

    stone, _ = (await page(verona)).lines

    assert stone.removal is not None
    assert (stone.removal.id, stone.removal.moderator, stone.said.own_id) == ("m2", False, "m1")


async def test_an_edit_that_is_taken_back_is_told_to_nobody_again(verona: Verona) -> None:
    first = verona.far(MessageReceived, "anna", message=Message("hello"))
    edit = verona.far(MessageEdited, "anna", target=MessageId(first), message=Message("my password"))
    takes_back(verona, "anna", edit)

    lines = (await page(verona)).lines

    assert [told(line) for line in lines] == ["Send", "Edit", "Edit"]
    assert texts(lines) == ["hello"] * 3


async def test_what_the_network_refuses_is_a_tombstone(verona: Verona) -> None:
    verona.home.far.raises = lambda action: Refused("No swearing.", Reason.POLICY)
    verona.xmpp(MessageReceived, message=Message("A plague!"))
    await verona.home.xmpp.until(2)

    (line,) = (await page(verona)).lines

    assert (told(line), line.message.text) == ("tombstone", "")


async def test_pages_go_both_ways_and_miss_nothing(verona: Verona) -> None:
    keys = [line.key for line in await ten(verona)]

    first = await page(verona, most=4)
    assert (texts(first.lines), first.complete) == (["0", "1", "2", "3"], False)
    after = await page(verona, most=4, above=[keys[3]])
    assert (texts(after.lines), after.complete) == (["3", "4", "5", "6"], False)
    last = await page(verona, most=3, last=True)
    assert (texts(last.lines), last.complete) == (["7", "8", "9"], False)
    before = await page(verona, most=30, last=True, below=[keys[7]])
    assert (texts(before.lines), before.complete) == ([f"{n}" for n in range(8)], True)
    between = await page(verona, above=[keys[2], keys[1]], below=[keys[4], keys[8]])
    assert (texts(between.lines), between.complete) == (["2", "3", "4"], True)
    none = await page(verona, above=[keys[5]], below=[keys[4]])
    assert (none.lines, none.complete) == ([], True)
    verona.far(MessageReceived, "anna", message=Message("10"))
    assert texts((await page(verona, above=[keys[9]])).lines) == ["9", "10"]


async def test_lines_are_found_by_id_author_and_time(verona: Verona) -> None:
    await verona.said("mine")
    for number, who in enumerate(("anna", "prince", "anna"), 1):
        sender = Contact(ContactId(f"@{who}"), who.capitalize())
        verona.home.far.report(
            verona.account,
            MessageReceived(
                chat=THERE, id=MessageId(f"t{number}"), sender=sender, at=1_000.0 * number, message=Message(who)
            ),
        )
    lines = (await page(verona)).lines

    assert texts((await page(verona, author=ContactId("@anna"))).lines) == ["anna", "anna"]
    assert texts((await page(verona, author=ContactId("@romeo"))).lines) == ["mine"]
    assert texts((await page(verona, author=ContactId("@nobody"))).lines) == []
    assert [line.at for line in (await page(verona, start=1_500.0)).lines] == [2_000.0, 3_000.0]
    assert [line.at for line in (await page(verona, start=1_000.0, end=2_000.0)).lines] == [1_000.0, 2_000.0]
    assert texts((await page(verona, start=9.0, end=8.0)).lines) == []
    found = await page(verona, only=[lines[3].key, lines[1].key])
    assert texts(found.lines) == ["anna", "anna"]
    assert (found.lines[0].key, found.complete) == (lines[1].key, True)
    assert verona.home.hub is not None
    query = ArchiveQuery(most=1, author=ContactId("@anna"))
    assert await verona.home.hub.archive.count(VERONA, ROMEO, query) == 2


@pytest.mark.parametrize("how", ["above", "below", "only"])
async def test_what_is_not_there_is_not_found(verona: Verona, how: str) -> None:
    await ten(verona)

    with pytest.raises(Refused) as refused:
        await page(verona, **{how: ["no such key"]})

    assert refused.value.reason is Reason.NOT_FOUND


async def joins(verona: Verona, user: str, me: str) -> int:
    account = await verona.home.account(user, me)
    verona.home.far.report(account, ChatSeen(chat=THERE, kind=ChatKind.ROOM, name="Verona", alias="#verona"))
    await verona.home.settled()
    return account


def leaves(verona: Verona, account: int, me: str, how: Membership = Membership.LEFT) -> None:
    gone = Occupant(Contact(ContactId(me)), how)
    verona.home.far.report(account, OccupantChanged(chat=THERE, occupant=gone))


async def test_nobody_sees_more_than_they_may(verona: Verona) -> None:
    """Romeo has been there from the beginning; Juliet comes after five messages, and is banned after seven."""
    keys = [line.key for line in await ten(verona)][:5]
    account = await joins(verona, JULIET, "@juliet")
    verona.far(MessageEdited, "anna", target=MessageId("$1"), message=Message("0, as it is now"), at=time.time())
    verona.far(MessageReceived, "anna", message=Message("with Juliet"), at=time.time())

    seen = (await page(verona, JULIET)).lines
    assert [(told(line), line.message.text) for line in seen] == [("Edit", "0, as it is now"), ("Send", "with Juliet")]
    for key in keys:  # not even that it exists
        with pytest.raises(Refused) as refused:
            await page(verona, JULIET, above=[key])
        assert refused.value.reason is Reason.NOT_FOUND
    for query in ({"start": 0.0}, {"author": ContactId("@anna")}, {"last": True}, {"most": 1}):
        found = (await page(verona, JULIET, **query)).lines  # type: ignore[arg-type]
        assert {line.key for line in found} <= {line.key for line in seen}

    leaves(verona, account, "@juliet", Membership.BANNED)
    verona.far(MessageReceived, "anna", message=Message("without Juliet"))
    stranger = await verona.home.account(PARIS, "@paris")
    for reader in (JULIET, PARIS, "nobody@home.example"):
        with pytest.raises(Refused) as refused:
            await page(verona, reader)
        assert refused.value.reason is Reason.FORBIDDEN
    assert stranger
    assert "without Juliet" in texts((await page(verona)).lines)

    await joins(verona, JULIET, "@juliet")
    verona.far(MessageReceived, "anna", message=Message("with Juliet again"), at=time.time())
    assert texts((await page(verona, JULIET)).lines) == ["with Juliet again"]


async def test_what_another_account_tells_late_is_not_of_after_one_came(verona: Verona) -> None:
    """The room shows those who come in nothing of before. Romeo's account was away, and tells what was said meanwhile
    when Juliet is there already; what her own account tells, too, is hers to read, whatever time it says."""
    before = time.time() - 60
    account = await joins(verona, JULIET, "@juliet")
    for text in ("before Juliet", "by a slow clock"):
        verona.far(MessageReceived, "anna", message=Message(text), at=before)
    verona.far(MessageReceived, "anna", message=Message("with Juliet"), at=time.time() + 1)
    assert texts((await page(verona, JULIET)).lines) == ["with Juliet"]
    assert texts(await verona.home.said_in(VERONA, JULIET)) == ["with Juliet"]

    verona.home.says(account, THERE, "@anna", "by a slow clock", "$2")
    await verona.home.settled()

    assert texts((await page(verona, JULIET)).lines) == ["by a slow clock", "with Juliet"]
    assert texts((await page(verona)).lines) == ["before Juliet", "by a slow clock", "with Juliet"]
    leaves(verona, account, "@juliet")
    await joins(verona, JULIET, "@juliet")
    assert texts((await page(verona, JULIET)).lines) == []


async def test_whoever_logs_out_reads_nothing(verona: Verona) -> None:
    await ten(verona)
    await verona.home.log_out(verona.account)

    with pytest.raises(Refused) as refused:
        await page(verona)

    assert refused.value.reason is Reason.FORBIDDEN


async def test_what_another_homeserver_says_of_a_room_is_in_a_room_of_its_own(verona: Verona) -> None:
    """A homeserver that lies about who wrote what lies to its own users."""
    await ten(verona)
    liar = await verona.home.account(PARIS, "@paris")
    verona.home.far.scopes = {liar: "elsewhere"}
    verona.home.far.report(
        liar,
        ChatSeen(chat=THERE, kind=ChatKind.ROOM, name="Verona", alias="#verona"),
        MessageEdited(
            chat=THERE, id=MessageId("$lie"), sender=Contact(ContactId("@anna")), at=1.0, target=MessageId("$1"),
            message=Message("Anna never said so"),
        ),
    )  # fmt: skip

    with pytest.raises(Refused) as refused:
        await page(verona, PARIS)

    assert refused.value.reason is Reason.FORBIDDEN
    assert "Anna never said so" not in texts((await page(verona)).lines)
    [own] = await verona.home.rooms.rooms(PARIS, FAR)
    assert own.jid != VERONA
    assert texts(await verona.home.said_in(own.jid, PARIS)) == ["edited: Anna never said so"]


async def test_an_archive_is_as_it_was_after_a_restart(verona: Verona) -> None:
    before = [(line.key, line.message.text) for line in await ten(verona)]
    await verona.home.stop()
    await verona.home.start()

    assert [(line.key, line.message.text) for line in (await page(verona)).lines] == before
