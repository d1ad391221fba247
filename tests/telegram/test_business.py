"""Somebody's own chats through a connected bot: what is told of them, what is done for them, what is not allowed."""

import pytest

from bridge.contract import (
    Action,
    ChatSeen,
    Edit,
    LoggedOut,
    MarkRead,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    Reason,
    Refused,
    Retract,
    Send,
    Session,
    SetTyping,
    Target,
    Unavailable,
    Unparsable,
)
from connectors.telegram import TelegramConnector, ids
from connectors.telegram.business.connection import Rights, told
from tests.telegram.own_chats import OwnChats, own_chats
from tests.telegram.stage import Stage


@pytest.fixture
def own(play: Stage) -> OwnChats:
    return own_chats(play)


def a_send(own: OwnChats, text: str, key: str = "k") -> Send:
    return Send(chat=ids.chat(own.chat.id), key=key, message=Message(text))


def target(own: OwnChats, id: str) -> dict[str, object]:
    return {"chat": ids.chat(own.chat.id), "key": "t", "target": Target((MessageId(id),))}


async def refused(session: Session, action: Action) -> tuple[Reason, str]:
    with pytest.raises(Refused) as caught:
        await session.perform(action)
    return caught.value.reason, caught.value.text


async def test_what_both_sides_write_edit_and_delete(own: OwnChats) -> None:
    business, juliet, romeo = own.business, own.play.juliet, own.romeo
    async with own.live() as (session, reader):
        hers = business.says(juliet, own.chat, "/start thinking, Romeo")
        his = business.says(romeo, own.chat, "I do", reply_to=hers)
        business.edits(hers, own.chat, "Art thou gone so?")
        business.edits(his, own.chat, "I do, love")
        business.deletes(own.chat, his, hers)
        await reader.until(lambda r: len(r.of(MessageRetracted)) == 2)

        [seen] = reader.of(ChatSeen)
        assert (seen.contact.id, seen.contact.name) == (ids.person(juliet.id), "Juliet Capulet")
        first, second = reader.of(MessageReceived)
        assert (first.sender.name, first.message.text) == ("Juliet Capulet", "/start thinking, Romeo")
        assert (second.sender.id, second.message.reply_to) == (session.me.id, first.id)
        edits = reader.of(MessageEdited)
        assert [(e.target, e.sender.id) for e in edits] == [(first.id, first.sender.id), (second.id, session.me.id)]
        gone = reader.of(MessageRetracted)
        assert [(g.target, g.sender.id) for g in gone] == [(second.id, session.me.id), (first.id, first.sender.id)]
        assert len({e.id for e in (first, second, *edits, *gone)}) == 6


@pytest.mark.parametrize("echoes", [False, True])
async def test_what_is_said_for_somebody_comes_back_as_nothing(own: OwnChats, echoes: bool) -> None:
    own.business.echoes = echoes
    own.business.says(own.play.juliet, own.chat, "Romeo!")
    async with own.live() as (session, reader):
        receipt = await session.perform(a_send(own, "My dear?"))
        [said] = [s for s in own.chat.visible if s.author is own.romeo]
        assert receipt.ids == (own.id(said),)
        await session.perform(Edit(**target(own, receipt.ids[0]), message=Message("My niësse?")))  # type: ignore[arg-type]
        own.business.tell("edited_business_message", own.chat, said)
        own.business.says(own.romeo, own.chat, "What o'clock tomorrow?")
        own.business.edits(said, own.chat, "My sweet?")
        await reader.until(lambda r: bool(r.of(MessageEdited)))

        assert [e.message.text for e in reader.of(MessageReceived)] == ["Romeo!", "What o'clock tomorrow?"]
        assert [e.message.text for e in reader.of(MessageEdited)] == ["My sweet?"]


async def test_reading_writing_and_deleting_are_done_for_the_account(own: OwnChats) -> None:
    hers = own.business.says(own.play.juliet, own.chat, "Romeo!")
    async with own.live() as (session, _):
        await session.perform(MarkRead(**target(own, own.id(hers))))  # type: ignore[arg-type]
        await session.perform(SetTyping(chat=ids.chat(own.chat.id), key="t", typing=True))
        receipt = await session.perform(a_send(own, "My dear?"))
        await session.perform(Retract(**target(own, receipt.ids[0])))  # type: ignore[arg-type]

    assert (own.chat.read, own.chat.typed) == (own.business.number(own.chat, hers), 1)
    assert own.chat.visible == [hers]


