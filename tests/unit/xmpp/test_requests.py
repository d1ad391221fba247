"""IQs that we ask: whose answer counts, and what comes of none."""

import asyncio
from xml.etree.ElementTree import Element, fromstring

import pytest

from bridge.contract import Unavailable
from bridge.xmpp.component import COMPONENT
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.requests import Requests
from tests.unit.xmpp.known import DOMAIN, ROMEO

FORBIDDEN = "<error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"


class Wire:
    """Takes what is asked."""

    def __init__(self, seconds: float = 5.0) -> None:
        self.up = True
        self.asked: asyncio.Queue[Element] = asyncio.Queue()
        self.requests = Requests(DOMAIN, self.send, seconds)

    def send(self, stanza: str) -> bool:
        if self.up:
            self.asked.put_nowait(fromstring(stanza))
        return self.up

    def answer(self, asked: Element, kind: str = "result", inner: str = "<yes/>", sender: str = ROMEO) -> None:
        head = f"type='{kind}' from='{sender}' to='{DOMAIN}' id='{asked.get('id')}'"
        self.requests.answered(fromstring(f"<iq xmlns='{COMPONENT}' {head}>{inner}</iq>"))


def as_user(inner: str) -> str:
    forwarded = f"<forwarded xmlns='urn:xmpp:forward:0'>{inner}</forwarded>"
    return f"<privilege xmlns='urn:xmpp:privilege:2'>{forwarded}</privilege>"


async def test_only_who_was_asked_can_answer() -> None:
    wire = Wire()
    asking = asyncio.create_task(wire.requests.ask("get", ROMEO, "<q/>"))
    asked = await wire.asked.get()
    assert (asked.get("type"), asked.get("to"), asked.get("from")) == ("get", ROMEO, DOMAIN)

    wire.answer(asked, inner="<no/>", sender="eve@example.org")
    wire.answer(asked, inner="<no/>", sender=f"{ROMEO}/phone")
    wire.answer(asked)
    wire.answer(asked, inner="<late/>")
    assert [child.tag for child in await asking] == [f"{{{COMPONENT}}}yes"]
    wire.answer(asked)


async def test_an_error_is_raised() -> None:
    wire = Wire()
    asking = asyncio.create_task(wire.requests.ask("set", ROMEO, "<q/>"))
    wire.answer(await wire.asked.get(), "error", FORBIDDEN)

    with pytest.raises(StanzaError, match="forbidden"):
        await asking


async def test_no_stream_no_answer_and_a_broken_stream_mean_later() -> None:
    wire = Wire(seconds=0.01)
    with pytest.raises(Unavailable, match="does not answer"):
        await wire.requests.ask("get", ROMEO, "<q/>")

    wire = Wire()
    asking = asyncio.create_task(wire.requests.ask("get", ROMEO, "<q/>"))
    await wire.asked.get()
    wire.requests.broken()
    with pytest.raises(Unavailable, match="broke"):
        await asking

    wire.up = False
    with pytest.raises(Unavailable, match="not up"):
        await wire.requests.ask("get", ROMEO, "<q/>")


async def test_what_the_user_would_get() -> None:
    wire = Wire()
    asking = asyncio.create_task(wire.requests.ask_as("get", ROMEO, "<q xmlns='urn:q'/>"))
    asked = await wire.asked.get()
    inner = asked.find("{urn:xmpp:privilege:2}privileged_iq/{jabber:client}iq")
    assert inner is not None
    assert (inner.get("type"), inner.get("from"), inner[0].tag) == ("get", ROMEO, "{urn:q}q")

    wire.answer(asked, inner=as_user("<iq type='result' xmlns='jabber:client'><yes/></iq>"))
    assert [child.tag for child in await asking] == ["{jabber:client}yes"]


@pytest.mark.parametrize(
    ("inner", "condition"),
    [
        (as_user(f"<iq type='error' xmlns='jabber:client'>{FORBIDDEN}</iq>"), "forbidden"),
        (as_user(""), "undefined-condition"),
        (as_user("<iq/>"), "undefined-condition"),
        ("<nonsense/>", "undefined-condition"),
    ],
)
async def test_what_the_user_would_be_refused(inner: str, condition: str) -> None:
    wire = Wire()
    asking = asyncio.create_task(wire.requests.ask_as("get", ROMEO, "<q xmlns='urn:q'/>"))
    wire.answer(await wire.asked.get(), inner=inner)

    with pytest.raises(StanzaError, match=condition):
        await asking
