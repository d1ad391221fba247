"""Albums: several files are one message, whenever Telegram tells of them, and are sent together as Telegram lets it."""

import asyncio
from pathlib import Path

import pytest

from bridge.contract import Edit, Media, MediaKind, Message, MessageId, MessageReceived, Send, Target
from bridge.testing.conformance.network import reading
from connectors.telegram import parts
from connectors.telegram.albums import Albums
from tests.support.botapi import topics
from tests.support.botapi.albums import files_of, sends_album
from tests.support.botapi.limits import Limits
from tests.telegram.stage import Pace, Stage, performed, stage
from tests.telegram.test_media import PNG

FILES = [("photo", f"{n}.png", "image/png", PNG + bytes([n])) for n in range(4)]


def albums(events: list[object]) -> list[MessageReceived]:
    return [event for event in events if isinstance(event, MessageReceived) and event.message.media]


async def test_an_album_is_one_message_and_holds_up_no_other_chat(play: Stage) -> None:
    tybalt = play.world.person("Tybalt")
    async with play.live() as (_, reader):
        said = sends_album(play.world, play.juliet, play.chat, FILES, "Four views")
        play.world.starts(tybalt, play.bot)
        play.world.says(tybalt, play.world.state.private(play.bot, tybalt), "Peace?")
        await reader.until(lambda r: bool(albums(r.events)) and "Peace?" in r.texts)
        texts = reader.texts
        play.world.says(play.juliet, play.chat, "And more")
        await reader.until(lambda r: "And more" in r.texts)
        await play.world.until(lambda: play.bot.id in play.world.updates.waiting)

    [album] = albums(reader.events)
    assert (album.id, *album.further) == tuple(play.id(one) for one in said)
    assert (album.message.text, len(album.message.media)) == ("Four views", 4)
    assert texts.index("Peace?") < texts.index("Four views")
    assert len({e.id for e in reader.of(MessageReceived)}) == len(reader.texts), "nothing is told twice"
    assert play.bot.queue == []


async def test_what_is_said_behind_an_album_ends_it_at_once_and_ten_files_do(play: Stage) -> None:
    many = [("document", f"{n}.pdf", "application/pdf", bytes([n])) for n in range(12)]
    sends_album(play.world, play.juliet, play.chat, FILES[:2], "Two", name="a")
    play.world.says(play.juliet, play.chat, "Behind")
    sends_album(play.world, play.juliet, play.chat, many, "Twelve", name="b")
    async with play.live() as (_, reader):
        await reader.until(lambda r: len(albums(r.events)) == 3)

    assert [len(one.message.media) for one in albums(reader.events)] == [2, 10, 2]
    assert reader.texts[1:4] == ["Two", "Behind", "Twelve"]


async def test_an_album_over_two_polls_with_a_crash_between_is_whole(play: Stage) -> None:
    """Nothing of it is confirmed before it is whole, so it comes again."""
    async with play.live() as (_, reader):
        cursor = reader.cursor
    said = sends_album(play.world, play.juliet, play.chat, FILES[:2], "Two views", name="a")
    asked = play.world.updates.asked
    async with play.connected() as session, reading(session, cursor, live=False) as reader:
        while play.world.updates.asked < asked + 3:  # it looks for more
            await asyncio.sleep(0.01)
        first = reader.events
    said += sends_album(play.world, play.juliet, play.chat, FILES[2:], name="a")
    async with play.live(cursor) as (_, reader):
        await reader.until(lambda r: bool(albums(r.events)))

    assert albums(first) == []
    [album] = albums(reader.events)
    assert (album.id, *album.further) == tuple(play.id(one) for one in said)


def media(name: str, mime: str, kind: MediaKind) -> Media:
    return Media("x", name, mime, 100, kind)


PHOTO, FILM = media("a.png", "image/png", MediaKind.IMAGE), media("a.mp4", "video/mp4", MediaKind.VIDEO)
FILE, SONG = media("a.pdf", "application/pdf", MediaKind.FILE), media("a.mp3", "audio/mpeg", MediaKind.AUDIO)
VOICE = media("a.ogg", "audio/ogg", MediaKind.VOICE)


@pytest.mark.parametrize(
    ("files", "sizes"),
    [
        ([PHOTO, FILM, PHOTO], [3]),
        ([PHOTO, FILE, FILE, SONG, SONG, VOICE, VOICE, PHOTO], [1, 2, 2, 1, 1, 1]),
        ([PHOTO] * 23, [10, 10, 3]),
        ([PHOTO, media("a.gif", "image/gif", MediaKind.IMAGE), PHOTO], [1, 1, 1]),
    ],
)
def test_what_telegram_shows_together_goes_together(play: Stage, files: list[Media], sizes: list[int]) -> None:
    made = parts.parts(Send(chat=play.room, key="k", message=Message("look", media=tuple(files))))
    assert [len(one.message.media) for one in made if isinstance(one, Send)] == sizes
    assert made[0].message.text == "look"  # type: ignore[attr-defined]


