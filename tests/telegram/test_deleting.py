"""“/delete” as a reply: who may, what goes, and what people are told; the command itself is not carried."""

import asyncio
import time
from dataclasses import replace

import pytest

from bridge.contract import ChatId, MessageEdited, MessageReceived, MessageRetracted, Retract, Send
from bridge.hub.workspace import PassingMemory
from bridge.testing.conformance.network import Reader, reading
from connectors.telegram import TelegramConnector, ids
from connectors.telegram.deleting import NO_REPLY, NOT_YOURS, STAYS, UNDECIDED, UNSURE
from tests.support.botapi import topics
from tests.support.botapi.state import Chat, Said
from tests.telegram.linked import linked
from tests.telegram.stage import Stage, performed

END = "That is all."


def answers(play: Stage, chat: Chat) -> list[tuple[str, str]]:
    """What the bot has said, and to what."""
    found = [said for said in chat.messages if said.author is play.bot and not said.gone]
    return [(said.text, said.reply_to.text if said.reply_to else "") for said in found]


async def ends(play: Stage, reader: Reader, chat: Chat) -> None:
    play.world.says(play.juliet, chat, END)
    await reader.until(lambda r: END in r.texts)


def removed(reader: Reader) -> list[tuple[str, str, bool]]:
    return [(e.target, e.sender.name, e.moderator) for e in reader.of(MessageRetracted)]


async def test_who_has_written_it_and_who_keeps_order_have_it_removed(play: Stage) -> None:
    world, nurse, tybalt = play.world, play.world.person("Nurse"), play.world.person("Tybalt")
    group = world.group("Verona", play.juliet, play.bot, nurse, tybalt, supergroup=True)
    channel = world.group("News", play.juliet, type="channel")
    group.members |= {play.bot.id: "administrator", tybalt.id: "administrator"}
    group.rights[tybalt.id] = {"can_delete_messages": False}
    async with play.live() as (session, reader):
        said = [world.says(nurse, group, f"word {number}") for number in range(5)]
        said.append(world.says(play.juliet, group, "word 5"))
        [ours] = await performed(session, play.send("from elsewhere", chat=group))
        copy = group.messages[-1]
        world.says(nurse, group, "/delete", reply_to=said[0])
        world.says(play.juliet, group, "/delete@ROMEO_bot  please", reply_to=said[1])
        world.says(play.juliet, group, "/delete", reply_to=said[2], as_chat=group)
        world.says(play.juliet, group, "/delete", reply_to=copy)
        await ends(play, reader, group)
        for who, target, more in (
            (nurse, said[5], {}), (tybalt, said[3], {}), (nurse, said[4], {"as_chat": channel}),
        ):  # fmt: skip
            asked = world.says(who, group, "/delete", reply_to=target, **more)
            await world.until(lambda asked=asked: any(s.reply_to is asked for s in group.messages))  # type: ignore[misc]

    def names(some: list[Said]) -> list[str]:
        return [play.id(one, group) for one in some]

    assert removed(reader) == [
        (names(said)[0], "Nurse", False), (names(said)[1], "Juliet Capulet", True), (names(said)[2], "Verona", True),
        (ours, "Juliet Capulet", True),
    ]  # fmt: skip
    assert [one.gone for one in (*said, copy)] == [True, True, True, False, False, False, True]
    assert answers(play, group) == [(NOT_YOURS, "/delete")] * 3
    assert not [s for s in group.visible if s.text.startswith("/delete") and s.reply_to in (said[0], said[1], copy)]
    told = [e.message.text for e in reader.of(MessageReceived) if e.chat == ChatId(str(group.id))]
    assert told == [*(f"word {number}" for number in range(6)), END]
    assert play.api.calls["getchatmember"] == 3, "Juliet's rights are known for a while"