async def test_who_has_been_silent_for_a_day_cannot_be_written_to(own: OwnChats) -> None:
    own.business.says(own.play.juliet, own.chat, "Romeo!").date -= 2 * 86_400
    async with own.live() as (session, _):
        reason, text = await refused(session, a_send(own, "My dear?"))
        own.chat.open = False
        closed, where = await refused(session, a_send(own, "My dear?"))
        with pytest.raises(Refused, match="since you have connected it"):
            await session.direct(ids.person(own.play.world.person("Nurse").id), "k")
        chat = await session.direct(ids.person(own.play.juliet.id), "k")

    assert (reason, closed) == (Reason.NOT_ALLOWED, Reason.FORBIDDEN)
    assert "within 24 hours" in text
    assert "opened to your bot" in where
    assert chat == ids.chat(own.chat.id)


async def test_rights_are_respected_and_where_to_give_them_is_said(play: Stage) -> None:
    own = own_chats(play, "can_manage_stories")
    hers = own.business.says(play.juliet, own.chat, "Romeo!")
    async with own.live() as (session, reader):
        chat = ids.chat(own.chat.id)
        assert session.capabilities(chat).actions == {Send, Edit, Retract}
        for action, right in (
            (a_send(own, "My dear?"), "Reply to messages"),
            (Edit(**target(own, own.id(hers)), message=Message("x")), "Reply to messages"),  # type: ignore[arg-type]
            (Retract(**target(own, own.id(hers))), "Delete messages"),  # type: ignore[arg-type]
        ):
            reason, text = await refused(session, action)
            assert reason is Reason.FORBIDDEN
            assert f"Chat Automation (older apps: Telegram Business, Chatbots): “{right}”." in text
        before = own.play.api.calls["sendmessage"]

        own.business.allows(own.connection, "can_reply", "can_delete_sent_messages")
        own.business.says(play.juliet, own.chat, "Speak")
        await reader.until(lambda r: r.texts[-1:] == ["Speak"])
        assert session.capabilities(chat).actions == {Send, Edit, Retract, SetTyping}
        receipt = await session.perform(a_send(own, "My dear?"))
        reason, text = await refused(session, Retract(**target(own, own.id(hers))))  # type: ignore[arg-type]
        await session.perform(Retract(**target(own, receipt.ids[0])))  # type: ignore[arg-type]

    assert before == 0
    assert reason is Reason.FORBIDDEN
    assert text.endswith(".")
    assert own.chat.visible[0] is hers


async def test_a_connection_that_is_withdrawn_ends_the_session_with_the_way_back(own: OwnChats) -> None:
    business, juliet = own.business, own.play.juliet
    business.says(juliet, own.chat, "Romeo!")
    async with own.live() as (session, reader):
        business.says(juliet, own.chat, "One thing more")
        business.disconnects(own.connection)
        ended = await reader.ended()
        with pytest.raises(LoggedOut):
            await session.perform(a_send(own, "My dear?"))

    assert reader.texts == ["Romeo!", "One thing more"]
    assert isinstance(ended, LoggedOut)
    assert "Connect it again in a Telegram app, Settings, Chat Automation" in ended.text
    assert "“login”" in ended.text


async def test_a_connection_that_is_gone_before_anybody_was_told_is_noticed_by_writing(own: OwnChats) -> None:
    own.business.says(own.play.juliet, own.chat, "Romeo!")
    async with own.live() as (session, _):
        own.connection.enabled = False
        with pytest.raises(LoggedOut, match="Connect it again"):
            await session.perform(a_send(own, "My dear?"))
    own.business.connections.clear()
    async with own.live("0") as (_, reader):
        assert isinstance(await reader.ended(), LoggedOut)


async def test_who_connects_again_goes_on_under_the_new_connection(own: OwnChats) -> None:
    own.business.disconnects(own.connection)
    new = own.business.connects(own.romeo, own.play.bot)
    own.business.says(own.play.juliet, own.chat, "Romeo!")
    async with own.live() as (session, reader):
        await reader.until(lambda r: bool(r.texts))
        await session.perform(a_send(own, "My dear?"))
        own.business.disconnects(new)
        newest = own.business.connects(own.romeo, own.play.bot)
        own.play.bot.queue.clear()  # nobody tells of it but what comes with it
        own.business.says(own.play.juliet, own.chat, "Speak")
        await reader.until(lambda r: r.texts[-1] == "Speak")
        await session.perform(a_send(own, "At what o'clock?", "k2"))

    assert [secret["connection"] for secret in own.kept] == [new.id, newest.id]
    assert own.kept[-1]["token"] == own.play.bot.token


