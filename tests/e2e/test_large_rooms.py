"""A Matrix room of 5,000 people, on a homeserver in memory: what it costs to come in and to be there does not grow with
how many are in it. Counted are requests, stanzas and bytes; how long it takes is measured by `scripts/bench`.
"""

from collections.abc import AsyncIterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from tests.conftest import ANY_SERVER, COMPONENTS
from tests.support import commands, muc
from tests.support.folk import PASSWORD
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.homeserver import Homeserver
from tests.support.xmpp_client import XmppClient, bare, error_of
from tests.support.xmpp_servers import XmppServer

pytestmark = ANY_SERVER

PEOPLE = 5_000
MOVED = 700  # who are called otherwise, who go, and who come
BYTES = 10_000  # to an app that comes in
ITEM = "{http://jabber.org/protocol/muc#admin}item"


@pytest.fixture
async def homeserver() -> AsyncIterator[Homeserver]:
    async with Homeserver() as server:
        yield server


async def listed(app: XmppClient, room: str, affiliation: str) -> Element:
    inner = f"<item affiliation='{affiliation}'/>"
    return await app.iq(room, "get", f"<query xmlns='http://jabber.org/protocol/muc#admin'>{inner}</query>")


def presences(app: XmppClient, room: str, begin: int) -> list[str]:
    return [muc.nick(s) for s in app.received[begin:] if bare(s) == room and s.tag.endswith("}presence")]


async def test_a_room_of_five_thousand(server: XmppServer, homeserver: Homeserver) -> None:
    romeo, juliet = homeserver.add_user("romeo"), homeserver.add_user("juliet")
    room = homeserver.create_room(juliet)
    homeserver.move(room, {juliet: {"membership": "join", "displayname": "Juliet"}})
    people = homeserver.populate(room, PEOPLE)
    levels = {"users": {people[0]: 100, people[1]: 50}}
    homeserver.put_state(room, juliet, "m.room.power_levels", levels)
    homeserver.join(room, romeo)
    user = server.add_user("romeo-of-many", PASSWORD)
    networks = matrix(COMPONENTS[MATRIX], homeserver.url)
    with Gateway(networks, server.component_port) as gateway:
        async with XmppClient(user, PASSWORD, server.c2s_port) as app:
            step = await commands.log_in(app, gateway.jid, homeserver.url, "romeo", PASSWORD)
            assert step.status == "completed", step
            jid = await muc.any_listed(app, gateway.jid)

            begin, asked = len(app.received), len(homeserver.asked)
            entered = await muc.enter(app, jid, "romeo", seconds=60)
            came = sum(len(ElementTree.tostring(one)) for one in app.received[begin:])
            questions = [one for one in homeserver.asked[asked:] if "/rooms/" in one]
            assert sorted(entered.nicks) == ["Juliet", "Person 0", "Person 1"]
            assert entered.nick.startswith("@romeo")
            assert came < BYTES
            # Who is there, who is banned, who is invited: three questions, however many people there are.
            assert [one.rpartition("/")[2] for one in questions] == ["joined_members", "members", "members"]

            # Who has what to say is listed, also where all its people are too many for a stanza.
            lists = {kind: await listed(app, jid, kind) for kind in ("owner", "admin", "outcast")}
            found = {kind: {one.get("nick") for one in some.iter(ITEM)} for kind, some in lists.items()}
            assert found == {"owner": {"Juliet", "Person 0"}, "admin": {"Person 1"}, "outcast": set()}, found
            everybody = await listed(app, jid, "member")
            assert error_of(everybody)[0] == "resource-constraint"

            # Two thousand are called otherwise, leave and come, and an app hears of none of them.
            begin, asked = len(app.received), len(homeserver.asked)
            renamed = {
                p: {"membership": "join", "displayname": f"New {n}"} for n, p in enumerate(people[2 : 2 + MOVED])
            }
            homeserver.move(room, renamed)
            homeserver.move(room, {one: {"membership": "leave"} for one in people[-MOVED:]})
            homeserver.populate(room, MOVED, PEOPLE)
            homeserver.say(room, juliet, "What a crowd!")
            await muc.said(app, jid, "What a crowd!", 90)
            assert presences(app, jid, begin) == []
            assert len([one for one in homeserver.asked[asked:] if "/rooms/" in one]) < 3 * MOVED / 100 + 10
            answer = await app.iq(jid, "get", f"<query xmlns='{muc.INFO}'/>")
            fields = {
                one.get("var"): one.findtext("{jabber:x:data}value") for one in answer.iter("{jabber:x:data}field")
            }
            assert fields["muc#roominfo_occupants"] == str(PEOPLE + 2)

            # Who speaks is shown first, as they are called now.
            homeserver.say(room, people[2], "It is me")
            said = await muc.said(app, jid, "It is me")
            assert presences(app, jid, begin) == [muc.nick(said)] == ["New 0"]
            assert gateway.metric("landbridge_dead_letters", network="matrix") == 0
