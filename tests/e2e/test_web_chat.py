"""A person with nothing but a browser talks with a person with a Matrix app, in a direct chat and in a room."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import UPLOADS
from tests.support import files, folk, muc
from tests.support.browser import browser_page, screenshot
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import Event, MatrixClient
from tests.support.prosody import Prosody
from tests.support.synapse import Synapse
from tests.support.webchat import WebChat
from tests.support.webpage import ChatPage, log_in

ROSE, MASK = files.png(40, 30), files.png(50, 20)


@pytest.fixture
def with_web() -> Iterator[Prosody]:
    """Prosody only: the page is the same for both, and this is the server that scripts/demo starts."""
    with Prosody({MATRIX: "s"}, web=True, archives=True, uploads=UPLOADS) as prosody:
        yield prosody


async def test_a_web_chat_shows_and_does_what_a_matrix_app_does_and_shows(with_web: Prosody, synapse: Synapse) -> None:
    romeo, juliet = folk.user(with_web, synapse, "romeo"), folk.contact(synapse, "juliet")
    allowed = {"allow_private": [f"localhost:{with_web.http_port}"]}
    with Gateway(matrix("s", synapse.url), with_web.component_port, allowed) as gateway:
        garden = f"#{juliet.name}%localhost@{gateway.jid}"
        async with folk.on_matrix(juliet, synapse) as element:
            async with folk.on_xmpp(romeo, with_web) as app:
                await folk.connect(romeo, app, gateway, synapse)
                room = await element.direct(romeo.mxid)
                await element.send(room, "Wherefore art thou?")
                assert await app.text_from(juliet.at(gateway)) == "Wherefore art thou?"
                await app.befriend(juliet.at(gateway))
                wish = {"preset": "public_chat", "name": "The garden", "room_alias_name": juliet.name}
                place = str((await element.call("POST", "/createRoom", wish))["room_id"])
                async with folk.on_matrix(romeo, synapse) as phone:
                    await phone.join(place)
                await muc.listed(app, gateway.jid, garden)
                await muc.enter(app, garden)
                await element.send(place, "Who comes here?")
                await muc.said(app, garden, "Who comes here?")
            with WebChat(with_web.websocket, chats=(juliet.at(gateway),), rooms=(garden,)) as web:
                await web.check(romeo.jid, folk.PASSWORD)
                async with browser_page(30) as page:
                    await log_in(page, web.url, romeo.jid, folk.PASSWORD)
                    await page.locator("converse-rooms-list").get_by_text("The garden").click()
                    inside = ChatPage(page, "converse-muc")
                    await inside.shows("Who comes here?")
                    for person in (romeo, juliet):
                        await page.locator("converse-muc .occupant-nick").get_by_text(person.name).wait_for()
                    theirs = await sees(inside, element, place, "in the garden")
                    await does(inside, element, place, theirs, "in the garden")
                    await screenshot(page, "web-chat-room")

                    await page.locator("converse-roster").get_by_text(juliet.name).click()
                    alone = ChatPage(page, "converse-chat")
                    await alone.shows("Wherefore art thou?")
                    theirs = await sees(alone, element, room, "alone")
                    await does(alone, element, room, theirs, "alone")
                    await screenshot(page, "web-chat-direct")


async def sees(chat: ChatPage, element: MatrixClient, room: str, where: str) -> tuple[str, str]:
    """Text, reply, reaction, edit, file and redaction of a Matrix app, as the page shows them; the message that was
    edited, and what it says then."""
    wrong, right = f"I take the at thy word {where}", f"I take thee at thy word {where}"
    first = await element.send(room, wrong)
    await chat.shows(wrong)
    await element.send(room, f"Call me but love {where}", **relates(**{"m.in_reply_to": {"event_id": first}}))
    await chat.shows_reply(wrong, f"Call me but love {where}")
    await element.send_event(room, relates(first, rel_type="m.annotation", key="🌹"), kind="m.reaction")
    await chat.shows_reaction(wrong, "🌹")
    new = {"m.new_content": {"msgtype": "m.text", "body": right}, **relates(first, rel_type="m.replace")}
    await element.send(room, f"* {right}", **new)
    await chat.shows_edited(wrong, right)
    await files.send_file(element, room, ROSE, "image/png", "rose.png")
    await chat.shows_picture("rose.png", 40)
    gone = await element.send(room, f"Good night {where}")
    await chat.shows(f"Good night {where}")
    await element.call("PUT", f"/rooms/{quote(room)}/redact/{quote(gone)}/{len(where)}", {})
    await chat.line(f"Good night {where}").wait_for(state="hidden")
    return first, right


async def does(chat: ChatPage, element: MatrixClient, room: str, theirs: tuple[str, str], where: str) -> None:
    """The same of the page, as the Matrix app shows them; the reply and the reaction are to what had been edited."""
    wrong, right = f"My lif is my foe's debt {where}", f"My life is my foe's debt {where}"
    await chat.write(wrong)
    said = await element.text(wrong)
    await chat.edit(wrong, right)
    edit = (await element.text(f"* {right}"))["content"]
    await chat.reply(theirs[1], f"Is the day so young {where}")
    reply = await element.text(f"Is the day so young {where}")
    emoji = await chat.react(theirs[1])
    reaction = await element.expect(lambda e: e["type"] == "m.reaction" and e["sender"] == said["sender"])
    await chat.attach("mask.png", "image/png", MASK)
    picture = await element.expect(lambda e: e["content"].get("msgtype") == "m.image" and e["sender"] == said["sender"])
    await chat.shows_picture("mask.png", 50)
    await chat.write(f"Farewell {where}")
    gone = await element.text(f"Farewell {where}")
    await chat.retract(f"Farewell {where}")
    redaction = await element.expect(lambda e: e["type"] == "m.room.redaction" and e["sender"] == said["sender"])

    assert {e["room_id"] for e in (said, reply, reaction, picture, redaction)} == {room}
    assert (related(edit)["rel_type"], related(edit)["event_id"]) == ("m.replace", said["event_id"])
    assert edit["m.new_content"]["body"] == right
    assert related(reply["content"])["m.in_reply_to"] == {"event_id": theirs[0]}
    assert related(reaction["content"]) == {"rel_type": "m.annotation", "event_id": theirs[0], "key": emoji}
    assert await files.matrix_file(element, picture["content"]["url"]) == MASK
    assert redacted(redaction) == gone["event_id"]


def relates(event_id: str = "", **relation: Any) -> dict[str, Any]:
    return {"m.relates_to": {**({"event_id": event_id} if event_id else {}), **relation}}


def related(content: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = content["m.relates_to"]
    return found


def redacted(event: Event) -> str:
    return str(event.get("redacts") or event["content"]["redacts"])
