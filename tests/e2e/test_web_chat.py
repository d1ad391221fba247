"""A person with nothing but a browser talks with a person with a Matrix app."""

from collections.abc import Iterator

import pytest

from tests.support import folk
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
        async with folk.on_matrix(juliet, synapse) as element:
            async with folk.on_xmpp(romeo, with_web) as app:
                await folk.connect(romeo, app, gateway, synapse)
                room = await element.direct(romeo.mxid)
                await element.send(room, "Wherefore art thou?")
                assert await app.text_from(juliet.at(gateway)) == "Wherefore art thou?"
                await app.befriend(juliet.at(gateway))
            with WebChat(with_web.websocket, chats=(juliet.at(gateway),)) as web:
                await web.check(romeo.jid, folk.PASSWORD)
                async with browser_page() as page:
                    await page.goto(web.url)
                    await page.fill("input[name=jid]", romeo.jid)
                    await page.fill("input[name=password]", folk.PASSWORD)
                    await page.press("input[name=password]", "Enter")
                    await page.get_by_text("Wherefore art thou?").wait_for()
                    await page.fill(".chat-textarea", "Call me but love.")
                    await page.press(".chat-textarea", "Enter")
                    answer = await element.text("Call me but love.")
                    await element.send(room, "I take thee at thy word.")
                    await page.get_by_text("I take thee at thy word.").wait_for()

    assert answer["sender"] == romeo.mxid
    assert answer["room_id"] == room
