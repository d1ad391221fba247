"""One's own private chats through a connected bot: both ways, from both kinds of apps; withdrawn in a burst, back."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from tests.conftest import COMPONENTS
from tests.scenarios.telegram.conftest import OnTelegram, staged
from tests.support import commands
from tests.support.botapi.business import Business, OwnChat
from tests.support.botapi.state import Said, User
from tests.support.gateway import TELEGRAM
from tests.support.prosody import Prosody
from tests.support.xmpp_client import CLIENT, body, error_of, receipt_of

SENT = "{urn:xmpp:carbons:2}sent/{urn:xmpp:forward:0}forwarded/" + f"{CLIENT}message"
RETRACT = "{urn:xmpp:message-retract:1}retract"
REPLACE = "{urn:xmpp:message-correct:0}replace"


@pytest.fixture(scope="module")
def granting() -> Iterator[Prosody]:
    """One that lets the gateway show people what they write elsewhere (XEP-0356)."""
    with Prosody(COMPONENTS, privileges=True, archives=True) as server:
        yield server


async def log_in(stage: OnTelegram, owner: User) -> None:
    """Connected when asked for it."""
    step = await commands.execute(stage.app, TELEGRAM, "login", {"flow": "business"}, {"token": stage.bot.token})
    assert f"Connect the bot @{stage.bot.username}" in step.text, step
    stage.api.business.connects(owner, stage.bot)
    step = await commands.answer_form(stage.app, TELEGRAM, "login", step.session, {}, 30)
    assert step.fields == {"account": str(owner.id)}, step
    step = await commands.answer_form(stage.app, TELEGRAM, "login", step.session, {"account": str(owner.id)}, 30)
    assert step.status == "completed", step
    assert "within 24 hours" in step.text
    await stage.polls()


async def carbon(stage: OnTelegram, fits: Callable[[Element], bool]) -> Element:
    def found(stanza: Element) -> bool:
        inner = stanza.find(SENT)
        return inner is not None and fits(inner)

    inner = (await stage.app.expect(found, again=True)).find(SENT)
    assert inner is not None
    assert inner.get("to") == stage.address
    return inner


def mine(business: Business, chat: OwnChat) -> list[Said]:
    """What the bot has said for its owner."""
    return [said for said in chat.visible if business.number(chat, said) in chat.through]


async def test_ones_own_chats(granting: Prosody, tmp_path: Path) -> None:
    async with staged(granting, tmp_path) as stage:
        app, world, business, juliet = stage.app, stage.world, stage.api.business, stage.juliet
        app.send("<iq type='set' id='carbons'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
        await app.expect(lambda s: s.get("id") == "carbons", again=True)
        stage.bot.business = True
        romeo = world.person("Romeo", "Montague")
        chat = business.chat(romeo, juliet)
        await log_in(stage, romeo)

        business.says(juliet, chat, "Art thou gone so?")
        came = await app.expect(lambda s: body(s) == "Art thou gone so?")
        assert came.get("from", "").startswith(stage.address)

        id = app.message(stage.address, "Farewell, my *love*")
        await app.expect(lambda s: receipt_of(s) == id)
        [said] = mine(business, chat)
        assert (said.author, said.text) == (romeo, "Farewell, my love")
        app.message(stage.address, "Farewell", inner=f"<replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>")
        await world.until(lambda: said.text == "Farewell")
        await app.expect(lambda s: body(s) == "", again=True)
        app.send(
            f"<message to='{stage.address}' type='chat' id='seen'>"
            f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{came.get('id')}'/></message>"
        )
        await world.until(lambda: chat.read > 0)

        elsewhere = business.says(romeo, chat, "I will omit no opportunity")
        shown = await carbon(stage, lambda s: body(s) == "I will omit no opportunity")
        business.edits(elsewhere, chat, "I will omit none")
        corrected = await carbon(stage, lambda s: s.find(REPLACE) is not None)
        assert body(corrected) == "I will omit none"
        business.deletes(chat, elsewhere)
        gone = await carbon(stage, lambda s: s.find(RETRACT) is not None)
        retract = gone.find(RETRACT)
        assert retract is not None
        assert retract.get("id") == shown.get("id")

        business.deletes(chat, *[s for s in chat.visible if s.author is juliet])
        taken = await app.expect(lambda s: s.find(RETRACT) is not None)
        assert taken.get("from", "").startswith(stage.address)
        app.send(
            f"<message to='{stage.address}' type='chat' id='r1'>"
            f"<retract xmlns='urn:xmpp:message-retract:1' id='{id}'/></message>"
        )
        await world.until(lambda: not chat.visible)
        assert not [s for s in app.received if error_of(s)[0]]

        for one in chat.messages:
            one.date -= 2 * 86_400
        late = app.message(stage.address, "Let me be put to death")
        error = await app.expect(lambda s: s.get("id") == late and s.get("type") == "error")
        assert error_of(error)[0] == "not-allowed"
        assert "within 24 hours" in error_of(error)[1]
        nurse = world.person("Nurse")
        never = app.message(f"{nurse.id}@{TELEGRAM}", "Good nurse")
        error = await app.expect(lambda s: s.get("id") == never and s.get("type") == "error")
        assert "since you have connected it" in error_of(error)[1]


async def test_withdrawn_in_a_burst_told_once_and_back(granting: Prosody, tmp_path: Path) -> None:
    async with staged(granting, tmp_path) as stage:
        app, business, juliet = stage.app, stage.api.business, stage.juliet
        stage.bot.business = True
        romeo = stage.world.person("Romeo", "Montague")
        chat = business.chat(romeo, juliet)
        await log_in(stage, romeo)
        business.says(juliet, chat, "Speak")
        await app.text_from(stage.address)
        connection = next(iter(business.connections.values()))

        ids = {}
        for number in range(20):
            ids[app.message(stage.address, f"{number}")] = number
            business.says(juliet, chat, f"her {number}")
        await stage.world.until(lambda: len(mine(business, chat)) >= 3)
        business.disconnects(connection)
        told = await app.text_from(TELEGRAM, 60)
        assert "Connect it again in a Telegram app" in told
        assert "“login”" in told
        after = app.message(stage.address, "Too late")
        error = await app.expect(lambda s: s.get("id") == after and s.get("type") == "error")
        assert "“login”" in error_of(error)[1]

        await log_in(stage, romeo)
        await stage.world.until(lambda: len(mine(business, chat)) == 20, 60)
        assert [said.text for said in mine(business, chat)] == [f"{number}" for number in range(20)]
        async with asyncio.timeout(60):
            for id in ids:
                await app.expect(lambda s, id=id: receipt_of(s) == id, again=True)  # type: ignore[misc]
        heard = [body(s) for s in app.received if body(s).startswith("her ")]
        assert heard == [f"her {number}" for number in range(20)]
        assert len([s for s in app.received if "Connect it again" in body(s)]) == 1
