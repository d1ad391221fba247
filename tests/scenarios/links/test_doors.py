"""A MUC that does not let us in, puts us out, or does not take what is said: the operator reads why, and it goes on by
itself when it may."""

import asyncio
import os
import signal
from pathlib import Path

import yaml

from bridge.hub.consent import words
from bridge.testing import wire
from tests.scenarios.links.conftest import ANY_HALL, HOST, A, Cafe, heard, opened
from tests.support.prosody import Prosody
from tests.support.xmpp_client import XmppClient, bare, body
from tests.support.xmpp_servers import XmppServer

ADMIN, OWNER = "http://jabber.org/protocol/muc#admin", "http://jabber.org/protocol/muc#owner"
CONFIG = "http://jabber.org/protocol/muc#roomconfig"


@ANY_HALL
async def test_closed_doors_are_named_and_tried_again(hall: XmppServer, tmp_path: Path) -> None:
    name = tmp_path.name[-20:].lower().replace("_", "-")
    rooms = {kind: f"{kind}-{name}@{HOST}" for kind in ("members", "secret", "moderated", "doomed")}
    missing, moved = f"missing-{name}@{HOST}", f"moved-{name}@{HOST}"
    links = {
        kind: {"xmpp": room, A: kind}
        for kind, room in {**rooms, "missing": missing, "elsewhere": "x@nowhere.invalid"}.items()
    }
    async with opened(hall, tmp_path, links=links, make=[*rooms.values(), moved]) as cafe:
        romeo, world = cafe.apps["romeo"], cafe.worlds[A]
        for kind in links:
            await world.chat(kind, "juliet", "relay")
        await asyncio.to_thread(cafe.gateway.stop)
        await _set(romeo, rooms["members"], "muc#roomconfig_membersonly", "1")
        await _set(
            romeo, rooms["secret"], "muc#roomconfig_passwordprotectedroom", "1", "muc#roomconfig_roomsecret", "rose"
        )
        await _set(romeo, rooms["moderated"], "muc#roomconfig_moderatedroom", "1")
        await asyncio.to_thread(cafe.gateway.start)
        await _said_of(cafe, missing, f"There is no room {missing}, or it is not open yet.")
        await _said_of(cafe, rooms["secret"], f"The room {rooms['secret']} has a password, and not")
        await _said_of(cafe, rooms["members"], "Make memory.localhost a member there")
        await _with_its_password(cafe, rooms["secret"])
        await _let_in(cafe, rooms["members"])
        if isinstance(hall, Prosody):  # ejabberd gives everybody a voice who comes in, also in a moderated room
            await _moderated(cafe, rooms["moderated"])
        await _destroyed(cafe, rooms["doomed"], moved)
        await _forgotten(cafe, "missing", missing)
        await world.says("juliet", "doomed", "and here we are still")
        await heard(romeo, moved, "and here we are still")


async def _said_of(cafe: Cafe, room: str, why: str) -> None:
    listed = ""
    async with asyncio.timeout(60):
        while not any(room in line and why in line.partition(room)[2] for line in listed.splitlines()):
            listed = await cafe.links()


async def _with_its_password(cafe: Cafe, room: str) -> None:
    """It stands in the configuration alone, so the next process is told it anew; that tells nobody that it was out."""
    romeo, world = cafe.apps["romeo"], cafe.worlds[A]
    settings = yaml.safe_load(cafe.gateway.config.read_text())
    for password, said in (("tulip", "has a password, and not"), ("rose", "linked")):
        settings["links"]["secret"] = [{"xmpp": room, "password": password}, {A: "secret"}]
        cafe.gateway.config.write_text(yaml.safe_dump(settings))
        os.kill(cafe.gateway.pid, signal.SIGHUP)
        await _said_of(cafe, room, said)
    await world.says("juliet", "secret", "what’s in a name?")
    await heard(romeo, room, "what’s in a name?")
    await asyncio.to_thread(cafe.gateway.stop)
    await asyncio.to_thread(cafe.gateway.start)
    await world.says("nurse", "secret", "a rose")
    await heard(romeo, room, "a rose")
    told = [text for text in (await world.state("secret")).texts if "password" in text]
    assert told == []
    assert "rose" not in cafe.gateway.log.replace("prosody", "")