async def test_what_is_no_command_for_this_bot_is_said_and_what_is_is_not(play: Stage) -> None:
    group = play.world.group("Verona", play.juliet, play.bot, supergroup=True)
    group.members[play.bot.id] = "administrator"
    says = play.world.says
    async with play.live() as (_, reader):
        rose = says(play.juliet, group, "A rose")
        says(play.juliet, group, "/delete@another_bot", reply_to=rose)
        says(play.juliet, group, "/deleted", reply_to=rose)
        says(play.juliet, group, "how do I /delete", reply_to=rose)
        says(play.juliet, group, "/delete", reply_to=rose, forward_origin={"type": "hidden_user", "date": 1})
        command = says(play.juliet, group, "/delete")
        await play.world.until(lambda: len(answers(play, group)) == 1)
        play.world.edits(command, group, "/delete please")
        topic = topics.begins(play.world, play.juliet, group, "Love")
        topics.says(play.world, play.juliet, topic, group, "/delete")
        await play.world.until(lambda: len(answers(play, group)) == 2)
        await ends(play, reader, group)

    assert removed(reader) == []
    assert not rose.gone
    assert answers(play, group) == [(NO_REPLY, "/delete please"), (NO_REPLY, "/delete")]
    room = ChatId(str(group.id))
    told = [e.message.text for e in reader.of(MessageReceived) if e.chat == room and "[Topic" not in e.message.text]
    assert told == ["A rose", "/delete@another_bot", "/deleted", "how do I /delete", "Forwarded:\n/delete", END]
    assert reader.of(MessageEdited) == []


async def test_where_the_bot_may_not_delete_it_goes_elsewhere_and_that_is_said(play: Stage) -> None:
    group = play.world.group("Verona", play.juliet, play.bot)
    async with play.live() as (_, reader):
        rose = play.world.says(play.juliet, group, "A rose")
        play.world.says(play.juliet, group, "/delete", reply_to=rose)
        await play.world.until(lambda: len(answers(play, group)) == 1)
        await ends(play, reader, group)

    assert removed(reader) == [(play.id(rose, group), "Juliet Capulet", False)]
    assert answers(play, group) == [(STAYS, "/delete")]


@pytest.mark.parametrize("retry_after", [1, 13_938])
async def test_while_telegram_decides_nothing_nobody_is_told_that_it_stays(play: Stage, retry_after: int) -> None:
    group = play.world.group("Verona", play.juliet, play.bot, supergroup=True)
    group.members[play.bot.id] = "administrator"
    slower = {"ok": False, "error_code": 429, "description": "Too Many", "parameters": {"retry_after": retry_after}}
    async with play.live() as (_, reader):
        rose = play.world.says(play.juliet, group, "A rose")
        play.api.faults.answer("deletemessage", 429, slower)
        command = play.world.says(play.juliet, group, "/delete", reply_to=rose)
        await reader.until(lambda r: bool(r.of(MessageRetracted)))
        assert not rose.gone
        await play.world.until(lambda: command.gone or bool(answers(play, group)))

    assert removed(reader) == [(play.id(rose, group), "Juliet Capulet", False)]
    assert (rose.gone, answers(play, group)) == ((True, []) if retry_after == 1 else (False, [(UNDECIDED, "/delete")]))


@pytest.mark.parametrize("supergroup", [True, False])
async def test_of_several_bots_in_a_group_one_answers_and_who_can_deletes(play: Stage, supergroup: bool) -> None:
    """The one that is told first may not delete anything there."""
    world, juliet, nurse = play.world, play.juliet, play.world.person("Nurse")
    other, connector = world.bot("Benvolio", reads_all=True), TelegramConnector("telegram", play.pace)
    group = world.group("Verona", juliet, nurse, play.bot, other, supergroup=supergroup)
    group.members[other.id] = "administrator"
    account = replace(play.account, me=ids.person(other.id), secret={"token": other.token})
    workspace = replace(play.workspace(), memory=PassingMemory())
    async with (
        connector.connect(play.account, play.workspace()) as mine, reading(mine, "0") as first,
        connector.connect(account, workspace) as theirs, reading(theirs, "0") as second,
    ):  # fmt: skip
        rose = world.says(juliet, group, "A rose")
        for who, target in ((juliet, None), (nurse, rose)):
            asked = world.says(who, group, "/delete", reply_to=target)
            await world.until(lambda asked=asked: any(s.reply_to is asked for s in group.messages))  # type: ignore[misc]
        world.says(juliet, group, "/delete", reply_to=rose)
        await world.until(lambda: rose.gone)
        world.says(juliet, group, END)
        for reader in (first, second):
            await reader.until(lambda r: END in r.texts)
        for _ in range(2_000):  # whoever has more to say says it
            await asyncio.sleep(0)

    said = [one.text for one in group.messages if one.author.is_bot and one.text != STAYS]
    assert said == [NO_REPLY, NOT_YOURS]
    assert len(removed(first)) == len(removed(second)) == 1


