"""Updates: confirmed when they are journaled, read one by one, and never lost to whoever else reads them."""

import asyncio

import pytest

from bridge.contract import (
    ConnectorError,
    CursorMoved,
    Live,
    LoggedOut,
    MessageReceived,
    Unavailable,
    Unparsable,
)
from bridge.testing.conformance.network import Reader, raises, reading
from connectors.telegram import errors
from tests.telegram.stage import Stage


def texts(reader: Reader) -> list[str]:
    return [event.message.text for event in reader.of(MessageReceived)]


async def test_nothing_is_confirmed_before_it_is_journaled(play: Stage) -> None:
    """Killed after reading: Telegram has it still, and gives it under the same id."""
    first = []
    async with play.connected() as session:
        play.world.says(play.juliet, play.chat, "Good night")
        async with asyncio.timeout(20):
            async for event in session.events("0"):
                first.append(event)
                if isinstance(event, CursorMoved):
                    break  # and nobody says that it is durable
    waiting = [update["message"]["text"] for update in play.bot.queue]
    async with play.live() as (_, reader):
        again = texts(reader)

    said = [e for e in first if isinstance(e, MessageReceived)]
    assert [e.message.text for e in said] == again
    assert waiting == ["/start", "Good night"]
    assert [e.id for e in said] == [e.id for e in reader.of(MessageReceived)]
    assert play.bot.queue == []


async def test_a_poll_waits_for_the_journal(play: Stage) -> None:
    async with play.connected() as session:
        events = session.events("0")
        async with asyncio.timeout(20):
            while not isinstance(event := await anext(events), CursorMoved):
                pass
        going_on = asyncio.ensure_future(anext(events))
        play.world.says(play.juliet, play.chat, "Good night")
        asked = play.world.updates.asked
        done, _ = await asyncio.wait({going_on}, timeout=0.3)
        assert not done
        assert play.world.updates.asked == asked, "it asked for more, and so confirmed what is not journaled"

        session.journaled(event.cursor)
        assert isinstance(await asyncio.wait_for(going_on, 20), MessageReceived)
        await events.aclose()  # type: ignore[attr-defined]


async def test_a_backlog_of_many_batches_comes_before_live(play: Stage) -> None:
    for number in range(350):
        play.world.says(play.juliet, play.chat, str(number))
    async with play.live() as (_, reader):
        live = reader.events.index(reader.of(Live)[0])

    heard = [e.message.text for e in reader.events[:live] if isinstance(e, MessageReceived)]
    assert heard[1:] == [str(number) for number in range(350)]


@pytest.mark.parametrize("lower", [True, False])
async def test_numbers_that_begin_anew_after_a_quiet_week_lose_nothing(play: Stage, lower: bool) -> None:
    async with play.live() as (_, reader):
        cursor = reader.cursor
    play.world.updates.renumber(play.bot, lower=lower)
    play.world.says(play.juliet, play.chat, "after a week")
    async with play.live(cursor) as (_, reader):
        await reader.until(lambda r: "after a week" in texts(r))
        play.world.says(play.juliet, play.chat, "and now")
        await reader.until(lambda r: "and now" in texts(r))
        await play.world.until(lambda: play.bot.id in play.world.updates.waiting)

    assert texts(reader) == ["after a week", "and now"]
    assert play.bot.queue == []


async def test_a_batch_with_anything_in_it_is_read_to_its_end(play: Stage) -> None:
    """What python-telegram-bot would raise for, and get again for ever."""
    async with play.live() as (_, reader):
        seen = len(reader.events)
        bad = [
            {"message": {"chat": {"id": 5}}}, {"message": 7}, {"message": {"message_id": "x", "chat": {"id": []}}},
            {"pigeon": {"chat": {"id": play.juliet.id}}}, {"message": {"message_id": 5, "chat": {"id": 2**70}}},
            {"message_reaction": {"chat": {"id": -5}, "message_id": 3, "new_reaction": "x"}}, {},
            {"message": {"message_id": 9, "date": -5, "chat": {"id": 77, "type": "private"}, "text": "\ud800"}},
        ]  # fmt: skip
        for update in bad:
            play.world.updates.push_raw(play.bot, {"update_id": play.bot.next_update, **update})
        play.world.says(play.juliet, play.chat, "still there")
        await reader.until(lambda r: "still there" in texts(r))

    came = reader.events[seen:]
    assert len([e for e in came if isinstance(e, Unparsable)]) == len(bad)
    assert all(e.reason for e in came if isinstance(e, Unparsable))
    assert play.world.updates.asked < 20


async def test_a_second_poller_is_said(play: Stage) -> None:
    async with play.connected() as session, reading(session, "0") as reader:
        await play.world.until(lambda: play.bot.id in play.world.updates.waiting)
        async with connected_elsewhere(play), asyncio.timeout(20):
            error = await reader.ended()

    assert isinstance(error, Unavailable)
    assert (error.text, error.lasting) == (errors.RIVAL, True)


def connected_elsewhere(play: Stage):  # type: ignore[no-untyped-def]
    """Another program with the same token."""

    class Elsewhere:
        async def __aenter__(self) -> None:
            self.poll = asyncio.create_task(play.world.updates.get(play.bot, 0, 100, 5.0, None))

        async def __aexit__(self, *_: object) -> None:
            self.poll.cancel()
            await asyncio.wait({self.poll})

    return Elsewhere()


async def test_a_webhook_is_said(play: Stage) -> None:
    play.bot.webhook = "https://elsewhere.example/hook"
    async with raises(Unavailable) as caught, play.connected():
        pass
    play.bot.webhook = ""
    async with play.connected() as session, reading(session, "0") as reader:
        play.bot.webhook = "https://elsewhere.example/hook"
        play.world.updates.interrupt()
        ended = await reader.ended()

    assert caught[0].text == errors.WEBHOOK
    assert isinstance(ended, ConnectorError)


async def test_a_revoked_token_is_the_end(play: Stage) -> None:
    async with play.connected() as session, reading(session, "0") as reader:
        play.bot.revoked = True
        play.world.updates.interrupt()
        await reader.ended()
    async with raises(LoggedOut) as caught, play.connected():
        pass

    assert caught[0].text == errors.REVOKED
    assert play.bot.token not in caught[0].text


@pytest.mark.parametrize("body", ["<html>Bad Gateway</html>", {"ok": True, "result": "no list"}, {"what": "?"}, "[]"])
async def test_what_answers_in_telegrams_place_is_unavailable_or_nothing(play: Stage, body: object) -> None:
    async with play.connected() as session:
        play.api.faults.answer("getupdates", 200, body)
        async with reading(session, "0", live=False) as reader:
            await ended_or_live(reader)

    assert reader.error is None or isinstance(reader.error, Unavailable), reader.error


async def ended_or_live(reader: Reader) -> None:
    async with asyncio.timeout(20):
        while reader.error is None and not reader.of(Live):
            await asyncio.sleep(0.01)