async def _let_in(cafe: Cafe, room: str) -> None:
    """Whose gateway is a member comes in: at once when the configuration is read again."""
    romeo, world = cafe.apps["romeo"], cafe.worlds[A]
    member = f"<query xmlns='{ADMIN}'><item jid='memory.localhost' affiliation='member'/></query>"
    assert (await romeo.iq(room, "set", member)).get("type") == "result"
    os.kill(cafe.gateway.pid, signal.SIGHUP)
    await _said_of(cafe, room, "linked")
    member = f"<query xmlns='{ADMIN}'><item jid='juliet@memory.localhost' affiliation='member'/></query>"
    assert (await romeo.iq(room, "set", member)).get("type") == "result"
    await world.says("juliet", "members", "let me in")
    await heard(romeo, room, "let me in")


async def _moderated(cafe: Cafe, room: str) -> None:
    """Who has no voice there is refused, and those who keep order are asked for one."""
    romeo, world = cafe.apps["romeo"], cafe.worlds[A]
    await world.says("juliet", "moderated", "may I?")
    await romeo.expect(
        lambda s: bare(s) == room and s.get("type") != "groupchat" and any(
            field.get("var") == "muc#role" for field in s.iter("{jabber:x:data}field")
        ), 30, "a request for a voice", again=True,
    )  # fmt: skip
    answer = await romeo.iq(room, "set", f"<query xmlns='{ADMIN}'><item nick='Juliet' role='participant'/></query>")
    assert answer.get("type") == "result"
    await world.says("juliet", "moderated", "thank you")
    await heard(romeo, room, "thank you")


async def _destroyed(cafe: Cafe, room: str, new: str) -> None:
    """Where it is said to go on the link goes on when somebody wants that who keeps order in another of its rooms."""
    romeo, world = cafe.apps["romeo"], cafe.worlds[A]
    answer = await romeo.iq(room, "set", f"<query xmlns='{OWNER}'><destroy jid='{new}'/></query>")
    assert answer.get("type") == "result"
    told = f"The room {room} was destroyed. It is said to go on as {new}. What you write here does not get there until"
    await world.until("doomed", lambda state: any(text.startswith(told) for text in state.texts))
    await world.says("nurse", "doomed", "!bridge follow")
    await world.until("doomed", lambda state: words.NOT_YOU in state.texts)
    await world.do(wire.Ranks(person="juliet", chat="doomed", rank="owner"))
    await world.says("juliet", "doomed", "!bridge follow")
    goes_on = f"The link goes on in {new} on XMPP, in place of "
    await romeo.expect(lambda s: bare(s) == new and body(s).startswith(goes_on), 30, goes_on, again=True)
    await world.says("juliet", "doomed", "here we are")
    await heard(romeo, new, "here we are")


async def _forgotten(cafe: Cafe, name: str, room: str) -> None:
    """A room that has never let us in is not tried any more once its link is removed, also not by the next process."""
    assert "is removed" in await cafe.command("link", "remove", name)
    async with asyncio.timeout(30):
        while f"a room is left chat={room}" not in cafe.gateway.log:
            await asyncio.sleep(0.1)
    tried = cafe.gateway.log.count(f"not in a room room={room}")
    await asyncio.to_thread(cafe.gateway.stop)
    await asyncio.to_thread(cafe.gateway.start)
    await _said_of(cafe, f"secret{room.removeprefix(name)}", "linked")
    assert cafe.gateway.log.count(f"not in a room room={room}") == tried


async def _set(app: XmppClient, room: str, *pairs: str) -> None:
    fields = "".join(
        f"<field var='{name}'><value>{value}</value></field>"
        for name, value in zip(pairs[::2], pairs[1::2], strict=True)
    )
    form = f"<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{CONFIG}</value></field>{fields}</x>"
    answer = await app.iq(room, "set", f"<query xmlns='{OWNER}'>{form}</query>")
    assert answer.get("type") == "result"
