"""Pictures of people and rooms on Matrix, as XMPP apps see them, through real servers."""

import asyncio
import base64
import hashlib
from collections.abc import Callable, Iterator
from urllib.parse import quote
from xml.etree.ElementTree import Element

import pytest

from tests.conftest import ANY_SERVER, COMPONENTS
from tests.e2e.test_rooms import room_of
from tests.support import commands, files, folk, muc
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.prosody import Prosody
from tests.support.synapse import Synapse
from tests.support.talks import until
from tests.support.xmpp_client import CLIENT, XmppClient, bare, error_of
from tests.support.xmpp_servers import XmppServer

CARD, UPDATE = "{vcard-temp}", "{vcard-temp:x:update}"
PUBSUB, EVENT = "{http://jabber.org/protocol/pubsub}", "{http://jabber.org/protocol/pubsub#event}"
METADATA, DATA = "urn:xmpp:avatar:metadata", "urn:xmpp:avatar:data"
VCARD4 = "urn:ietf:params:xml:ns:vcard-4.0"


@pytest.fixture
def gateway(server: XmppServer, synapse: Synapse) -> Iterator[Gateway]:
    with Gateway(matrix(COMPONENTS[MATRIX], synapse.url), server.component_port) as running:
        yield running


async def wears(element: MatrixClient, data: bytes, mime: str = "image/png") -> None:
    """Somebody has another picture now."""
    mxc = await files.matrix_upload(element, data, mime, "me")
    await element.call("PUT", f"/profile/{quote(element.me)}/avatar_url", {"avatar_url": mxc})


def hash_of(presence: Element) -> str | None:
    """What a presence says of the picture; empty: there is none; None: nothing."""
    photo = presence.find(f"{UPDATE}x/{UPDATE}photo")
    return None if photo is None else photo.text or ""


async def shown(app: XmppClient, jid: str, seconds: float = 30) -> str:
    """The hash in the next presence of this address that has one."""
    found = await app.expect(
        lambda s: s.tag == f"{CLIENT}presence" and s.get("from", "").startswith(jid) and bool(hash_of(s)),
        seconds, f"picture of {jid}",
    )  # fmt: skip
    return hash_of(found) or ""


def photo(answer: Element) -> bytes:
    """The picture of a card."""
    assert answer.findtext(f".//{CARD}TYPE") == "image/png"
    return base64.b64decode(answer.findtext(f".//{CARD}BINVAL", ""))


def sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


async def fetched(gateway: Gateway) -> int:
    return len(list((gateway.folder / "data" / "avatars").glob("*")))


