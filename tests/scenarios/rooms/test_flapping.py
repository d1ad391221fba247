"""Hundreds who fall out of a room and come back are no text to anybody, and one line to whoever wants one."""

from pathlib import Path

from bridge.testing.wire import Comes, Goes
from tests.conftest import ANY_SERVER
from tests.scenarios.conftest import staged
from tests.support import muc
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import XmppClient, bare, body
from tests.support.xmpp_servers import XmppServer

pytestmark = ANY_SERVER
PEOPLE = 200
VERONA, MANTUA = f"#verona@{MEMORY}", f"#mantua@{MEMORY}"


def lines(app: XmppClient, room: str) -> list[str]:
    """What was said in a room, by whomever."""
    return [body(one) for one in app.received if bare(one) == room and one.get("type") == "groupchat" and body(one)]


async def test_two_hundred_who_flap_are_no_text_and_one_line_for_who_wants_it(
    server: XmppServer, tmp_path: Path
) -> None:
    people = [f"p{number}" for number in range(PEOPLE)]
    async with staged(server, tmp_path, settings={"limits": {"notice_window": 200}}) as play:
        await play.world.people("p7")
        for name, room in (("verona", VERONA), ("mantua", MANTUA)):
            await play.world.chat(name, "juliet", *people, "romeo", name=name.capitalize(), alias=f"#{name}")
            if name == "verona":
                await play.log_in()
            await muc.listed(play.app, MEMORY, room)
            await muc.enter(play.app, room, "Romeo")
        assert "(`joins`): yes." in await play.ask("settings chat=mantua joins=on")

        for name in ("verona", "mantua"):
            await play.world.do(Goes(person="juliet", chat=name))
            for _ in range(2):
                for move in (Goes, Comes):
                    for person in people:
                        await play.world.do(move(person=person, chat=name))
        told = await play.app.expect(lambda s: s.get("from") == MANTUA and body(s) != "", what="line")
        for name, room in (("verona", VERONA), ("mantua", MANTUA)):
            await play.world.says("p7", name, "We are back.")
            await muc.said(play.app, room, "We are back.")

        assert body(told).endswith("left.")
        assert lines(play.app, MANTUA) == [body(told), "We are back."]
        assert lines(play.app, VERONA) == ["We are back."]
        await muc.enter(play.app, VERONA, "Romeo")
        answer = await play.app.iq(VERONA, "get", f"<query xmlns='{muc.INFO}'/>")
        fields = {one.get("var"): one.findtext("{jabber:x:data}value") for one in answer.iter("{jabber:x:data}field")}
        assert fields["muc#roominfo_occupants"] == str(PEOPLE + 1), "all who flapped are in again"
