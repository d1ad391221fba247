"""Files that are not what they seem, and servers that have them: each has a clear outcome for its sender, in its place,
and no other chat waits for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tests.conftest import ANY_SERVER, COMPONENTS
from tests.e2e.test_files import next_file, told, url_of
from tests.support import files, folk
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import Event, MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient
from tests.support.xmpp_servers import XmppServer

pytestmark = ANY_SERVER
WAIT, LARGEST = 4, 1_000_000  # seconds, bytes
PICTURE = files.png(64, 48)


async def answer(request: web.Request) -> web.StreamResponse:
    """A web server of somebody who means no good."""
    match request.path:
        case "/picture.png":
            return web.Response(body=PICTURE)
        case "/loopback.png":
            return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/secret"})
        case "/metadata.png":
            return web.Response(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"})
        case "/circle.png":
            return web.Response(status=302, headers={"Location": "/circle.png"})
        case "/gone.png":
            return web.Response(status=404)
        case "/hangs.png":
            await asyncio.Event().wait()
        case "/drips.png":
            return await _endless(request, b"\x89", 0.2)
        case "/endless.png":
            return await _endless(request, bytes(65_536), 0.0)
        case "/short.png":
            response = web.StreamResponse(headers={"Content-Length": "5000"})
            await response.prepare(request)
            await response.write(PICTURE[:100])
            assert request.transport is not None
            request.transport.close()
            return response
        case "/page.png":
            return web.Response(body=b"<script>alert(1)</script>", content_type="image/png")
        case "/drawing.svg":
            return web.Response(body=b"<svg xmlns='http://www.w3.org/2000/svg'/>", content_type="image/svg+xml")
        case "/bomb.png":
            return web.Response(body=files.bomb(50_000, 50_000), content_type="image/png")
    return web.Response(status=500)


async def _endless(request: web.Request, piece: bytes, pause: float) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(piece)
        await asyncio.sleep(pause)


@pytest.fixture
async def evil() -> AsyncIterator[str]:
    async with files.website(answer) as url:
        yield url


@pytest.fixture
def gateway(evil: str, server: XmppServer, synapse: Synapse) -> Iterator[Gateway]:
    settings = {
        "allow_private": [evil.removeprefix("http://"), f"localhost:{server.http_port}"],
        "media": {"wait": WAIT, "largest": LARGEST},
    }
    with Gateway(matrix(COMPONENTS[MATRIX], synapse.url), server.component_port, settings) as running:
        yield running


@asynccontextmanager
async def elsewhere(synapse: Synapse, gateway: Gateway, romeo: Person, app: XmppClient) -> AsyncIterator[list[float]]:
    """Another chat, in which somebody talks all the time: how long each of its messages took."""
    took: list[float] = []
    nurse = folk.contact(synapse, "nurse")

    async def talk(element: MatrixClient, room: str) -> None:
        for number in range(10_000):
            begun = time.monotonic()
            await element.send(room, f"line {number}")
            await app.expect(lambda s, n=number: s.findtext("{jabber:client}body") == f"line {n}", 60, again=True)  # type: ignore[misc]
            took.append(time.monotonic() - begun)
            await asyncio.sleep(0.1)

    async with folk.on_matrix(nurse, synapse) as element:
        task = asyncio.create_task(talk(element, await element.direct(romeo.mxid)))
        try:
            yield took
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


# What lies at an address, and what the other side reads of it: its type, and a part of its words.
FROM_XMPP = [
    ("picture.png", "m.image", ""),
    ("loopback.png", "m.text", "private network"),
    ("metadata.png", "m.text", "private network"),
    ("circle.png", "m.text", "redirects"),
    ("gone.png", "m.text", "answers with status 404"),
    ("short.png", "m.text", "/short.png"),
    ("endless.png", "m.text", "more than 1000000 bytes"),
    ("page.png", "m.file", ""),
    ("drawing.svg", "m.file", ""),
    ("bomb.png", "m.file", ""),
    ("hangs.png", "m.text", "did not come within"),
    ("drips.png", "m.text", "did not come within"),
]  # fmt: skip


async def test_what_apps_send_the_address_of(
    evil: str, gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient,
    element: MatrixClient,
) -> None:  # fmt: skip
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    await element.send(room, "begin")
    await app.text_from(juliet.at(gateway))

    async with elsewhere(synapse, gateway, romeo, app) as took:
        for name, _, _ in FROM_XMPP:
            url = f"{evil}/{name}"
            app.message(juliet.at(gateway), url, inner=files.share(url))
        app.message(juliet.at(gateway), "after")
        await element.text("after", len(FROM_XMPP) * (WAIT + 2))

    def mine(event: Event) -> bool:
        return event["room_id"] == room and event["sender"] == romeo.mxid and "msgtype" in event["content"]

    came = [event["content"] for event in element.events if mine(event)]
    assert [one["msgtype"] for one in came] == [*(kind for _, kind, _ in FROM_XMPP), "m.text"]
    for (name, kind, words), content in zip(FROM_XMPP, came, strict=False):
        assert name in content["body"], content
        assert words in content["body"], content
        assert kind != "m.text" or content["body"].endswith(f"{evil}/{name}"), "whoever wants can try it themselves"
    assert max(took) < 3, "no other chat waits"
    bomb = next(one for one in came if one.get("filename") == "bomb.png")
    assert (await files.matrix_file(element, bomb["url"])) == files.bomb(50_000, 50_000)


async def test_what_matrix_people_send(
    gateway: Gateway, server: XmppServer, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient,
    element: MatrixClient,
) -> None:  # fmt: skip
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    here = await files.matrix_upload(element, PICTURE, "image/png", "a.png")
    bomb = await files.matrix_upload(element, files.bomb(50_000, 50_000), "image/png", "bomb.png")
    lies = {"mimetype": "video/mp4", "size": 5, "w": -1, "h": 10**9, "duration": "long", "xyz.amorgan.blurhash": "<b>"}

    for url in ("mxc://../../etc", "mxc://localhost/../../x", "mxc://localhost/a/b", "http://localhost/a", "", 5, None):
        await element.send_event(room, {"msgtype": "m.image", "body": "a.png", "url": url, "info": "none"})
        assert await app.text_from(juliet.at(gateway)) == "[Image: a.png]"
    await element.send_event(room, {"msgtype": "m.image", "body": "no.png", "url": "mxc://localhost/AAAAAAAA"})
    assert "no.png" in await app.text_from(juliet.at(gateway))
    large = {"msgtype": "m.file", "body": "huge", "url": here, "info": {"size": LARGEST + 1}}
    await element.send_event(room, large)
    assert "larger than 1.0 MB" in await app.text_from(juliet.at(gateway))
    await element.send_event(room, {"msgtype": "m.video", "body": "a.mp4", "url": here, "info": lies})
    lied = await next_file(app, juliet.at(gateway))
    await element.send_event(room, {"msgtype": "m.image", "body": "bomb.png", "url": bomb})
    bombed = await next_file(app, juliet.at(gateway))

    assert [told(lied, what) for what in ("size", "media-type", "width", "height")] == [
        str(len(PICTURE)), "image/png", "64", "48",
    ]  # fmt: skip
    assert lied.find(".//{urn:xmpp:thumbs:1}thumbnail") is None
    sharing = bombed.find(f"{files.SFS}file-sharing")
    assert sharing is not None
    assert sharing.get("disposition") == "attachment", "no app shows it unasked"
    assert (await files.get(url_of(bombed))).body == files.bomb(50_000, 50_000)