@ANY_SERVER
async def test_the_picture_of_a_contact_in_all_forms_and_once_per_change(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await wears(element, files.png(1_000, 800, seed=3))
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    await element.send(room, "Who is it?")
    await app.text_from(juliet.at(gateway))
    await app.befriend(juliet.at(gateway))

    first = await shown(app, juliet.at(gateway))
    event = await app.expect(lambda s: s.find(f"{EVENT}event") is not None, 30, "news of the picture")
    card = photo(await app.iq(juliet.at(gateway), "get", "<vCard xmlns='vcard-temp'/>"))
    asked = f"<pubsub xmlns='{PUBSUB[1:-1]}'><items node='{{}}'/></pubsub>"
    info = await app.iq(juliet.at(gateway), "get", asked.format(METADATA))
    data = await app.iq(juliet.at(gateway), "get", asked.format(DATA))
    card4 = await app.iq(juliet.at(gateway), "get", f"<vcard xmlns='{VCARD4}'/>")
    disco = await app.iq(juliet.at(gateway), "get", f"<query xmlns='{muc.INFO}'/>")

    assert sha1(card) == first
    assert [one.get("id") for one in event.iter(f"{{{METADATA}}}info")] == [first]
    assert card.startswith(b"\x89PNG")
    assert int.from_bytes(card[16:20]) <= 160
    told = info.find(f".//{{{METADATA}}}info")
    assert told is not None
    assert (told.get("id"), told.get("bytes"), told.get("type")) == (first, str(len(card)), "image/png")
    assert base64.b64decode(data.findtext(f".//{{{DATA}}}data", "")) == card
    assert card4.findtext(f".//{{{VCARD4}}}uri", "").partition(",")[2] == base64.b64encode(card).decode()
    assert ("pubsub", "pep") in {
        (one.get("category"), one.get("type")) for one in disco.iter(f"{{{muc.INFO}}}identity")
    }

    await wears(element, files.png(60, 60, seed=9))
    second = await shown(app, juliet.at(gateway))
    kept = await fetched(gateway)
    gateway.kill()
    gateway.start()
    again = await shown(app, juliet.at(gateway))

    assert second != first
    assert again == second
    assert (kept, await fetched(gateway)) == (2, 2), "what is known is not fetched again"
    await element.call("PUT", f"/profile/{quote(element.me)}/avatar_url", {"avatar_url": ""})
    await app.expect(lambda s: bare(s) == juliet.at(gateway) and hash_of(s) == "", 30, "no picture")


async def test_what_cannot_be_a_picture_is_none(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    """A drawing with programs in it, something far too large, what only says that it is a picture."""
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    await element.send(room, "Who is it?")
    await app.text_from(juliet.at(gateway))
    await app.befriend(juliet.at(gateway))
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    bomb = files.bomb(50_000, 50_000)

    for data, mime in ((svg, "image/svg+xml"), (bomb, "image/png"), (files.noise(5_000), "image/jpeg")):
        begin = len(app.received)
        await wears(element, data, mime)
        await until(lambda begin=begin: any(hash_of(s) == "" for s in app.received[begin:]), seconds=30)  # type: ignore[misc]
        card = await app.iq(juliet.at(gateway), "get", "<vCard xmlns='vcard-temp'/>")
        assert card.find(f".//{CARD}PHOTO") is None
        assert card.findtext(f".//{CARD}FN") == juliet.name
    app.message(juliet.at(gateway), "still here")
    await element.text("still here")


async def test_pictures_in_a_room_and_of_the_room(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await wears(element, files.png(300, 300, seed=1))
    room = await room_of(element, alias=f"faces-{juliet.name}")
    jid = f"#faces-{juliet.name}%localhost@{gateway.jid}"
    async with folk.on_matrix(romeo, synapse) as phone:
        await phone.join(room)
    await folk.connect(romeo, app, gateway, synapse)
    await muc.listed(app, gateway.jid, jid)
    await muc.enter(app, jid, romeo.name)

    first = await shown(app, f"{jid}/{juliet.name}")
    card = await app.iq(f"{jid}/{juliet.name}", "get", "<vCard xmlns='vcard-temp'/>")
    outside = await app.iq(f"{jid}/nobody", "get", "<vCard xmlns='vcard-temp'/>")
    assert sha1(photo(card)) == first
    assert error_of(outside)[0] == "item-not-found"

    mxc = await files.matrix_upload(element, files.png(200, 100, seed=7), "image/png", "room")
    await element.call("PUT", f"/rooms/{quote(room)}/state/m.room.avatar", {"url": mxc})
    await app.expect(lambda s: s.get("from") == jid and 104 in muc.statuses(s), 30, "news of the room")
    disco = await app.iq(jid, "get", f"<query xmlns='{muc.INFO}'/>")
    of_room = await app.iq(jid, "get", "<vCard xmlns='vcard-temp'/>")
    fields = {f.get("var"): [v.text for v in f] for f in disco.iter("{jabber:x:data}field")}

    assert fields["muc#roominfo_avatarhash"] == [sha1(photo(of_room))]
    await wears(element, files.png(30, 30, seed=2))
    assert await shown(app, f"{jid}/{juliet.name}") != first


async def chooses(app: XmppClient, to: str, data: bytes, server: XmppServer, mime: str = "image/png") -> None:
    """Romeo has another picture in his XMPP app, and shows himself to somebody (XEP-0153). Prosody says which picture
    it is for apps that do not (XEP-0398); ejabberd does so only to those who are subscribed to him."""
    binary = base64.b64encode(data).decode()
    photo = f"<PHOTO><TYPE>{mime}</TYPE><BINVAL>{binary}</BINVAL></PHOTO>" if data else ""
    answer = await app.iq(app.bare, "set", f"<vCard xmlns='vcard-temp'>{photo}</vCard>")
    assert answer.get("type") == "result", error_of(answer)
    hash = sha1(data) if data else ""
    says = "" if isinstance(server, Prosody) else f"<x xmlns='{UPDATE[1:-1]}'><photo>{hash}</photo></x>"
    app.send(f"<presence to='{to}'>{says}</presence>")


async def test_ones_own_picture_is_that_of_ones_account_unless_one_has_chosen_another(
    gateway: Gateway, server: XmppServer, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient,
    element: MatrixClient,
) -> None:  # fmt: skip
    await folk.connect(romeo, app, gateway, synapse)
    app.message(juliet.at(gateway), "But soft!")
    await element.text("But soft!")
    await chooses(app, juliet.at(gateway), files.png(80, 80, seed=3), server)
    step = await commands.execute(app, gateway.jid, "settings", {"chat": ""}, {"picture": "on"})
    assert step.status == "completed", step
    assert "Others see the picture of your XMPP account (`picture`): yes." in step.text
    looks: list[str] = [""]

    async def look(so: Callable[[str], bool]) -> str:
        """How Romeo looks on Matrix, once it is so."""
        async with asyncio.timeout(30):
            while True:
                profile = await element.call("GET", f"/profile/{quote(romeo.mxid)}")
                if so(url := str(profile.get("avatar_url") or "")):
                    looks.append(url)
                    return url
                await asyncio.sleep(0.1)  # another client's view, which nothing tells of

    await chooses(app, juliet.at(gateway), files.png(600, 400, seed=4), server)
    first = await files.matrix_file(element, await look(bool))
    gateway.kill()
    gateway.start()
    await chooses(app, juliet.at(gateway), files.png(60, 60, seed=5), server)
    second = await files.matrix_file(element, await look(lambda url: bool(url) and url != looks[-1]))
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    for data, mime in ((svg, "image/svg+xml"), (files.bomb(20_000, 20_000), "image/png")):
        refused = gateway.log.count("picture is not shown")
        await chooses(app, gateway.jid, data, server, mime)
        await until(lambda refused=refused: gateway.log.count("picture is not shown") > refused, seconds=40)  # type: ignore[misc]
    assert await look(lambda url: True) == looks[-2], "what cannot be shown changes nothing"
    async with folk.on_matrix(romeo, synapse, "offline") as phone:
        await wears(phone, files.png(90, 90, seed=6))
    chosen = await look(lambda url: url != looks[-1])
    refused = gateway.log.count("picture is not shown")
    await chooses(app, juliet.at(gateway), files.png(70, 70, seed=7), server)
    await until(lambda: gateway.log.count("picture is not shown") > refused, seconds=40)

    assert await look(lambda url: True) == chosen, "what one has chosen on Matrix stays"
    assert [one[:8] for one in (first, second)] == [b"\x89PNG\r\n\x1a\n"] * 2
    assert int.from_bytes(first[16:20]) <= 160
    assert int.from_bytes(second[16:20]) == 60
