"""Files, for sessions that name them in their capabilities."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bridge.contract import (
    ConnectorError,
    Kept,
    Media,
    Message,
    MessageReceived,
    Reason,
    Refused,
    Send,
    Session,
    Thumbnail,
    Unavailable,
)
from bridge.testing.conformance.network import NetworkUnderTest, connected, outcome, raises, reading

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400
_LIMIT = 50_000_000


class FilingNetwork(NetworkUnderTest, Protocol):
    """A network whose other person can send files and sees ours."""

    async def say_file(self, name: str, mime: str, data: bytes) -> None:
        """The other person sends a file without a caption."""
        ...

    async def shown_files(self) -> list[tuple[str, bytes]]:
        """Caption (or name, where there is none) and content of our files in the room, in order."""
        ...


@dataclass(frozen=True, slots=True)
class _Given:
    """A file of another network, on our disk."""

    path: Path
    media: Media
    trouble: ConnectorError | None = None
    id: str = "00112233445566778899aabbccddeeff"

    async def kept(self) -> Kept:
        if self.trouble is not None:
            raise self.trouble
        return Kept(self.path, self.media)

    async def preview(self) -> Thumbnail | None:
        return None


async def _content(session: Session, media: Media, limit: int = _LIMIT) -> bytes:
    async with session.open_media(media, limit) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def _sent(session: Session, network: NetworkUnderTest, path: Path, key: str, text: str = "") -> None:
    """As the hub does it: published, then every part performed."""
    media = Media("elsewhere", "balcony.png", "image/png", len(PICTURE))
    await asyncio.to_thread(path.write_bytes, PICTURE)
    reference = await session.publish(network.room, media, _Given(path, media))
    here = Media(reference, media.name, media.mime, media.size)
    for part in session.parts(Send(chat=network.room, key=f"conformance-{key}", message=Message(text, media=(here,)))):
        await session.perform(part)


class Filing:
    """`Capabilities.media` is set."""

    async def test_a_file_is_reported_and_can_be_read(self, network: FilingNetwork) -> None:
        async with connected(network) as session, reading(session) as reader:
            assert session.capabilities(network.room).media
            await network.say_file("balcony.png", "image/png", PICTURE)
            await reader.until(lambda r: bool(r.of(MessageReceived)))
            [said] = reader.of(MessageReceived)[0].message.media
            content = await _content(session, said)

        assert content == PICTURE
        assert (said.name, said.mime, said.size) == ("balcony.png", "image/png", len(PICTURE))

    async def test_no_more_than_the_limit_is_read(self, network: FilingNetwork) -> None:
        async with connected(network) as session, reading(session) as reader:
            await network.say_file("balcony.png", "image/png", PICTURE)
            await reader.until(lambda r: bool(r.of(MessageReceived)))
            [said] = reader.of(MessageReceived)[0].message.media
            async with raises(Refused) as caught:
                await _content(session, said, len(PICTURE) - 1)
            whole = await _content(session, said, len(PICTURE))

        assert caught[0].reason is Reason.RESOURCE
        assert whole == PICTURE

    async def test_what_is_no_file_of_the_network_is_an_error_of_the_contract(self, network: FilingNetwork) -> None:
        async with connected(network) as session:
            for reference in ("", "no such file", "../../etc/passwd", "mxc://localhost/../../etc/passwd"):
                came = await outcome(_content(session, Media(reference)))
                assert isinstance(came, ConnectorError), (reference, came)

    async def test_a_published_file_is_sent_with_its_caption(self, network: FilingNetwork) -> None:
        path = network.workspace.data / "given"
        async with connected(network) as session:
            await _sent(session, network, path, "1")
            await _sent(session, network, path, "2", "At dawn")

        shown = await network.shown_files()
        assert [content for _, content in shown] == [PICTURE, PICTURE]
        texts = [name for name, _ in shown] + [one.text for one in await network.shown()]
        assert "At dawn" in texts, "with the file or beside it"

    async def test_a_file_that_cannot_be_had_is_not_published(self, network: FilingNetwork) -> None:
        media = Media("elsewhere", "balcony.png", "image/png")
        trouble = Unavailable("It is away.")
        async with connected(network) as session:
            came = await outcome(session.publish(network.room, media, _Given(Path("nowhere"), media, trouble)))

        assert came is trouble
