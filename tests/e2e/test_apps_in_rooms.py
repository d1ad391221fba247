"""People in a Matrix room with apps that people use: one in a browser, one in a terminal."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import ANY_SERVER, UPLOADS
from tests.support import files, folk, muc
from tests.support.browser import browser_page, screenshot
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.profanity import profanity
from tests.support.synapse import Synapse
from tests.support.webchat import WebChat
from tests.support.webpage import ChatPage, log_in
from tests.support.xmpp_servers import XmppServer

pytestmark = ANY_SERVER
ROSE = files.png(40, 30)
VERSES = 70  # said before Romeo came: more than a page of his app


@dataclass
class Scene:
    """Romeo, Tybalt and the Nurse are in Juliet's room; only she may put people out. `room` is its JID, `place` its id
    on Matrix; `words` were said in it."""

    server: XmppServer
    gateway: Gateway
    juliet: Person
    romeo: Person
    tybalt: Person
    nurse: Person
    element: MatrixClient
    place: str
    room: str
    words: str = "Who comes here?"

    async def lets(self, person: Person, power: int) -> None:
        """Juliet gives somebody power."""
        kind = f"/rooms/{quote(self.place)}/state/m.room.power_levels"
        levels = await self.element.call("GET", kind)
        levels["users"][person.mxid] = power
        await self.element.call("PUT", kind, levels)

    async def membership(self, person: Person) -> str:
        at = f"/rooms/{quote(self.place)}/state/m.room.member/{quote(person.mxid)}"
        return str((await self.element.call("GET", at))["membership"])

    async def goes(self, person: Person) -> str:
        """Return when Juliet's app shows that Romeo has put them out; why."""
        event = await self.element.expect(
            lambda e: (
                e["type"] == "m.room.member"
                and e.get("state_key") == person.mxid
                and e["content"]["membership"] == "leave"
            )
        )
        assert event["sender"] == self.romeo.mxid
        assert await self.membership(person) == "leave"
        return str(event["content"].get("reason", ""))


@pytest.fixture(scope="module")
def with_web(server_kind: type[XmppServer]) -> Iterator[XmppServer]:
    with server_kind({MATRIX: "s"}, web=True, uploads=UPLOADS) as server:
        yield server


@pytest.fixture(scope="module")
def running(with_web: XmppServer, synapse: Synapse) -> Iterator[Gateway]:
    allowed = {"allow_private": [f"localhost:{with_web.http_port}"]}
    with Gateway(matrix("s", synapse.url), with_web.component_port, allowed) as gateway:
        yield gateway


@pytest.fixture
async def scene(running: Gateway, with_web: XmppServer, synapse: Synapse) -> AsyncIterator[Scene]:
    async with staged(running, with_web, synapse) as made:
        yield made


@asynccontextmanager
async def staged(gateway: Gateway, server: XmppServer, synapse: Synapse) -> AsyncIterator[Scene]:
    romeo = folk.user(server, synapse, "romeo")
    juliet, tybalt, nurse = (folk.contact(synapse, name) for name in ("juliet", "tybalt", "nurse"))
    async with folk.on_matrix(juliet, synapse) as element:
        wish = {"preset": "public_chat", "name": "The garden", "topic": "A feud", "room_alias_name": juliet.name}
        place = str((await element.call("POST", "/createRoom", wish))["room_id"])
        for number in range(VERSES):
            await element.send(place, f"verse {number} of old")
        for person in (tybalt, nurse, romeo):
            async with folk.on_matrix(person, synapse) as phone:
                await phone.join(place)
        room = f"#{juliet.name}%localhost@{gateway.jid}"
        made = Scene(server, gateway, juliet, romeo, tybalt, nurse, element, place, room)
        async with folk.on_xmpp(romeo, server) as app:
            await folk.connect(romeo, app, gateway, synapse)
            await muc.listed(app, gateway.jid, room)
            await muc.enter(app, room)
            await element.send(place, made.words)
            await muc.said(app, room, made.words)
        yield made


async def test_in_a_terminal(scene: Scene, tmp_path: Path) -> None:
    tybalt, juliet, romeo = scene.tybalt.name, scene.juliet.name, scene.romeo.name
    async with profanity(tmp_path, scene.romeo.jid, folk.PASSWORD, scene.server.c2s_port) as app:
        await app.shows("logged in successfully")
        app.type(f"/join {scene.room}")
        await app.shows("A feud", scene.words, tybalt, juliet, romeo, scene.nurse.name)
        app.type("Ay me!")
        await scene.element.text("Ay me!")
        await scene.element.send(scene.place, "Good even")
        await app.shows("Good even")
        assert app.text.count("Ay me!") == 1
        await files.send_file(scene.element, scene.place, ROSE, "image/png", "rose.png")
        await app.shows("rose.png")

        app.type(f"/kick {tybalt}")
        await app.shows(f"Error kicking {tybalt}: The homeserver refuses this: You cannot kick user")
        assert await scene.membership(scene.tybalt) == "join"
        await scene.lets(scene.romeo, 50)
        await app.shows("Your role and affiliation have been changed, role: moderator")
        app.type(f"/kick {tybalt} enough")
        assert await scene.goes(scene.tybalt) == "enough"
        await app.shows(f"{tybalt} has been kicked from the room by {romeo}")
        app.keep("terminal-room")


async def test_in_a_browser(scene: Scene) -> None:
    tybalt, juliet, romeo = scene.tybalt.name, scene.juliet.name, scene.romeo.name
    await scene.lets(scene.romeo, 50)
    with WebChat(scene.server.websocket, rooms=(scene.room,)) as web:
        async with browser_page(60) as page:
            await log_in(page, web.url, scene.romeo.jid, folk.PASSWORD)
            await page.locator("converse-rooms-list").get_by_text("The garden").click()
            inside = ChatPage(page, "converse-muc")
            await inside.shows(scene.words)
            for nick in (tybalt, juliet, romeo, scene.nurse.name):
                await page.locator("converse-muc .occupant-nick").get_by_text(nick).wait_for()
            await page.locator("converse-muc-heading").get_by_text("A feud").wait_for()
            await inside.scrolls_back_to("verse 0 of old")
            await screenshot(page, "web-chat-history")
            await inside.scrolls_down()
            await files.send_file(scene.element, scene.place, ROSE, "image/png", "rose.png")
            await inside.shows_picture("rose.png", 40)

            await inside.command(f"/kick {juliet}")
            await inside.tells("Sorry, an error happened while running the command.")
            assert await scene.membership(scene.juliet) == "join"
            await inside.command(f"/kick {tybalt} enough")
            assert await scene.goes(scene.tybalt) == "enough"
            await inside.tells(f"{tybalt} has been kicked out by {romeo}")
            await page.locator("converse-muc .occupant-nick").get_by_text(tybalt).wait_for(state="hidden")
            await screenshot(page, "web-chat-keeping-order")
