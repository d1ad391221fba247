"""Pictures of people: each is fetched once, a few at a time, and those that somebody waits for first."""

import asyncio
from pathlib import Path

import pytest

from bridge.contract import Refused, Unavailable
from bridge.hub.facades import Avatar
from bridge.store.database import Database
from tests.support.files import png
from tests.support.house import FAR, House, house
from tests.support.talks import until

ROMEO = "romeo@home"
MANY = 60


@pytest.fixture
async def database(tmp_path: Path) -> "Database":
    """What is tested here does not depend on the kind of database."""
    return await Database.open(f"sqlite:///{tmp_path / 'test.db'}")


def avatar(number: int | str) -> Avatar:
    return Avatar(FAR, "", f"picture-{number}")


async def connected(stage: House) -> None:
    await stage.account(ROMEO, "romeo")
    assert stage.hub is not None
    await until(lambda: stage.hub is not None and stage.hub.sessions.scope_of(ROMEO, FAR) is not None, seconds=10)


async def test_thousands_are_fetched_a_few_at_a_time_and_speakers_first(database: Database, tmp_path: Path) -> None:
    async with house(database, tmp_path) as stage:
        await connected(stage)
        assert stage.hub is not None
        avatars, far = stage.hub.avatars, stage.far
        far.gate = asyncio.Event()
        far.files = {f"picture-{n}": png(4, 4, seed=n) for n in range(MANY)}
        learned: list[Avatar] = []
        avatars.watch(learned.append)

        for number in range(MANY):
            avatars.want(avatar(number))
        await until(lambda: far.fetching == 2, seconds=10)
        avatars.want(avatar(MANY - 1), soon=True)
        await asyncio.sleep(0)
        first = list(far.fetched)
        far.gate.set()
        await until(lambda: len(learned) == MANY, seconds=90)
        for number in range(MANY):
            avatars.want(avatar(number))

        assert len(first) == 2, "two at a time"
        assert avatar(MANY - 1).reference in far.fetched[2:5], "who speaks comes first, but for what was just begun"
        assert sorted(far.fetched) == sorted(far.files), "each once"
        picture = await avatars.get(avatar(7))
        assert picture is not None
        assert (picture.sha1, picture.width) == (avatars.known(avatar(7)), 4)
        await stage.stop()
        hub = await stage.start()
        assert hub.avatars.known(avatar(7)) == picture.sha1, "nothing is fetched again after a start"
    await database.close()


async def test_what_is_refused_is_known_to_be_none_and_what_does_not_come_is_tried_later(
    database: Database, tmp_path: Path
) -> None:
    async with house(database, tmp_path) as stage:
        await connected(stage)
        assert stage.hub is not None
        avatars, far = stage.hub.avatars, stage.far
        svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
        far.files = {"picture-svg": svg, "picture-no": Refused("No."), "picture-later": Unavailable("Later.")}

        assert await avatars.get(avatar("svg")) is None
        assert await avatars.get(avatar("no")) is None
        for _ in range(2):
            with pytest.raises(Unavailable):
                await avatars.get(avatar("later"))
        assert await avatars.get(Avatar(FAR, "", "")) is None
        with pytest.raises(Unavailable):
            await avatars.get(Avatar(FAR, "another homeserver", "picture-svg"))

        assert [avatars.known(avatar(one)) for one in ("svg", "no", "later")] == ["", "", None]
        assert far.fetched == ["picture-svg", "picture-no", "picture-later"]
    await database.close()


async def test_a_picture_that_is_gone_from_the_disk_is_fetched_again(database: Database, tmp_path: Path) -> None:
    async with house(database, tmp_path) as stage:
        await connected(stage)
        assert stage.hub is not None
        stage.far.files = {"picture-1": png(9, 9)}
        before = await stage.hub.avatars.get(avatar(1))
        for kept in (tmp_path / "avatars").iterdir():
            kept.unlink()

        assert await stage.hub.avatars.get(avatar(1)) == before
        assert stage.far.fetched == ["picture-1"] * 2
    await database.close()
