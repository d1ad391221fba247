"""The picture that a user shows at home is that of their account, if they want that: once per change, and never twice
brought to the network for a repeat."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import (
    Capabilities,
    Contact,
    ContactId,
    PresenceChanged,
    Refused,
    SetPicture,
    Unavailable,
)
from bridge.hub.choices import OFF, ON
from bridge.store.database import Database
from tests.support.files import png
from tests.support.house import FAR, House, house
from tests.support.little import ALL, LittleNetwork

ROMEO = "romeo@home"
FILES = {"dawn": png(300, 200, seed=1), "noon": png(60, 60, seed=2), "drawing": b"<svg/>"}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """What is tested here does not depend on the kind of database."""
    opened = await Database.open(f"sqlite:///{tmp_path / 'test.db'}")
    yield opened
    await opened.close()


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    far = LittleNetwork("far", Capabilities(actions=ALL | {SetPicture}, idempotent=True, echoes=True, media=True))
    async with house(database, tmp_path, far=far) as made:
        made.xmpp.files = dict(FILES)
        await made.account(ROMEO, "@romeo")
        yield made


async def wants(home: House, value: str) -> None:
    await home.people.choices.choose(ROMEO, FAR, "", "picture", value)


def shows(home: House, picture: str) -> None:
    """Romeo shows himself at home with this picture."""
    romeo = Contact(ContactId(ROMEO), avatar=picture)
    home.xmpp.report(home.home_account, PresenceChanged(contact=romeo, available=True, towards=FAR))


async def test_it_is_shown_if_wanted_changed_and_taken_away(home: House) -> None:
    shows(home, "dawn")
    await home.settled()
    assert home.far.published == [], "nobody has asked for it"

    await wants(home, ON)
    await home.far.until(1, SetPicture)
    shows(home, "dawn")
    shows(home, "noon")
    await home.far.until(2, SetPicture)
    await wants(home, OFF)
    wishes = await home.far.until(3, SetPicture)

    assert [(one.picture, one.before) for one in wishes] == [
        ("far-file-1", ()), ("far-file-2", ("far-file-1",)), ("", ("far-file-2",)),
    ]  # fmt: skip
    assert all(data.startswith(b"\x89PNG") for data in home.far.published)
    assert [int.from_bytes(data[16:20]) for data in home.far.published] == [160, 60], "it is made small"


async def test_a_repeat_after_a_restart_knows_what_was_tried(home: House) -> None:
    home.far.loses = lambda action: Unavailable("Away.") if isinstance(action, SetPicture) else None
    await wants(home, ON)
    shows(home, "dawn")
    await home.far.until(1, SetPicture)

    await home.stop()
    home.far.loses = lambda action: None
    await home.start()
    shows(home, "dawn")
    first, second = await home.far.until(2, SetPicture)

    assert len(home.far.published) == 1
    assert (first.picture, second.picture, second.before) == ("far-file-1", "far-file-1", ("far-file-1",))


async def test_what_is_refused_is_not_tried_again_until_it_changes(home: House) -> None:
    home.far.loses = lambda action: Refused("Another was chosen.") if isinstance(action, SetPicture) else None
    await wants(home, ON)
    shows(home, "drawing")  # never gets so far
    await home.until_rows("SELECT reference FROM own_pictures", [("drawing",)])
    shows(home, "dawn")
    await home.until_rows("SELECT reference, native FROM own_pictures", [("dawn", "")])
    home.far.loses = lambda action: None
    await wants(home, ON)
    shows(home, "noon")
    wishes = await home.far.until(2, SetPicture)

    assert [one.picture for one in wishes] == ["far-file-1", "far-file-2"]
    assert wishes[-1].before == (), "what was refused is not there"
