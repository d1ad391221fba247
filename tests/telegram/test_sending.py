"""What a bot says: as it was meant, once, within what Telegram takes; and what is said when it does not."""

import pytest

from bridge.contract import (
    ChatId,
    Edit,
    Leave,
    Message,
    MessageId,
    Quote,
    Reason,
    Receipt,
    Refused,
    Retract,
    Scope,
    Span,
    SpanKind,
    Target,
    Unavailable,
    Unconfirmed,
)
from bridge.testing.conformance.network import outcome, raises
from tests.support.botapi.state import SUPER
from tests.telegram.stage import Stage, performed


async def test_formatting_counts_as_telegram_counts(play: Stage) -> None:
    text = "👩‍👩‍👧 O Romeo, Romeo!"
    at = text.index("Romeo")
    async with play.connected() as session:
        await performed(session, play.send(text, [Span(at, at + 5, SpanKind.BOLD), Span(0, 1, SpanKind.MENTION, "77")]))

    said = play.chat.messages[-1]
    assert said.text == text
    assert [(e["type"], e["offset"], e["length"]) for e in said.content["entities"]] == [
        ("text_mention", 0, 2), ("bold", at + 3, 5)
    ]  # fmt: skip


async def test_formatting_that_is_refused_costs_the_formatting_in_the_same_attempt(play: Stage) -> None:
    refused = {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: can't parse entities: ENTITY_TEXTURL_INVALID",
    }
    play.api.faults.answer("sendmessage", 400, refused)
    async with play.connected() as session:
        ids = await performed(session, play.send("bold", [Span(0, 4, SpanKind.BOLD)]))
        play.api.faults.answer("editmessagetext", 400, refused)
        edit = Edit(
            chat=play.room, key="e", target=Target((ids[0],)), message=Message("bolder", (Span(0, 6, SpanKind.BOLD),))
        )
        await session.perform(edit)

    assert play.chat.messages[-1].text == "bolder"
    assert "entities" not in play.chat.messages[-1].content
    assert play.api.calls["sendmessage"] == 2


async def test_a_long_text_is_cut_at_lines_and_words_and_never_inside_what_is_formatted(play: Stage) -> None:
    words = " ".join(f"👍word{n}" for n in range(1_000))
    start = 3_800
    text = words[:start] + " " + "x" * 300 + " " + words[start:]
    code = Span(start + 1, start + 301, SpanKind.CODE)
    async with play.connected() as session:
        ids = await performed(session, play.send(text, [code]))

    said = [s for s in play.chat.messages if s.author is play.bot]
    assert len(ids) == len(said) > 2
    assert all(len(s.text.encode("utf-16-le")) <= 2 * 4096 for s in said)
    assert "".join("".join(s.text.split()) for s in said) == "".join(text.split())
    [whole] = [s for s in said if "entities" in s.content]
    assert (whole.content["entities"][0]["length"], whole.text.count("x" * 300)) == (300, 1)


async def test_lost_answers_and_troubles_say_what_is_known(play: Stage) -> None:
    async with play.connected() as session:
        play.api.faults.lose("sendmessage")
        lost = await outcome(session.perform(play.send("arrived all the same")))
        play.api.faults.answer("sendmessage", 502, "<html>Bad Gateway</html>")
        gateway = await outcome(session.perform(play.send("who knows")))
        play.api.faults.answer(
            "sendmessage", 500, {"ok": False, "error_code": 500, "description": "Internal Server Error"}
        )
        own = await outcome(session.perform(play.send("not now")))
        play.api.faults.answer("sendmessage", 200, {"ok": True, "result": {"date": "?"}})
        odd = await outcome(session.perform(play.send("without a number")))
        play.api.faults.answer(
            "sendmessage", 429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 13_938}}
        )
        slow = await outcome(session.perform(play.send("too fast")))

    assert isinstance(lost, Unconfirmed)
    assert play.chat.messages[-1].text == "arrived all the same"
    assert isinstance(gateway, Unconfirmed)
    assert isinstance(own, Unavailable)
    assert isinstance(odd, Unconfirmed)
    assert isinstance(slow, Unavailable)
    assert slow.scope is Scope.CHAT


async def test_an_api_that_is_not_there_is_unavailable_and_nothing_has_happened(play: Stage) -> None:
    async with play.connected() as session:
        await play.api.__aexit__(None, None, None)
        came = await outcome(session.perform(play.send("anybody?")))

    assert isinstance(came, Unavailable)


