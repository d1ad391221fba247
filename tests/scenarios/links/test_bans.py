"""Who is banned or kicked in a MUC as one of our people is not shown there any more, also by the next process, until
those who keep order there want them again."""

import asyncio
from pathlib import Path
from xml.sax.saxutils import quoteattr

from tests.scenarios.links.conftest import A, Cafe, heard, opened
from tests.support import muc
from tests.support.xmpp_servers import XmppServer

ADMIN, USER = "http://jabber.org/protocol/muc#admin", "http://jabber.org/protocol/muc#user"


async def test_who_is_not_wanted_in_a_muc_is_not_shown_there(hall: XmppServer, tmp_path: Path) -> None:
    async with opened(hall, tmp_path, people=("juliet", "nurse", "peter")) as cafe:
        world, romeo, room = cafe.worlds[A], cafe.apps["romeo"], cafe.room
        await cafe.linked()
        for who in ("juliet", "nurse"):
            await world.says(who, cafe.chat, f"{who} is here")
            await heard(romeo, room, f"{who} is here")
        await _order(cafe, "<item affiliation='outcast' jid='juliet@memory.localhost'><reason>brawls</reason></item>")
        await _gone(cafe, "Juliet", 301)
        await _order(cafe, "<item role='none' nick='Nurse'/>")
        await _gone(cafe, "Nurse", 307)
        for who in ("juliet", "nurse", "juliet", "peter"):
            await world.says(who, cafe.chat, f"{who} again")
        await heard(romeo, room, "peter again")
        await cafe.shown(A, *_notices(room))

        await asyncio.to_thread(cafe.gateway.kill)
        await asyncio.to_thread(cafe.gateway.start)
        for who in ("juliet", "nurse", "peter"):
            await world.says(who, cafe.chat, f"{who} still")
        await heard(romeo, room, "peter still")

        # COMPAT ejabberd 23.01: who was an outcast and has no affiliation then comes in without a voice.
        await _order(cafe, "<item affiliation='member' jid='juliet@memory.localhost'/>")
        invited = quoteattr("juliet@memory.localhost")
        romeo.send(f"<message to='{room}'><x xmlns='{USER}'><invite to={invited}/></x></message>")
        async with asyncio.timeout(30):
            while "let in again juliet on memory" not in await cafe.command("link", "audit"):
                await asyncio.sleep(0.2)  # another process answers
        await world.says("juliet", cafe.chat, "juliet is back")
        await heard(romeo, room, "juliet is back")

        said = [text for _, text in await cafe.archive()]
        audit = await cafe.command("link", "audit")
        shown = (await world.state(cafe.chat)).texts
    assert said == ["juliet is here", "nurse is here", "peter again", "peter still", "juliet is back"]
    assert sorted(one for one in shown if "not shown there" in one) == sorted(_notices(room))  # once each
    assert "banned juliet on memory" in audit
    assert "removed nurse on memory" in audit


def _notices(room: str) -> tuple[str, str]:
    return (
        f"“Juliet” is banned from {room} on XMPP by those who keep order there (brawls), so what they say here is not "
        "shown there until the ban is lifted.",
        f"Those who keep order in {room} on XMPP have had “Nurse” leave, so what they say here is not shown there, for "
        "the next 24 hours, or until they are asked in again.",
    )


async def _order(cafe: Cafe, item: str) -> None:
    answer = await cafe.apps["romeo"].iq(cafe.room, "set", f"<query xmlns='{ADMIN}'>{item}</query>")
    assert answer.get("type") == "result"


async def _gone(cafe: Cafe, nick: str, status: int) -> None:
    await cafe.apps["romeo"].expect(
        lambda s: muc.is_presence(s, cafe.room, "unavailable") and muc.nick(s) == nick and status in muc.statuses(s),
        20, f"{nick} leaves", again=True,
    )  # fmt: skip