async def test_in_a_private_chat_only_what_one_has_written_goes(play: Stage) -> None:
    async with play.live() as (session, reader):
        await performed(session, play.send("Neither, fair maid"))
        copy = play.chat.messages[-1]
        rose = play.world.says(play.juliet, play.chat, "A rose")
        play.world.says(play.juliet, play.chat, "/delete", reply_to=copy)
        play.world.says(play.juliet, play.chat, "/delete", reply_to=rose)
        await play.world.until(lambda: len(answers(play, play.chat)) == 2)
        await ends(play, reader, play.chat)

    assert removed(reader) == [(play.id(rose), "Juliet Capulet", False)]
    assert (rose.gone, copy.gone) == (True, False)
    assert answers(play, play.chat)[1] == (NOT_YOURS, "/delete")


async def test_when_telegram_does_not_say_who_somebody_is_nothing_is_removed(play: Stage) -> None:
    nurse = play.world.person("Nurse")
    group = play.world.group("Verona", play.juliet, play.bot, nurse)
    async with play.live() as (_, reader):
        rose = play.world.says(nurse, group, "A rose")
        play.api.faults.answer("getchatmember", 500, {"ok": False, "error_code": 500, "description": "Internal"})
        play.world.says(play.juliet, group, "/delete", reply_to=rose)
        await play.world.until(lambda: len(answers(play, group)) == 1)
        play.world.says(play.juliet, group, "/delete", reply_to=rose)  # and the next time it is asked anew
        await reader.until(lambda r: bool(r.of(MessageRetracted)))

    assert answers(play, group)[0] == (UNSURE, "/delete")
    assert [moderator for *_, moderator in removed(reader)] == [True]


async def test_what_was_asked_before_the_login_is_not_done(play: Stage) -> None:
    group = play.world.group("Verona", play.juliet, play.bot, supergroup=True)
    group.members[play.bot.id] = "administrator"
    rose = play.world.says(play.juliet, group, "A rose")
    for target in (rose, None):
        command = play.world.says(play.juliet, group, "/delete", reply_to=target)
        play.bot.queue[-1]["message"]["date"] = command.date - 60
    play.secret["since"] = str(int(time.time()) - 30)
    async with play.live(None) as (_, reader):
        await ends(play, reader, group)

    assert removed(reader) == []
    assert not rose.gone
    assert answers(play, group) == []
    assert play.api.calls["deletemessage"] == 0


@pytest.mark.parametrize("reply", [{"message_id": "7"}, {"message_id": 1 << 60}, None, [[]]])
async def test_whatever_stands_in_place_of_what_it_answers_is_no_message(play: Stage, reply: object) -> None:
    async with play.live() as (_, reader):
        play.world.says(play.juliet, play.chat, "/delete", reply_to_message=reply)
        await play.world.until(lambda: len(answers(play, play.chat)) == 1)
        await ends(play, reader, play.chat)

    assert removed(reader) == []
    assert answers(play, play.chat) == [(NO_REPLY, "/delete")]


async def test_it_goes_in_linked_rooms_whoever_has_written_it(play: Stage) -> None:
    group = play.world.group("Verona", play.juliet, play.bot, supergroup=True)
    group.members[play.bot.id] = "administrator"
    async with linked(play, group) as hub:
        hub.says("Abram", group, "I do bite my thumb")
        await play.world.until(lambda: bool(hub.by_bot(group)))
        [copy] = hub.by_bot(group)
        own = play.world.says(play.juliet, group, "I did not mean that")
        [there] = await hub.away.until(1, Send)
        play.world.says(play.juliet, group, "/delete", reply_to=copy)
        play.world.says(play.juliet, group, "/delete", reply_to=own)
        done = await hub.away.until(2, Retract)

    assert there.message.text == "I did not mean that"
    assert [(one.moderator, one.persona.name) for one in done] == [(True, "Juliet Capulet"), (False, "Juliet Capulet")]
    assert (copy.gone, own.gone) == (True, True)
    assert len(hub.away.actions(Send)) == 1