def given(folder: Path, *files: Media, data: bytes = PNG) -> tuple[Media, ...]:
    found = []
    for number, one in enumerate(files):
        path = folder / f"given{number}"
        path.write_bytes(data + bytes([number]))
        found.append(Media(f"file:{path}", one.name, one.mime, one.size, one.kind))
    return tuple(found)


async def test_an_album_is_sent_edited_and_taken_back_as_a_whole(play: Stage, tmp_path: Path) -> None:
    play.bot.counter = 96  # its numbers get a further digit in the middle
    message = Message("Two views", media=given(tmp_path, PHOTO, FILM, PHOTO))
    async with play.connected() as session:
        ids = await performed(session, Send(chat=play.room, key="k", message=message))
        target = Target((ids[2], ids[0], ids[1]))  # nobody keeps their order
        edit = Edit(chat=play.room, key="e", target=target, message=Message("Three views", media=message.media))
        for part in session.parts(edit):
            await session.perform(part)

    said = play.chat.messages[-3:]
    assert len(ids) == 3
    assert play.api.calls["sendmediagroup"] == 1
    assert [one.text for one in said] == ["Three views", "", ""]
    assert len({one.content["media_group_id"] for one in said}) == 1
    assert [file.data[-1] for file in files_of(said) if file is not None] == [0, 1, 2]


async def test_what_telegram_does_not_want_as_it_is_goes_as_documents(play: Stage, tmp_path: Path) -> None:
    """A photo that is none; a text that is too long for one caption goes on in the next."""
    message = Message("word " * 300, media=given(tmp_path, PHOTO, FILM, data=b"no picture"))
    async with play.connected() as session:
        await session.perform(Send(chat=play.room, key="k", message=message))

    said = play.chat.messages[-2:]
    assert all("document" in one.content for one in said)
    assert " ".join(one.text for one in said).split() == ["word"] * 300
    assert play.api.calls["sendmediagroup"] == 2


async def test_each_file_of_an_album_counts(tmp_path: Path) -> None:
    limits = Limits(scale=0.02)
    async with stage(tmp_path, Pace(second=0.02), limits) as play:
        group = play.world.group("Verona", play.juliet, play.bot)
        message = Message(media=given(tmp_path, *[PHOTO] * 9))
        async with play.connected() as session:
            for number in range(4):
                wish = Send(chat=MessageId(str(group.id)), key=f"k{number}", message=message)  # type: ignore[arg-type]
                while True:
                    try:
                        await session.perform(wish)
                        break
                    except Exception as error:
                        await asyncio.sleep(error.retry_after)  # type: ignore[attr-defined]

        assert len([one for one in group.messages if one.author is play.bot]) == 36
        assert (limits.exceeded, limits.inside) == (0, 0)


def update(number: int, kind: str = "message", chat: int = 5, album: str = "") -> dict[str, object]:
    return {"update_id": number, kind: {"chat": {"id": chat}, **({"media_group_id": album} if album else {})}}


def test_what_concerns_a_chat_waits_behind_its_album() -> None:
    """And what was told behind one that waits is not told again, nor lost when it grows."""
    sorting = Albums()
    batch = [update(1, album="a"), update(2, "edited_message"), update(3, "message_reaction", chat=6)]
    assert sorting.sorted(batch, 0.0) == ([[batch[2]]], 1)
    batch.append(update(4, album="a"))
    assert sorting.sorted(batch, 0.1) == ([], 1)
    assert sorting.sorted(batch, 5.0) == ([[batch[0], batch[3]], [batch[1]]], None)

    batch = [update(11, album="a"), update(12), update(13, album="a")]
    assert sorting.sorted(batch, 6.0) == ([], 11)
    assert sorting.sorted(batch, 9.0) == ([[batch[0], batch[2]], [batch[1]]], None)


async def test_the_first_album_in_a_topic_is_one_message(play: Stage) -> None:
    """Before it its topic is told."""
    group = play.world.group("Square", play.juliet, play.bot, supergroup=True)
    duels = topics.begins(play.world, play.juliet, group, "Duels")
    play.bot.queue.clear()
    where = {"message_thread_id": group.number(duels, 0), "is_topic_message": True}
    async with play.live() as (_, reader):
        sends_album(play.world, play.juliet, group, FILES[:2], "Two")
        for one in play.bot.queue:
            one["message"].update(where)
        await reader.until(lambda r: bool(albums(r.events)))

    [album] = albums(reader.events)
    assert len(album.message.media) == 2
    assert [e.message.text for e in reader.of(MessageReceived)][-2:] == ["[Topic]", "Two"]
