"""A person with an XMPP app and a person with a Matrix app talk, through real servers."""

import asyncio

import pytest

from tests.support import folk
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body, receipt_of


async def test_a_message_each_way(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)

    first = app.message(juliet.at(gateway), "But soft!")
    event = await element.text("But soft!")
    await app.expect(lambda s: receipt_of(s) == first, again=True)
    await element.send(event["room_id"], "Wherefore art thou?")
    said = await app.text_from(juliet.at(gateway))
    second = app.message(juliet.at(gateway), "Call me but love.")
    await element.text("Call me but love.")
    await app.expect(lambda s: receipt_of(s) == second, again=True)

    assert event["sender"] == romeo.mxid
    assert said == "Wherefore art thou?"
    assert await element.texts(event["room_id"]) == ["But soft!", "Wherefore art thou?", "Call me but love."]


async def test_a_first_message_from_matrix_opens_the_chat(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)

    room = await element.direct(romeo.mxid)
    await element.send(room, "Good pilgrim")

    assert await app.text_from(juliet.at(gateway)) == "Good pilgrim"
    app.message(juliet.at(gateway), "Have not saints lips?")
    assert (await element.text("Have not saints lips?"))["room_id"] == room


async def test_the_receipt_comes_after_matrix_has_the_message(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    app.message(juliet.at(gateway), "open the chat")
    await element.text("open the chat")

    synapse.pause()
    try:
        id = app.message(juliet.at(gateway), "held up")
        with pytest.raises(TimeoutError):
            await app.expect(lambda s: receipt_of(s) == id, 3, again=True)
    finally:
        synapse.resume()
    await app.expect(lambda s: receipt_of(s) == id, 60, again=True)

    assert (await element.text("held up"))["sender"] == romeo.mxid


TEXTS = [
    "one\ntwo\n\nthree", "  space around  ", "<b>&amp;</b> ]]> <!-- -->", "👩‍👩‍👧‍👦 é é ‮abc", "*stars* _lines_ `code`",
    "> quoted\nand answered", "/me waves", "https://example.org/?a=1&b=2#c", "&" * 5_000, "tab\there",
]  # fmt: skip


async def test_every_text_arrives_as_it_was_written(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)

    for text in TEXTS:
        await element.send(room, text)
    to_xmpp = [await app.text_from(juliet.at(gateway)) for _ in TEXTS]
    for text in TEXTS:
        app.message(juliet.at(gateway), text)
    await element.expect(lambda e: e["sender"] == romeo.mxid and e["content"].get("body") == TEXTS[-1])
    to_matrix = await element.texts(room, romeo.mxid)

    assert to_xmpp == TEXTS
    meant = {
        "/me waves": "waves",
        "*stars* _lines_ `code`": "stars lines code",
    }  # XEP-0245, XEP-0393: said otherwise there
    assert to_matrix == [meant.get(text, text) for text in TEXTS]


async def test_a_burst_each_way_keeps_its_order(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    await element.send(room, "begin")
    await app.text_from(juliet.at(gateway))

    for number in range(50):
        app.message(juliet.at(gateway), f"x{number}")
    for number in range(50):
        await element.send(room, f"m{number}")
    await element.text("x49", 60)
    await app.expect(lambda s: body(s) == "m49", 60)

    assert await element.texts(room, romeo.mxid) == [f"x{number}" for number in range(50)]
    seen = [body(s) for s in app.received if bare(s) == juliet.at(gateway) and body(s)]
    assert seen == ["begin", *(f"m{number}" for number in range(50))]


async def test_a_stopped_gateway_drains_and_goes_on(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    await element.send(room, "begin")
    await app.text_from(juliet.at(gateway))

    for number in range(20):
        app.message(juliet.at(gateway), f"{number}")
    await app.expect(lambda s: bool(receipt_of(s)), again=True)
    assert await asyncio.to_thread(gateway.stop) == 0
    await element.send(room, "meanwhile")
    gateway.start()

    assert await app.text_from(juliet.at(gateway)) == "meanwhile"
    receipts = {receipt_of(s) for s in app.received if receipt_of(s)}
    texts = await element.texts(room, romeo.mxid)
    assert texts == [f"{number}" for number in range(len(texts))]
    assert len(texts) >= len(receipts)
