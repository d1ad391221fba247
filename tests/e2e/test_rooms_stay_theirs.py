"""Rooms stay those of their people: dense traffic over a link changes nothing of how a room is set up, and only who
keeps order on both sides links rooms, with codes, on real servers.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from tests.conftest import ANY_SERVER, COMPONENTS, FULL
from tests.support import muc
from tests.support.appservice import WithAppservice
from tests.support.botapi import BotApi
from tests.support.gateway import MATRIX
from tests.support.threeway import NETWORKS, Link, World, is_said, staged
from tests.support.xmpp_client import XmppClient, bare, body
from tests.support.xmpp_servers import XmppServer

TIMES = 200 if FULL else 20  # what each of them says; a bot may say 20 things a minute, and puts texts together
ROMEO, BENVOLIO, JULIET, NURSE, TYBALT, PARIS = "Romeo", "Benvolio", "Juliet", "Nurse", "Tybalt", "Paris"
CODE = re.compile(r"!bridge confirm ([A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4})")
BRIDGE = ("m.bridge", "uk.half-shot.bridge")
LISTS = ("owner", "admin", "member", "outcast")
SAYS = {  # what a bot has to ask for to be told, to say, and to know who is there
    "getme", "getupdates", "getwebhookinfo", "deletewebhook", "getchat", "getchatmember", "getchatadministrators",
    "getchatmembercount", "sendmessage", "editmessagetext", "deletemessage", "deletemessages", "setmessagereaction",
    "sendchataction", "setmycommands", "getuserprofilephotos", "getfile", "getmydescription",
}  # fmt: skip


@ANY_SERVER
async def test_traffic_changes_no_room_and_codes_link_only_whose_people_want_it(
    server_kind: type[XmppServer],
) -> None:
    before: list[dict[str, Any]] = []
    unlinked: list[Link] = []

    async def people_and_rooms(world: World) -> None:
        await world.on_xmpp(ROMEO, BENVOLIO)
        await world.on_matrix(JULIET, NURSE)
        for name in (TYBALT, PARIS):
            world.people[name] = world.api.world.person(name)
        for _ in range(3):
            await world.make()
        await may_say_so(world.links[0])
        before.append(await stands(world.links[0]))
        unlinked.extend(world.links[1:])  # by command
        del world.links[1:]

    async with BotApi() as api:
        with server_kind(COMPONENTS, rooms=True) as server, WithAppservice(NETWORKS) as synapse:
            async with staged(server, synapse, api, make=people_and_rooms, log_level="info") as world:
                if FULL:
                    world.patience = 900.0
                await traffic(world.links[0])
                await unchanged(world.links[0], before[0])
                await by_code_on_telegram(unlinked[0])
                await by_code_in_a_chat(unlinked[1])


async def may_say_so(link: Link) -> None:
    """The gateway's own user may set what says that the room is linked, as moderators may."""
    where = f"/rooms/{quote(link.room)}/state/m.room.power_levels/"
    levels = await link.world.element.call("GET", where)
    levels["users"][link.world.synapse.registered.me] = 50
    await link.world.element.call("PUT", where, levels)


async def traffic(link: Link) -> None:
    """Everybody says, changes, takes back and reacts, comes and goes, and is called otherwise; all at once."""
    await asyncio.gather(_here(link), _there(link), _yonder(link))
    last = f"{TIMES - 1}."
    for who, network in ((ROMEO, "xmpp"), (JULIET, "matrix"), (TYBALT, "telegram")):
        await link.everywhere(f"{network} {last}", who)