async def test_a_session_that_was_left_says_nothing_of_the_account(own: OwnChats) -> None:
    """Another login may have come since."""
    async with own.live() as (session, _):
        pass
    own.business.disconnects(own.connection)
    async with own.play.connected() as plain:
        pass

    for left in (session, plain):
        with pytest.raises(Unavailable):
            await left.perform(a_send(own, "My dear?"))


@pytest.mark.parametrize(
    ("said", "rights"),
    [
        ({"can_reply": True}, Rights(reply=True)),
        ({"can_reply": True, "rights": {}}, Rights()),
        ({"can_reply": True, "rights": {"can_reply": 1, "can_read_messages": True}}, Rights(read=True)),
        (
            {"rights": {"can_delete_sent_messages": True, "can_delete_all_messages": True}},
            Rights(False, False, True, True),
        ),
        ({}, Rights()),
    ],
)
def test_rights_as_old_and_new_servers_tell_them(said: dict[str, object], rights: Rights) -> None:
    found = told({"id": "b", "user": {"id": 7, "first_name": "R"}, "is_enabled": True, **said})

    assert found is not None
    assert found.rights == rights


async def test_what_others_open_to_the_same_bot_is_none_of_ours(own: OwnChats) -> None:
    tybalt, business = own.play.world.person("Tybalt"), own.business
    theirs = business.connects(tybalt, own.play.bot)
    chat = business.chat(tybalt, own.play.juliet)
    async with own.live() as (session, reader):
        for text in ("Cousin", "Romeo is a villain"):
            said = business.says(own.play.juliet, chat, text)
        business.edits(said, chat, "A villain")
        business.deletes(chat, said)
        business.disconnects(theirs)
        business.says(own.play.juliet, own.chat, "Romeo!")
        await reader.until(lambda r: bool(r.texts))

        assert reader.texts == ["Romeo!"]
        assert not reader.of(MessageEdited) + reader.of(MessageRetracted) + reader.of(Unparsable)
        assert own.play.api.calls["getbusinessconnection"] == 2, "a stranger is asked about once"
        assert session.capabilities(ids.chat(own.chat.id)).actions >= {MarkRead}


async def test_poison_is_a_dead_letter_and_nothing_else(own: OwnChats) -> None:
    id = own.connection.id
    chat = own.chat.raw()
    poison = [
        {"business_connection": None}, {"business_connection": {"id": 7}}, {"business_connection": {"id": id}},
        {"business_message": {"business_connection_id": id}},
        {"business_message": {"business_connection_id": id, "message_id": 1, "chat": chat, "text": "x"}},
        {"deleted_business_messages": {"business_connection_id": id, "chat": chat, "message_ids": ["x", None]}},
        {"deleted_business_messages": {"business_connection_id": id, "chat": {"id": -5}, "message_ids": [1]}},
        {"deleted_business_messages": {"business_connection_id": id}}, {"message": {"text": "not asked for"}},
        {"edited_business_message": {"business_connection_id": id, "chat": chat, "message_id": -1}},
    ]  # fmt: skip
    ignored = [
        {"business_message": None}, {"business_message": {"business_connection_id": ["x"]}},
        {"business_message": {"business_connection_id": "x" * 5_000}},
        {"deleted_business_messages": {"business_connection_id": id, "chat": chat, "message_ids": None}},
    ]  # fmt: skip
    async with own.live() as (_, reader):
        for number, update in enumerate([*poison, *ignored]):
            own.play.world.updates.push_raw(own.play.bot, {"update_id": 5_000 + number, **update})
        own.play.bot.next_update = 6_000
        own.business.says(own.play.juliet, own.chat, "Romeo!")
        await reader.until(lambda r: bool(r.texts))

        assert len(reader.of(Unparsable)) == len(poison)
        assert reader.error is None


async def test_what_check_says_of_a_connection(own: OwnChats) -> None:
    async def check() -> list[tuple[str, bool]]:
        found = await TelegramConnector().check_account(own.account, (), "", own.workspace())
        return [(one.text, one.fault) for one in found]

    assert await check() == []
    own.connection.rights = {"can_reply"}
    [(lacks, fault)] = await check()
    assert (lacks.startswith("The bot may not read messages, nor delete messages"), fault) == (True, False)
    own.connection.rights = set()
    assert [fault for _, fault in await check()] == [True]
    own.connection.enabled = False
    [(gone, fault)] = await check()
    assert ("not connected with your Telegram account any more" in gone, fault) == (True, True)
