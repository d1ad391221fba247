"""What was said before one came in, as far as one was in the room."""

import pytest

from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc


async def test_history_comes_with_its_time_and_id_and_once(verona: InVerona) -> None:
    await verona.enter()
    for number in range(3):
        await verona.says("juliet", f"line {number}")
    muc.say(verona.app, verona.room, "line 3", "m3")
    live = [await muc.said(verona.app, verona.room, f"line {number}") for number in range(4)]

    entered = await verona.enter()

    assert entered.texts == ["line 0", "line 1", "line 2", "line 3"]
    assert [one.get("from") for one in entered.history] == [one.get("from") for one in live]
    ids = [[one.find(muc.STANZA_ID).attrib for one in some] for some in (entered.history, live)]  # type: ignore[union-attr]
    assert ids[0] == ids[1]
    assert all(one["by"] == verona.room for one in ids[0])
    assert all(one.find(muc.DELAY) is not None for one in entered.history)
    assert entered.history[3].get("id") == "m3"


@pytest.mark.parametrize(
    ("wish", "texts"),
    [
        ("<history maxstanzas='0'/>", []),
        ("<history maxchars='0'/>", []),
        ("<history maxstanzas='2'/>", ["line 1", "line 2"]),
        ("<history seconds='3600'/>", ["line 0", "line 1", "line 2"]),
        ("<history since='2038-01-01T00:00:00Z'/>", []),
        ("<history maxstanzas='many' since='yesterday'/>", ["line 0", "line 1", "line 2"]),
    ],
)
async def test_one_gets_as_much_as_one_wishes(verona: InVerona, wish: str, texts: list[str]) -> None:
    await verona.enter()
    for number in range(3):
        await verona.says("juliet", f"line {number}")
    await muc.said(verona.app, verona.room, "line 2")

    assert (await verona.enter(history=wish)).texts == texts


async def test_what_was_said_before_one_was_in_the_room_is_not_shown(verona: InVerona) -> None:
    await verona.enter()
    await verona.says("juliet", "before")
    await muc.said(verona.app, verona.room, "before")
    await verona.play.world.do(verona.goes("romeo"))
    await verona.app.expect(lambda s: muc.is_presence(s, verona.room, "unavailable"))
    await verona.play.world.do(verona.comes("romeo"))
    await verona.app.expect(lambda s: s.find("{jabber:x:conference}x") is not None)

    assert (await verona.enter()).texts == []
