"""A Matrix room that an XMPP app makes, sets up and keeps order in, through real servers."""

from urllib.parse import quote
from xml.etree.ElementTree import Element

from tests.support import folk, muc
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import Event, MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, error_of

ADMIN, OWNER = "http://jabber.org/protocol/muc#admin", "http://jabber.org/protocol/muc#owner"


async def wish(app: XmppClient, room: str, item: str) -> tuple[str, str]:
    return error_of(await app.iq(room, "set", f"<query xmlns='{ADMIN}'>{item}</query>"))


async def state(element: MatrixClient, room: str, kind: str, key: str = "") -> Event:
    found: Event = await element.call("GET", f"/rooms/{quote(room)}/state/{kind}/{quote(key)}")
    return found


async def presence(app: XmppClient, room: str, nick: str, kind: str | None = None) -> Element:
    return await app.expect(
        lambda s: muc.is_presence(s, room, kind) and muc.nick(s) == nick, what=f"presence of {nick}"
    )


def item(stanza: Element) -> tuple[str | None, str | None]:
    found = stanza.find(f".//{muc.USER}item")
    assert found is not None
    return found.get("affiliation"), found.get("role")


async def test_a_room_is_made_set_up_and_kept_in_order_from_an_app(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    nurse = folk.contact(synapse, "nurse")
    alias = f"lobby-{juliet.name}"
    async with folk.on_matrix(romeo, synapse) as phone:
        lobby = {"preset": "public_chat", "name": "Lobby", "room_alias_name": alias, "room_version": "12"}
        await phone.call("POST", "/createRoom", lobby)
    await folk.connect(romeo, app, gateway, synapse)
    await muc.listed(app, gateway.jid, f"#{alias}%localhost@{gateway.jid}")  # the account is connected
    lobby_entered = await muc.enter(app, f"#{alias}%localhost@{gateway.jid}", romeo.name)
    assert lobby_entered.own is not None
    assert [title for _, title in muc.worn(lobby_entered.own)] == ["Creator"]  # since room version 12
    room = f"feast-{juliet.name}@{gateway.jid}"
    entered = await muc.enter(app, room, romeo.name)
    assert 201 in entered.statuses

    async with folk.on_matrix(nurse, synapse):
        for one in (juliet, nurse):
            asked = f"<x xmlns='http://jabber.org/protocol/muc#user'><invite to='{one.at(gateway)}'/></x>"
            app.send(f"<message to='{room}'>{asked}</message>")
            assert item(await presence(app, room, one.name)) == ("member", "participant")
        [there] = element.invited

        fields = {
            "FORM_TYPE": "http://jabber.org/protocol/muc#roomconfig", "muc#roomconfig_roomname": "The feast",
            "muc#roomconfig_roomdesc": "Masks", "muc#roomconfig_membersonly": "0",
            "muc#roomconfig_moderatedroom": "1",
        }  # fmt: skip
        form = "".join(f"<field var='{var}'><value>{value}</value></field>" for var, value in fields.items())
        submitted = f"<query xmlns='{OWNER}'><x xmlns='jabber:x:data' type='submit'>{form}</x></query>"
        assert error_of(await app.iq(room, "set", submitted)) == ("", "")
        assert (await state(element, there, "m.room.name"))["name"] == "The feast"
        assert (await state(element, there, "m.room.topic"))["topic"] == "Masks"
        assert (await state(element, there, "m.room.join_rules"))["join_rule"] == "public"
        assert item(await presence(app, room, juliet.name)) == ("member", "visitor")
        assert await wish(app, room, f"<item nick='{juliet.name}' role='participant'/>") == ("", "")
        assert item(await presence(app, room, juliet.name)) == ("member", "participant")
        assert await wish(app, room, f"<item nick='{juliet.name}' affiliation='admin'/>") == ("", "")
        assert item(await presence(app, room, juliet.name)) == ("admin", "moderator")
        assert (await state(element, there, "m.room.power_levels"))["users"][juliet.mxid] == 50

        await element.call("POST", f"/rooms/{quote(there)}/kick", {"user_id": nurse.mxid, "reason": "late"})
        out = await presence(app, room, nurse.name, "unavailable")
        assert (item(out), muc.statuses(out)) == (("none", "none"), {307})
        assert out.findtext(f".//{muc.USER}reason") == "late"
        actor = out.find(f".//{muc.USER}actor")
        assert actor is not None
        assert actor.get("nick") == juliet.name

        banned = f"<item jid='{nurse.at(gateway)}' affiliation='outcast'><reason>no</reason></item>"
        assert await wish(app, room, banned) == ("", "")
        assert (await state(element, there, "m.room.member", nurse.mxid))["membership"] == "ban"
        listed = await app.iq(room, "get", f"<query xmlns='{ADMIN}'><item affiliation='outcast'/></query>")
        assert [one.get("jid") for one in listed.iter(f"{{{ADMIN}}}item")] == [nurse.at(gateway)]


async def test_who_may_not_hears_what_the_homeserver_says(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    nurse = folk.contact(synapse, "nurse")
    alias = f"court-{juliet.name}"
    made = {"preset": "public_chat", "name": "Court", "room_alias_name": alias}
    room = str((await element.call("POST", "/createRoom", made))["room_id"])
    for one in (romeo, nurse):
        async with folk.on_matrix(one, synapse) as matrix:
            await matrix.join(room)
    jid = f"#{alias}%localhost@{gateway.jid}"
    await folk.connect(romeo, app, gateway, synapse)
    await muc.listed(app, gateway.jid, jid)
    await muc.enter(app, jid, romeo.name)

    condition, text = await wish(app, jid, f"<item nick='{nurse.name}' role='none'/>")
    assert condition == "forbidden"
    assert text.startswith("The homeserver refuses this: ")
    assert (await state(element, room, "m.room.member", nurse.mxid))["membership"] == "join"
    ban = {"user_id": romeo.mxid, "reason": "the feud"}
    await element.call("POST", f"/rooms/{quote(room)}/ban", ban)
    out = await presence(app, jid, romeo.name, "unavailable")
    assert (item(out), muc.statuses(out)) == (("outcast", "none"), {110, 301})
