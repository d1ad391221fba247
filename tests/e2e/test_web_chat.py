"""A person with nothing but a browser talks with a person with a Matrix app, in a direct chat and in a room."""

from collections.abc import Iterator

import pytest

from tests.support import files, folk, muc
from tests.support.browser import browser_page
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.prosody import Prosody
from tests.support.synapse import Synapse
from tests.support.webchat import WebChat


@pytest.fixture
def with_web() -> Iterator[Prosody]:
    """Prosody only: the page is the same for both, and this is the server that scripts/demo starts."""
    with Prosody({MATRIX: "s"}, web=True, archives=True) as prosody:
        yield prosody


async def test_a_web_chat_shows_what_was_said_and_answers(with_web: Prosody, synapse: Synapse) -> None:
    romeo, juliet = folk.user(with_web, synapse, "romeo"), folk.contact(synapse, "juliet")
    with Gateway(matrix("s", synapse.url), with_web.component_port) as gateway:
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
                async with browser_page(60) as page:
                    await page.goto(web.url)
                    await page.fill("input[name=jid]", romeo.jid)
                    await page.fill("input[name=password]", folk.PASSWORD)
                    await page.press("input[name=password]", "Enter")

                    inside, beside = page.locator("converse-muc"), page.locator("converse-rooms-list")
                    await beside.get_by_text("The garden").click()
                    await inside.get_by_text("Who comes here?").wait_for()
                    for person in (romeo, juliet):
                        await inside.locator(".occupant-nick").get_by_text(person.name).wait_for()
                    await inside.locator(".chat-textarea").fill("One whom you know.")
                    await inside.locator(".chat-textarea").press("Enter")
                    said = await element.text("One whom you know.")
                    await element.send(place, "Then be welcome.")
                    await inside.get_by_text("Then be welcome.").wait_for()

                    alone = page.locator("converse-chat")
                    await page.locator("converse-roster").get_by_text(juliet.name).click()
                    await alone.get_by_text("Wherefore art thou?").wait_for()
                    await alone.locator(".chat-textarea").fill("Call me but love.")
                    await alone.locator(".chat-textarea").press("Enter")
                    answer = await element.text("Call me but love.")
                    await element.send(room, "I take thee at thy word.")
                    await alone.get_by_text("I take thee at thy word.").wait_for()
                    await files.send_file(element, room, files.png(40, 30), "image/png", "rose.png")
                    picture = alone.locator('img[src*="rose.png"]')
                    await picture.wait_for()
                    await page.wait_for_function(
                        "() => [...document.querySelectorAll('img[src*=\"rose.png\"]')].some(i => i.naturalWidth == 40)"
                    )

    assert (said["sender"], said["room_id"]) == (romeo.mxid, place)
    assert (answer["sender"], answer["room_id"]) == (romeo.mxid, room)
