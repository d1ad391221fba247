"""Pictures of accounts: set for their users, and never in place of what these have chosen themselves."""

from pathlib import Path
from typing import Protocol

from bridge.contract import ChatId, Kept, Media, MediaKind, Refused, Session, SetPicture, Thumbnail
from bridge.testing.conformance.files import PICTURE
from bridge.testing.conformance.network import NetworkUnderTest, connected, raises


class PicturedNetwork(NetworkUnderTest, Protocol):
    """A network whose people have pictures."""

    async def picture(self) -> str:
        """What the account shows now, as `Session.publish` calls it; empty: nothing."""
        ...

    async def chooses(self) -> str:
        """The account's user takes another picture, in another app: what that is called."""
        ...


class _Given:
    id = "0" * 32

    def __init__(self, path: Path) -> None:
        self._path = path

    async def kept(self) -> Kept:
        return Kept(self._path, Media("", "me.png", "image/png", len(PICTURE), MediaKind.IMAGE))

    async def preview(self) -> Thumbnail | None:
        return None


async def _published(session: Session, folder: Path) -> str:
    path = folder / "me.png"
    path.write_bytes(PICTURE)
    media = Media("elsewhere", "me.png", "image/png", len(PICTURE), MediaKind.IMAGE)
    return await session.publish(ChatId(""), media, _Given(path))


def _wish(number: int, picture: str, *before: str) -> SetPicture:
    return SetPicture(chat=ChatId(""), key=f"conformance-{number}", picture=picture, before=before)


class Picturing:
    """For sessions that name `SetPicture` in their capabilities."""

    async def test_a_picture_is_shown_replaced_and_taken_away(self, network: PicturedNetwork, tmp_path: Path) -> None:
        async with connected(network) as session:
            assert SetPicture in session.capabilities(ChatId("")).actions
            first, second = [await _published(session, tmp_path) for _ in range(2)]
            seen = []
            for number, (picture, before) in enumerate(((first, ""), (first, first), (second, first), ("", second))):
                await session.perform(_wish(number, picture, *filter(None, [before])))
                seen.append(await network.picture())

        assert seen == [first, first, second, ""]

    async def test_what_its_user_has_chosen_stays(self, network: PicturedNetwork, tmp_path: Path) -> None:
        async with connected(network) as session:
            ours = await _published(session, tmp_path)
            await session.perform(_wish(1, ours))
            theirs = await network.chooses()
            for picture in (ours, ""):
                async with raises(Refused):
                    await session.perform(_wish(2, picture, ours))

            assert await network.picture() == theirs