async def _here(link: Link) -> None:
    visitor = link.world.apps[BENVOLIO]
    for number in range(TIMES):
        id = link.on_xmpp(ROMEO, f"xmpp {number}.")
        if number % 10 == 3:
            fix = f"<replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>"
            link.on_xmpp(ROMEO, f"xmpp {number}, better.", inner=fix)
        if number % 20 == 19:
            visitor.send(f"<presence to='{link.muc}/{BENVOLIO}' type='unavailable'/>")
            visitor.send(f"<presence to='{link.muc}/{BENVOLIO}'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
            await link.in_muc(f"xmpp {number}.")


async def _there(link: Link) -> None:
    julia, nurse = link.world.elements[JULIET], link.world.elements[NURSE]
    for number in range(TIMES):
        event = await link.on_matrix(JULIET, f"matrix {number}.")
        if number % 10 == 3:
            relation = {"rel_type": "m.annotation", "event_id": event, "key": "👍"}
            await nurse.send_event(link.room, {"m.relates_to": relation}, kind="m.reaction")
        if number % 10 == 7:
            bad = await julia.send(link.room, f"a slip {number}.")
            await julia.redact(link.room, bad)
        if number % 20 == 19:
            await nurse.call("POST", f"/rooms/{quote(link.room)}/leave", {})
            await nurse.call("PUT", f"/profile/{quote(nurse.me)}/displayname", {"displayname": f"{NURSE} {number}"})
            await nurse.join(link.room)
            await julia.types(link.room, True)


async def _yonder(link: Link) -> None:
    world, tybalt = link.world.api.world, link.world.people[TYBALT]
    for number in range(TIMES):
        said = link.on_telegram(TYBALT, f"telegram {number}.")
        if number % 10 == 3:
            world.reacts(link.world.people[PARIS], link.group, said, "👍")
        if number % 10 == 9:
            await link.in_room(f"telegram {number}.", by=TYBALT)  # nobody types quicker than that
            world.edits(said, link.group, f"telegram {number}. And so on")
        assert tybalt.id in link.group.members


async def stands(link: Link) -> dict[str, Any]:
    """How each room is set up."""
    element, app, group = link.world.element, link.world.apps[ROMEO], link.group
    ours = {one.me for one in link.world.elements.values()}
    state = await element.call("GET", f"/rooms/{quote(link.room)}/state")
    return {
        "matrix": {
            (event["type"], event["state_key"]): event["content"]
            for event in state
            if event["type"] not in BRIDGE and event["type"] != "m.room.member"
        },
        "people": sorted(e["state_key"] for e in state if e["type"] == "m.room.member" and e["state_key"] in ours),
        "form": await asked(app, link.muc, "<query xmlns='http://jabber.org/protocol/muc#owner'/>"),
        "picture": await asked(app, link.muc, "<vCard xmlns='vcard-temp'/>"),
        "lists": [
            await asked(
                app, link.muc,
                f"<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='{one}'/></query>",
            )
            for one in LISTS
        ],
        "subjects": subjects(app, link.muc)[:1],
        "group": (
            group.title, group.description, group.photo, dict(group.permissions), dict(group.rights),
            dict(group.titles), dict(group.members), group.reactions,
        ),
    }  # fmt: skip


async def asked(app: XmppClient, room: str, query: str) -> str:
    answer = await app.iq(room, "get", query)
    return "".join(ElementTree.tostring(child, "unicode") for child in answer)


def subjects(app: XmppClient, room: str) -> list[str]:
    """Those that the room has told of, without those of coming in again."""
    said = (s for s in app.received if bare(s) == room and s.find("{jabber:client}subject") is not None)
    return list(dict.fromkeys(s.findtext("{jabber:client}subject") or "" for s in said))


async def unchanged(link: Link, before: dict[str, Any]) -> None:
    await link.in_room("This room is now linked")  # said once, when all of them are
    now = await stands(link)
    for name, was in before.items():
        assert now[name] == was, name
    assert len(subjects(link.world.apps[ROMEO], link.muc)) == 1
    bridge = link.world.synapse.registered.me
    events = await link.world.element.timeline(link.room)
    people = {one.me for one in link.world.elements.values()}
    changed = [e for e in events if "state_key" in e and e["type"] != "m.room.member" and e["sender"] not in people]
    assert [e["type"] for e in changed if e["type"] in BRIDGE] == [e["type"] for e in changed], "nothing else"
    assert len([e for e in changed if e["type"] == "m.bridge"]) == 1
    assert len(changed) == len({e["type"] for e in changed})
    words = [e for e in events if e["sender"] == bridge and e["type"] == "m.room.message"]
    assert len(words) == 1, [e["content"] for e in words]
    told = [s for s in link.world.apps[ROMEO].received if bare(s) == link.muc and muc.nick(s) == "bridge"]
    assert len([s for s in told if is_said(s)]) <= 1
    calls = set(link.world.api.calls)
    assert not calls - SAYS, calls - SAYS


async def by_code_on_telegram(link: Link) -> None:
    """A Matrix room and a group: asked for in one, confirmed in the other, and the last word in the first."""
    await brought(link)
    await link.on_matrix(NURSE, "!bridge link")
    await link.in_room("Only those who keep order")
    await link.on_matrix(JULIET, "!bridge link")
    code = code_in(str((await link.in_room("Have somebody who keeps order"))["content"]["body"]))
    link.on_telegram(PARIS, f"!bridge confirm {code}")
    await link.in_group("Only those who keep order")
    link.on_telegram(TYBALT, f"!bridge confirm {code}")
    await link.in_group("once more in their room")
    await link.in_room("wants it to be linked with this room")
    await link.on_matrix(NURSE, f"!bridge confirm {code}")
    await link.on_matrix(JULIET, f"!bridge confirm {code}")
    await link.in_room("This room is linked now")
    await link.in_group("This room is now linked with")
    link.on_telegram(TYBALT, "What, drawn, and talk of peace?")
    await link.in_room("What, drawn, and talk of peace?", by=TYBALT)
    await link.on_matrix(JULIET, "Peace, I say")
    await link.in_group("Peace, I say", by=JULIET)
    link.on_telegram(TYBALT, "!bridge unlink")
    await link.in_room("has ended it")
    assert not [said for said in link.group.visible if "bridge link" in said.text and said.author is link.world.bot]
    assert "!bridge unlink" not in [text for _, text in await link.timeline()]


async def by_code_in_a_chat(link: Link) -> None:
    """A MUC and a Matrix room: asked for in a chat with the gateway, confirmed in the open, so that whoever reads it
    there cannot use it: the last word is with who asked."""
    await brought(link)
    romeo = link.world.apps[ROMEO]
    code = code_in(await answer(romeo, f"link {link.muc}", "!bridge confirm"))
    await link.on_matrix(JULIET, f"!bridge confirm {code}")
    await link.in_room("once more in their room")
    await answer(romeo, f"link {link.muc} {code}", "This room is linked now")
    await link.in_room("This room is now linked")
    link.on_xmpp(ROMEO, "But soft!")
    await link.in_room("But soft!", by=ROMEO)
    await link.on_matrix(JULIET, "Ay me")
    await link.in_muc("Ay me", by=JULIET)


async def brought(link: Link) -> None:
    """The gateway's own user comes into the Matrix room when it is asked to."""
    ours = link.world.synapse.registered.me
    await link.world.element.call("POST", f"/rooms/{quote(link.room)}/invite", {"user_id": ours})
    await link.event(
        lambda e: e.get("state_key") == ours and e["content"].get("membership") == "join", "the gateway's user"
    )


async def answer(app: XmppClient, command: str, text: str) -> str:
    """What the gateway says, with these words in it."""
    app.send(f"<message to='{MATRIX}' type='chat' id='{abs(hash(command))}'><body>{command}</body></message>")
    found = await app.expect(lambda s: bare(s) == MATRIX and text in body(s), 60, f"an answer to {command!r}")
    return body(found)


def code_in(text: str) -> str:
    found: Sequence[str] = CODE.findall(text)
    assert found, text
    return found[0]