@pytest.mark.parametrize(
    ("status", "description", "reason", "words"),
    [
        (403, "Forbidden: bot was blocked by the user", Reason.FORBIDDEN, "blocked your bot"),
        (403, "Forbidden: bot can't initiate conversation with a user", Reason.FORBIDDEN, "tap “Start”"),
        (403, "Forbidden: user is deactivated", Reason.GONE, "does not exist any more"),
        (403, "Forbidden: bot was kicked from the supergroup chat", Reason.FORBIDDEN, "not in this group any more"),
        (400, "Bad Request: not enough rights to send text messages to the chat", Reason.FORBIDDEN, "administrators"),
        (400, "Bad Request: chat not found", Reason.NOT_FOUND, "no such chat"),
        (400, "Bad Request: TOPIC_CLOSED", Reason.FORBIDDEN, "topic is closed"),
        (400, "Bad Request: something new in 2031", Reason.BAD_REQUEST, "something new in 2031"),
        (413, "Request Entity Too Large", Reason.RESOURCE, "too large"),
    ],
)
async def test_a_refusal_is_a_sentence(play: Stage, status: int, description: str, reason: Reason, words: str) -> None:
    play.api.faults.answer("sendmessage", status, {"ok": False, "error_code": status, "description": description})
    async with play.connected() as session, raises(Refused) as caught:
        await session.perform(play.send("hello"))

    assert caught[0].reason is reason
    assert words in caught[0].text
    assert caught[0].text.endswith(".")


async def test_an_edit_that_changes_nothing_or_comes_again_is_done(play: Stage) -> None:
    async with play.connected() as session:
        ids = await performed(session, play.send("same"))
        came = await session.perform(
            Edit(chat=play.room, key="e", target=Target((ids[0],)), message=Message("same"), maybe_done=True)
        )
        await session.perform(Retract(chat=play.room, key="r", target=Target((ids[0],))))
        again = await session.perform(Retract(chat=play.room, key="r", target=Target((ids[0],)), maybe_done=True))

    assert came.ids == (ids[0],)
    assert again == Receipt()


async def test_replies_name_what_they_answer_also_when_it_is_gone(play: Stage) -> None:
    art = play.world.says(play.juliet, play.chat, "Art thou not Romeo?")
    async with play.connected() as session:
        await performed(session, play.send("Neither", reply_to=play.id(art)))
        answered = play.chat.messages[-1].reply_to
        art.gone = True
        await performed(session, play.send("Fair saint", reply_to=play.id(art)))
        other = MessageId("s7")
        await performed(session, play.send("Of old", reply_to=other, quote=Quote("What's in a name?")))

    assert answered is art
    assert [s.text for s in play.chat.messages[-2:]] == ["Fair saint", "What's in a name?\nOf old"]


async def test_a_group_that_has_become_a_supergroup_is_followed_in_the_same_attempt(play: Stage) -> None:
    """Whoever asks first, the bot or Telegram; and after a restart."""
    group = play.world.group("Verona", play.juliet, play.bot)
    room = ChatId(str(group.id))
    async with play.connected() as session:
        [old] = await performed(session, play.send("before", chat=group))
        new = play.world.migrates(play.juliet, group)
        [id] = await performed(session, play.send("after", chat=group))
        gone = await outcome(session.perform(Retract(chat=room, key="r", target=Target((old,)))))
        assert (session.scope(room), session.scope(ChatId(str(new.id)))) == (str(play.bot.id), "")
    async with play.live() as (session, reader):
        play.world.says(play.juliet, new, "here we are")
        await reader.until(lambda r: "here we are" in r.texts)
        await session.perform(Retract(chat=room, key="r2", target=Target((id,))))
        await session.perform(Leave(chat=room, key="l"))

    assert [s.text for s in new.messages if s.author is play.bot and "text" in s.content] == ["after"]
    assert {e.chat for e in reader.events if getattr(e, "chat", None)} == {play.room, room}
    assert isinstance(gone, Refused)
    assert new.id < SUPER
    assert new.members[play.bot.id] == "left"


async def test_what_a_bot_cannot_do_is_refused(play: Stage) -> None:
    async with play.connected() as session:
        for text in ("", " \n\t "):
            came = await outcome(session.perform(play.send(text)))
            assert isinstance(came, Refused)
        nowhere = await outcome(session.perform(Leave(chat=ChatId("nowhere"), key="l")))

    assert isinstance(nowhere, Refused)


async def test_where_one_part_was_taken_back_by_somebody_the_others_go_as_well(play: Stage) -> None:
    async with play.connected() as session:
        await performed(session, play.send("one"))
        await performed(session, play.send("two"))
        parts = play.chat.messages[-2:]
        parts[0].gone = True
        target = Target(tuple(play.id(one) for one in parts))
        await session.perform(Retract(chat=play.room, key="r", target=target))
        alone = Retract(chat=play.room, key="r2", target=Target(target.ids[:1]))
        gone = await outcome(session.perform(alone))

    assert parts[1].gone
    assert isinstance(gone, Refused)
