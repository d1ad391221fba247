"""Files both ways: as what they are, within Telegram's limits, and without the token anywhere."""

import logging
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.contract import Kept, Media, MediaKind, Message, MessageReceived, Reason, Refused, Send, Session, Thumbnail
from bridge.testing.conformance.network import outcome, raises
from tests.support.botapi.uploads import KINDS, file_of
from tests.telegram.stage import Stage

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(2_000)
OTHER = b"\x89PNG\r\n\x1a\n, and no picture"


@dataclass(frozen=True)
class Given:
    path: Path
    media: Media
    id: str = "0" * 32

    async def kept(self) -> Kept:
        return Kept(self.path, self.media)

    async def preview(self) -> Thumbnail | None:
        return None


async def content(session: Session, media: Media, limit: int = 50_000_000) -> bytes:
    async with session.open_media(media, limit) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def sent(play: Stage, session: Session, media: Media, data: bytes, text: str = "") -> Message:
    path = play.folder / "given"
    path.write_bytes(data)
    size = media.size if media.size is not None else len(data)
    held = Media("", media.name, media.mime, size, media.kind)
    reference = await session.publish(play.room, media, Given(path, held))
    here = Media(reference, media.name, media.mime, size, media.kind)
    for part in session.parts(Send(chat=play.room, key="k", message=Message(text, media=(here,)))):
        await session.perform(part)
    return Message(media=(here,))


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_is_reported_and_can_be_read(play: Stage, kind: str) -> None:
    async with play.live() as (session, reader):
        seen = len(reader.of(MessageReceived))
        play.world.sends_file(play.juliet, play.chat, kind, "name.bin", "application/x-thing", PNG)
        await reader.until(lambda r: len(r.of(MessageReceived)) > seen)
        [media] = reader.of(MessageReceived)[-1].message.media
        assert await content(session, media) == PNG

    assert media.size == len(PNG)
    assert play.bot.token not in media.reference


async def test_what_is_too_large_for_bots_is_said_before_anything_is_asked(play: Stage) -> None:
    async with play.live() as (session, reader):
        play.world.sends_file(play.juliet, play.chat, "video", "film.mp4", "video/mp4", b"x", claims=20_000_001)
        await reader.until(lambda r: bool(r.of(MessageReceived)[-1].message.media))
        [media] = reader.of(MessageReceived)[-1].message.media
        asked = play.api.calls["getfile"]
        async with raises(Refused) as down:
            await content(session, media)
        silent = Media(media.reference)  # where Telegram does not say how large it is
        async with raises(Refused) as asked_for:
            await content(session, silent)
        big = Media("x", "film.mp4", "video/mp4", 50_000_001, MediaKind.VIDEO)
        async with raises(Refused) as up:
            await sent(play, session, big, b"")

    assert (media.name, media.size) == ("film.mp4", 20_000_001)
    assert play.api.calls["getfile"] == asked + 1
    assert [one[0].reason for one in (down, asked_for, up)] == [Reason.RESOURCE] * 3
    assert ["20 MB" in down[0].text, "20 MB" in asked_for[0].text, "50 MB" in up[0].text] == [True] * 3


async def test_what_telegram_says_of_where_a_file_is_is_not_believed(play: Stage) -> None:
    async with play.live() as (session, reader):
        play.world.sends_file(play.juliet, play.chat, "document", "a.bin", "application/x-thing", PNG)
        await reader.until(lambda r: bool(r.of(MessageReceived)[-1].message.media))
        [media] = reader.of(MessageReceived)[-1].message.media
        for path in (None, "", 7, "/etc/passwd", "../../etc/passwd", "a\nb"):
            play.api.faults.answer("getfile", 200, {"ok": True, "result": {"file_id": "x", "file_path": path}})
            came = await outcome(content(session, media))
            assert isinstance(came, Refused), path
        play.api.faults.answer("getfile", 200, {"ok": True, "result": {"file_id": "x"}})
        assert isinstance(await outcome(content(session, media)), Refused)


@pytest.mark.parametrize(
    ("media", "data", "expected"),
    [
        (Media("x", "a.png", "image/png", kind=MediaKind.IMAGE), PNG, "photo"),
        (Media("x", "a.png", "image/png", kind=MediaKind.IMAGE), OTHER, "document"),
        (Media("x", "a.gif", "image/gif", kind=MediaKind.IMAGE), PNG, "animation"),
        (Media("x", "a.mp4", "video/mp4", kind=MediaKind.VIDEO), PNG, "video"),
        (Media("x", "a.mkv", "video/x-matroska", kind=MediaKind.VIDEO), PNG, "document"),
        (Media("x", "a.mp3", "audio/mpeg", kind=MediaKind.AUDIO), PNG, "audio"),
        (Media("x", "a.ogg", "audio/ogg", kind=MediaKind.VOICE), PNG, "voice"),
        (Media("x", "a.pdf", "application/pdf"), PNG, "document"),
    ],
)
async def test_files_are_sent_as_what_telegram_shows_best(
    play: Stage, media: Media, data: bytes, expected: str
) -> None:
    async with play.connected() as session:
        await sent(play, session, media, data, "look")

    said = play.chat.messages[-1]
    file = file_of(said.content)
    assert file is not None
    assert expected in said.content
    assert (said.text, file.data) == ("look", data)
    assert file.name == media.name


async def test_a_file_that_is_gone_and_one_that_is_none_are_refused(play: Stage) -> None:
    async with play.connected() as session:
        message = await sent(play, session, Media("x", "a.pdf", "application/pdf"), PNG)
        (play.folder / "given").unlink()
        for reference in (message.media[0].reference, "/etc/passwd", "https://x.example/a"):
            wish = Send(chat=play.room, key="k", message=Message(media=(Media(reference),)))
            assert isinstance(await outcome(session.perform(wish)), Refused)


async def test_the_token_is_in_no_log_and_no_error(play: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").info("what it says at this level has addresses in it")
    texts = []
    async with play.live() as (session, reader):
        play.world.sends_file(play.juliet, play.chat, "document", "a.bin", "application/x-thing", PNG)
        await reader.until(lambda r: bool(r.of(MessageReceived)[-1].message.media))
        [media] = reader.of(MessageReceived)[-1].message.media
        await content(session, media)
        play.api.faults.drop("sendmessage")
        texts.append(str(await outcome(session.perform(play.send("hello")))))
        await play.api.__aexit__(None, None, None)
        texts.append(str(await outcome(session.perform(play.send("hello")))))
        texts.append(str(await outcome(content(session, media))))

    assert "has addresses in it" not in caplog.text
    assert play.bot.token not in caplog.text
    assert not any(play.bot.token in text for text in texts), texts
