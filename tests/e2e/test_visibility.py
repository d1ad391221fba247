"""What newcomers, and people who were put out, may know of a room whose archive the gateway has for others: as much as
the room's history visibility says (client-server API #mroomhistory_visibility), through real servers."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from urllib.parse import quote
from xml.etree import ElementTree

from tests.conftest import ANY_SERVER
from tests.e2e.test_keeping_order import ADMIN
from tests.e2e.test_rooms import room_of
from tests.support import folk, muc
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.mam import ask, backwards, value
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body, error_of
from tests.support.xmpp_servers import XmppServer

pytestmark = ANY_SERVER

# When something was said: before somebody was invited, before they came, when they were there.
MAY_READ = {
    "joined": ["there"],
    "invited": ["asked", "there"],
    "shared": ["before", "asked", "there"],
    "world_readable": ["before", "asked", "there"],
}

NOTHING = [*["item-not-found"] * 6, *["not-acceptable"] * 4]


async def out_of(app: XmppClient, jid: str, nick: str) -> Sequence[str]:
    """The conditions of the errors for all that whoever is not in a room may ask of it."""
    found = [(await ask(app, jid, rsm)).error for rsm in ("", "<before/>", "<max>0</max>")]
    found.append((await ask(app, jid, fields=value("with", f"{jid}/{nick}"))).error)
    for inner in (f"<query xmlns='{muc.INFO}'/>", "<metadata xmlns='urn:xmpp:mam:2'/>"):
        found.append(error_of(await app.iq(jid, "get", inner))[0])
    for standing in ("affiliation='member'", "affiliation='owner'", "affiliation='outcast'", "role='participant'"):
        listed = f"<query xmlns='{ADMIN}'><item {standing}/></query>"
        found.append(error_of(await app.iq(jid, "get", listed))[0])
    return found


async def shown(app: XmppClient, jid: str, text: str) -> None:
    """Rooms do not wait for each other."""
    await app.expect(lambda s: bare(s) == jid and body(s) == text, 20.0, f"{text!r} in {jid}", again=True)


async def test_nobody_is_shown_more_than_the_room_shows_them(
    gateway: Gateway, server: XmppServer, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient,
    element: MatrixClient,
) -> None:  # fmt: skip
    """Romeo has been in four rooms from the beginning; the Nurse comes later, and is put out of two."""
    nurse = folk.user(server, synapse, "nurse")
    rooms, jids = {}, {}
    for visible in MAY_READ:
        past = {"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": visible}}
        alias = f"{visible.replace('_', '-')}-{juliet.name}"
        rooms[visible] = await room_of(element, alias=alias, initial_state=[past])
        jids[visible] = f"#{alias}%localhost@{gateway.jid}"

    async def say(when: str) -> None:
        for visible, room in rooms.items():
            await element.send(room, f"{when} {visible}")

    async def manage(what: str, visible: str) -> None:
        await element.call("POST", f"/rooms/{quote(rooms[visible])}/{what}", {"user_id": nurse.mxid})

    async with AsyncExitStack() as stack:
        phone = await stack.enter_async_context(folk.on_matrix(romeo, synapse))
        for room in rooms.values():
            await phone.join(room)
        await folk.connect(romeo, app, gateway, synapse)
        for jid in jids.values():
            await muc.listed(app, gateway.jid, jid)
            await muc.enter(app, jid, romeo.name)
        nurses = await stack.enter_async_context(folk.on_xmpp(nurse, server))
        pager = await stack.enter_async_context(folk.on_matrix(nurse, synapse))
        pager.joins = False
        await folk.connect(nurse, nurses, gateway, synapse)

        await say("before")
        for visible, jid in jids.items():
            await shown(app, jid, f"before {visible}")
            assert await out_of(nurses, jid, juliet.name) == NOTHING, visible
            await manage("invite", visible)
            await nurses.expect(lambda s, jid=jid: bare(s) == jid and s.find("{jabber:x:conference}x") is not None)  # type: ignore[misc]
        await say("asked")
        for visible, jid in jids.items():
            await shown(app, jid, f"asked {visible}")
            errors = await out_of(nurses, jid, juliet.name)
            assert all(errors[:4]), (visible, errors)
            assert all(errors[6:]), (visible, errors)
            member = await element.call(
                "GET", f"/rooms/{quote(rooms[visible])}/state/m.room.member/{quote(nurse.mxid)}"
            )
            assert member["membership"] == "invite", "who only asks has come in"
        for room in rooms.values():
            await pager.join(room)
        for visible, jid in jids.items():
            await muc.listed(nurses, gateway.jid, jid)
            entered = await muc.enter(nurses, jid, nurse.name)
            may = {f"{when} {visible}" for when in MAY_READ[visible]}
            assert set(entered.texts) <= may, visible
            assert (170 in entered.statuses) is (visible == "world_readable")
        await say("there")
        for visible, jid in jids.items():
            await shown(nurses, jid, f"there {visible}")
            read = [body(one) for _, one in await backwards(nurses, jid, 2)]
            assert read == [f"{when} {visible}" for when in MAY_READ[visible]]
            assert (await ask(nurses, jid)).texts == read
            everything = [id for id, one in await backwards(app, jid) if body(one) not in read]
            for id in everything:
                for rsm in (f"<after>{id}</after>", f"<before>{id}</before>"):
                    assert (await ask(nurses, jid, rsm)).error == "item-not-found"
                assert (await ask(nurses, jid, fields=value("ids", id))).error == "item-not-found"
        outcasts = await nurses.iq(
            jids["shared"], "get", f"<query xmlns='{ADMIN}'><item affiliation='outcast'/></query>"
        )
        assert error_of(outcasts)[0] == "forbidden"

        for what, visible in (("kick", "shared"), ("ban", "world_readable")):
            jid = jids[visible]
            await manage(what, visible)
            await nurses.expect(lambda s, jid=jid: muc.is_presence(s, jid, "unavailable") and 110 in muc.statuses(s))  # type: ignore[misc]
            await element.send(rooms[visible], f"after {visible}")
            await shown(app, jid, f"after {visible}")
            assert await out_of(nurses, jid, juliet.name) == NOTHING, visible
            assert (await muc.refused(nurses, jid, nurse.name))[0] == "item-not-found"
        await pager.join(rooms["shared"])
        await muc.listed(nurses, gateway.jid, jids["shared"])
        again = [body(one) for _, one in await backwards(nurses, jids["shared"], 2)]

    assert again == [f"{when} shared" for when in ("before", "asked", "there", "after")]
    ours = [e for e in element.events if "state_key" in e and e["sender"] in (romeo.mxid, nurse.mxid)]
    assert {e["type"] for e in ours} == {"m.room.member"}, "the gateway changes no room by itself"
    assert {e["content"]["membership"] for e in ours} == {"join"}
    heard = " ".join(ElementTree.tostring(one, "unicode") for one in nurses.received)
    assert "after world_readable" not in heard
    assert app.bare not in heard, "nobody is shown another's address at home"
