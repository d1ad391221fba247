"""Several files in one message, and stickers, each way between an XMPP app and a Matrix app; polls are words."""

from collections.abc import Iterator

import pytest

from tests.conftest import COMPONENTS
from tests.scenarios.test_files import described
from tests.support import files, folk
from tests.support.files import OOB
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body
from tests.support.xmpp_servers import XmppServer

PICTURES = [files.png(30 + n, 20, seed=n) for n in range(3)]
RETRACT = "{urn:xmpp:message-retract:1}"
POLL = {
    "org.matrix.msc3381.poll.start": {
        "question": {"org.matrix.msc1767.text": "Who goes?"},
        "answers": [{"id": "1", "org.matrix.msc1767.text": "I"}, {"id": "2", "org.matrix.msc1767.text": "Thou"}],
    },
    "org.matrix.msc1767.text": "Who goes?",
}


@pytest.fixture
def gateway(server: XmppServer, synapse: Synapse) -> Iterator[Gateway]:
    settings = {"allow_private": [f"localhost:{server.http_port}"]}
    with Gateway(matrix(COMPONENTS[MATRIX], synapse.url), server.component_port, settings) as running:
        yield running


@pytest.mark.parametrize("server_kind", ["prosody"], indirect=True)
async def test_an_album_each_way(
    gateway: Gateway, server: XmppServer, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient,
    element: MatrixClient,
) -> None:  # fmt: skip
    await folk.connect(romeo, app, gateway, synapse)
    room, her = await element.direct(romeo.mxid), juliet.at(gateway)
    items = [
        {
            "itemtype": "m.image", "body": f"{n}.png", "info": {"mimetype": "image/png"},
            "url": await files.matrix_upload(element, data, "image/png", f"{n}.png"),
        }
        for n, data in enumerate(PICTURES)
    ]  # fmt: skip
    items[1] |= {"body": "The second", "filename": "1.png"}
    event = await element.send_event(room, {"msgtype": "dm.filament.gallery", "body": "Verona", "itemtypes": items})
    await element.send_event(room, POLL, kind="org.matrix.msc3381.poll.start")
    came = [await app.expect(lambda s: bare(s) == her and s.find(f"{OOB}x") is not None, 40) for _ in PICTURES]
    texts = [await app.text_from(her) for _ in range(2)]
    urls = [await files.xmpp_upload(app, f"upload.{server.domain}", one, "image/png", "a.png") for one in PICTURES]
    app.message(her, "Mantua", inner="".join(described(url, f"{n}.png") for n, url in enumerate(urls)))
    mine = [
        await element.expect(lambda e: e["sender"] == romeo.mxid and e["content"].get("msgtype") == "m.image", 40)
        for _ in PICTURES
    ]
    stuck = f"<sticker xmlns='urn:xmpp:stickers:0'/>{described(urls[0], 'rose.png')}"
    sticker = app.message(her, "🌹", inner=stuck)
    mxc = await files.matrix_upload(element, PICTURES[1], "image/png", "x")
    await element.send_event(room, {"body": "A rose", "url": mxc, "info": {"mimetype": "image/png"}}, kind="m.sticker")
    rose = await app.expect(lambda s: bare(s) == her and s.find(f"{OOB}x") is not None, 40)
    taken = await element.expect(lambda e: e["type"] == "m.sticker" and e["sender"] == romeo.mxid, 40)
    app.send(f"<message to='{her}' type='chat' id='r'><retract xmlns='{RETRACT[1:-1]}' id='{sticker}'/></message>")
    await element.expect(lambda e: e["type"] == "m.room.redaction" and taken["event_id"] in str(e))
    await element.call("PUT", f"/rooms/{room}/redact/{event}/1", {})
    gone = [await app.expect(lambda s: s.find(f"{RETRACT}retract") is not None) for _ in range(4)]

    assert [(await files.get(body(one))).body for one in came] == PICTURES
    assert (taken["content"]["body"], sorted(taken["content"])) == (
        "🌹", ["body", "info", "org.landbridge.key", "url"],
    )  # fmt: skip
    assert await files.matrix_file(element, taken["content"]["url"]) == PICTURES[0]
    assert (await files.get(body(rose))).body == PICTURES[1]
    assert texts == ["Verona\n1.png: The second", "[Poll: Who goes? Answers: I / Thou]"]
    assert [await files.matrix_file(element, one["content"]["url"]) for one in mine] == PICTURES
    assert [(one["content"]["filename"], one["content"]["body"]) for one in mine] == [
        ("0.png", "Mantua"), ("1.png", "1.png"), ("2.png", "2.png"),
    ]  # fmt: skip
    retracted = [found.get("id") for one in gone for found in one.iter(f"{RETRACT}retract")]
    assert retracted[:3] == [one.get("id") for one in came]
