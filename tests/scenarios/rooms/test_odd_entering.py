"""Entering a room under odd nicks, and again and again."""

import asyncio

from bridge.testing.wire import AddPerson, Comes
from bridge.xmpp.looks import looks
from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.xmpp_client import bare

pytestmark = ANY_SERVER
TIMES = 300


async def test_whatever_one_wishes_to_be_called_one_is_who_one_is(verona: InVerona) -> None:
    """A nick of 1,000 characters, another's in letters of another script, and a Matrix person's name that is so."""
    for wanted in ("n" * 1_000, "\N{CYRILLIC CAPITAL LETTER JE}uliet", "Juliet"):
        entered = await verona.enter(wanted=wanted)
        assert (entered.nick, entered.statuses) == ("Romeo", {100, 110, 210}), wanted
        verona.app.send(f"<presence to='{verona.room}/{wanted}'/>")
        own = await verona.app.expect(lambda s: muc.is_presence(s, verona.room) and 110 in muc.statuses(s))
        assert (muc.nick(own), muc.statuses(own)) == ("Romeo", {100, 110, 210}), wanted
    muc.say(verona.app, verona.room, "It is me", "m1")
    assert muc.nick(await muc.said(verona.app, verona.room, "It is me")) == "Romeo"

    world = verona.play.world
    for id, name in (("long", "n" * 1_000), ("longer", "n" * 999), ("false", "\N{CYRILLIC CAPITAL LETTER JE}uliet")):
        await world.do(AddPerson(id=id, name=name))
        await world.do(Comes(person=id, chat=verona.chat))
        await verona.app.expect(lambda s: muc.is_presence(s, verona.room) and 110 not in muc.statuses(s))
    entered = await verona.enter()
    assert len({nick.casefold() for nick in entered.nicks}) == len(entered.nicks) == 5
    assert max(len(nick) for nick in entered.nicks) < 110
    assert [nick for nick in entered.nicks if "uliet" in nick and nick.isascii()] == ["Juliet"]


async def test_names_that_are_none_or_anothers_are_valid_unique_and_stay(verona: InVerona) -> None:
    """Also after a restart: what somebody is called is theirs."""
    world = verona.play.world
    names = {
        "emoji": "\U0001f600", "turned": "\u202eteiluJ", "empty": "", "admin": "admin", "space": "admin ",
        "alike": "\u0430dmin", "control": "a\u0007b\u200bc", "nurse2": "NURSE", "long": "y" * 300,
    }  # fmt: skip
    await verona.enter()
    for id, name in names.items():
        await world.do(AddPerson(id=id, name=name))
        await world.do(Comes(person=id, chat=verona.chat))
        await verona.app.expect(lambda s: muc.is_presence(s, verona.room) and 110 not in muc.statuses(s))

    async def called() -> dict[str, str]:
        entered = await verona.enter()
        items = [(one.find(f".//{muc.USER}item"), muc.nick(one)) for one in entered.others]
        return {(item.get("jid") or "").partition("@")[0]: nick for item, nick in items if item is not None}

    before = await called()
    assert before.keys() == {*names, "juliet", "nurse"}
    assert len({looks(nick) for nick in before.values()}) == len(before), before
    assert all(nick and nick == nick.strip() and nick.isprintable() for nick in before.values()), before
    assert [id for id, nick in before.items() if looks(nick) == looks("admin")] == ["admin"]
    await asyncio.to_thread(verona.play.gateway.stop)
    await asyncio.to_thread(verona.play.gateway.start)
    assert await called() == before


async def test_hundreds_of_joins_and_leaves_in_a_breath_end_as_the_last_one_says(verona: InVerona) -> None:
    """By one app, while another of another user talks; nobody is lost on the way in, and no ghost stays."""
    enter = f"<presence to='{verona.room}/Romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
    leave = f"<presence to='{verona.room}/Romeo' type='unavailable'/>"
    async with verona.play.on_stage("romeo") as flood:
        await verona.enter()
        for number in range(TIMES):
            flood.send(enter)
            flood.send(leave)
            if number % 100 == 50:
                muc.say(verona.app, verona.room, f"meanwhile {number}", f"m{number}")
                await muc.said(verona.app, verona.room, f"meanwhile {number}")
        assert await muc.ping(flood, f"{verona.room}/Romeo") == "not-acceptable"
        begin = len(flood.received)
        await verona.says("juliet", "nobody is there")
        await muc.said(verona.app, verona.room, "nobody is there")
        assert await muc.ping(flood, verona.room) == ""
        assert [s for s in flood.received[begin:] if bare(s) == verona.room and s.get("type") == "groupchat"] == []

        begin = len(flood.received)
        flood.send((enter + leave) * 20 + enter)  # they come in one piece
        await verona.says("juliet", "Art thou there?")
        for app in (verona.app, flood):
            await muc.said(app, verona.room, "Art thou there?")
        assert await muc.ping(flood, f"{verona.room}/Romeo") == ""
        assert len([s for s in flood.received[begin:] if "Art thou there?" in "".join(s.itertext())]) == 1
    assert "Traceback" not in verona.play.gateway.log
