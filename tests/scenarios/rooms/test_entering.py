"""Entering: others first, oneself last, then what was said, then the subject."""

from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc


async def test_a_message_each_way(verona: InVerona) -> None:
    entered = await verona.enter()

    assert entered.nicks == ["Juliet", "Nurse"]
    assert (entered.nick, entered.statuses) == ("Romeo", {100, 110})
    assert entered.subject == "A feud"
    muc.say(verona.app, verona.room, "But soft!", "m1")
    await verona.heard("But soft!")
    echo = await muc.said(verona.app, verona.room, "But soft!")
    assert (echo.get("id"), echo.get("from")) == ("m1", f"{verona.room}/Romeo")
    await verona.says("juliet", "Ay me!")
    said = await muc.said(verona.app, verona.room, "Ay me!")
    assert said.get("from") == f"{verona.room}/Juliet"
