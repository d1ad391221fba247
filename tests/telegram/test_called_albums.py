"""Albums where Telegram calls: one message, whatever ends it, also when a session ends in the middle of it."""

import asyncio

from bridge.contract import CursorMoved, MessageReceived
from bridge.testing.conformance.network import reading
from tests.support.botapi.albums import sends_album
from tests.telegram.test_albums import FILES, albums
from tests.telegram.test_webhook import Called, called, caught_up

__all__ = ["called"]


async def answered(called: Called) -> None:
    await called.play.world.until(lambda: not called.play.bot.queue)


async def held(called: Called) -> str:
    """What the account's memory has of albums."""
    return await called.play.memory.get("albums") or ""


async def test_an_album_is_one_message_and_holds_up_no_other_chat(called: Called) -> None:
    play, world = called.play, called.play.world
    tybalt = world.person("Tybalt")
    async with called.live() as reader:
        said = sends_album(world, play.juliet, play.chat, FILES, "Four views")
        world.starts(tybalt, play.bot)
        world.says(tybalt, world.state.private(play.bot, tybalt), "Peace?")
        await answered(called)
        assert set(play.api.webhooks.hooks[play.bot.id].calls) == {200}
        await reader.until(lambda r: bool(albums(r.events)))
        world.says(play.juliet, play.chat, "And more")
        world.says(play.juliet, play.chat, "And yet more")
        await reader.until(lambda r: "And yet more" in r.texts)

        assert await held(called) == ""
    [album] = albums(reader.events)
    assert (album.id, *album.further) == tuple(play.id(one) for one in said)
    assert (album.message.text, len(album.message.media)) == ("Four views", 4)
    assert reader.texts[-4:] == ["Peace?", "Four views", "And more", "And yet more"]


async def test_what_is_said_behind_an_album_ends_it_at_once_and_ten_files_do(called: Called) -> None:
    play, world = called.play, called.play.world
    many = [("document", f"{n}.pdf", "application/pdf", bytes([n])) for n in range(12)]
    async with called.live() as reader:
        sends_album(world, play.juliet, play.chat, FILES[:2], "Two", name="a")
        said = sends_album(world, play.juliet, play.chat, FILES[2:], "Two others", name="b")
        world.edits(said[0], play.chat, "Two more")
        sends_album(world, play.juliet, play.chat, many, "Twelve", name="c")
        await reader.until(lambda r: len(albums(r.events)) == 4)
        world.says(play.juliet, play.chat, "Behind")
        await reader.until(lambda r: "Behind" in r.texts)

    assert [len(one.message.media) for one in albums(reader.events)] == [2, 2, 10, 2]
    told = [e for e in reader.events if not isinstance(e, CursorMoved) and getattr(e, "message", None)]
    assert [e.message.text for e in told][-5:] == ["Two others", "Two more", "Twelve", "", "Behind"]


async def test_an_album_amid_which_a_session_ends_is_whole(called: Called) -> None:
    """Some of its files were answered for, so Telegram does not tell of them again."""
    play, world = called.play, called.play.world
    async with called.live() as reader:
        said = sends_album(world, play.juliet, play.chat, FILES[:2], "Two views", name="a")
        await answered(called)
        assert albums(reader.events) == []
    said += sends_album(world, play.juliet, play.chat, FILES[2:], name="a")
    async with called.live(reader.cursor) as reader:
        await reader.until(lambda r: bool(albums(r.events)))

    [album] = albums(reader.events)
    assert (album.id, *album.further) == tuple(play.id(one) for one in said)


async def test_what_is_read_and_not_in_the_journal_is_told_again_under_the_same_names(called: Called) -> None:
    play, world = called.play, called.play.world
    play.bot.queue.clear()
    async with called.connected(webhook=True) as session, asyncio.timeout(30):
        events = session.events("0")
        await caught_up(events)
        sends_album(world, play.juliet, play.chat, FILES, "Four views")
        while not isinstance(first := await anext(events), MessageReceived):
            pass
        await events.aclose()  # type: ignore[attr-defined]
    async with called.live() as reader:
        await reader.until(lambda r: bool(albums(r.events)))

    [again] = albums(reader.events)
    assert (again.id, again.further) == (first.id, first.further)


async def test_who_asks_from_now_on_is_told_of_it_first(called: Called) -> None:
    play, world = called.play, called.play.world
    async with called.live() as reader:
        sends_album(world, play.juliet, play.chat, FILES[:2], "Two views", name="a")
        await answered(called)
    assert "media_group_id" in await held(called)
    async with called.connected(webhook=False) as session, reading(session, reader.cursor, live=False) as reader:
        await reader.until(lambda r: bool(albums(r.events)))
        await world.until(lambda: play.bot.id in world.updates.waiting)

        assert await held(called) == ""
    assert [one.message.text for one in albums(reader.events)] == ["Two views"]


async def test_what_is_too_large_to_be_held_comes_by_itself_and_twice_the_same_once(called: Called) -> None:
    play, world = called.play, called.play.world
    async with called.live() as reader:
        said = sends_album(world, play.juliet, play.chat, FILES[:2], "Two views", name="a")
        await answered(called)
        again = [
            {"update_id": 7_000 + n, "message": world.state.view(play.chat, s, play.bot)} for n, s in enumerate(said)
        ]
        large = again[1] | {"update_id": 8_000, "more": "x" * 70_000}
        twice = [await called.post_update(one) for one in (again[0], again[0])]
        results = await asyncio.gather(called.post_update(large))
        await reader.until(lambda r: len(albums(r.events)) == 2)

    assert (twice, results) == ([200, 200], [200])
    assert [len(one.message.media) for one in albums(reader.events)] == [3, 1]
    assert len(albums(reader.events)[0].further) == 2
