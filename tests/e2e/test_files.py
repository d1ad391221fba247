"""Files both ways, through real servers: with the XMPP server's upload service, and with our own store."""

import base64
from collections.abc import Iterator
from contextlib import AsyncExitStack
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element

import pytest

from tests.conftest import ANY_SERVER, COMPONENTS, UPLOADS
from tests.e2e.test_rooms import room_of
from tests.support import files, folk, muc
from tests.support.files import META, OOB, SFS
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.talks import until
from tests.support.xmpp_client import XmppClient, bare, body, receipt_of
from tests.support.xmpp_servers import XmppServer

RETRACT = "{urn:xmpp:message-retract:1}"
PICTURE = files.png(640, 480)


@pytest.fixture
def settings() -> dict[str, object]:
    return {}


@pytest.fixture
def gateway(server: XmppServer, synapse: Synapse, settings: dict[str, object]) -> Iterator[Gateway]:
    allowed = {"allow_private": [f"localhost:{server.http_port}"]}
    with Gateway(matrix(COMPONENTS[MATRIX], synapse.url), server.component_port, {**allowed, **settings}) as running:
        yield running


def url_of(stanza: Element) -> str:
    """The address of a file: apps show it because the body is nothing else."""
    url = stanza.findtext(f"{OOB}x/{OOB}url", "")
    assert body(stanza) == url
    return url


def told(stanza: Element, what: str) -> str:
    return stanza.findtext(f"{SFS}file-sharing/{META}file/{META}{what}", "")


async def next_file(app: XmppClient, sender: str, seconds: float = 30) -> Element:
    return await app.expect(
        lambda s: bare(s) == sender and s.find(f"{OOB}x") is not None, seconds, f"file from {sender}"
    )


async def test_a_picture_each_way_through_the_upload_service(
    gateway: Gateway, server: XmppServer, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient,
    element: MatrixClient,
) -> None:  # fmt: skip
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)

    await files.send_file(element, room, PICTURE, "image/png", "At dawn", filename="bal cony.png")
    await element.send(room, "Who is it?")
    came = await next_file(app, juliet.at(gateway))
    texts = [await app.text_from(juliet.at(gateway)) for _ in range(2)]
    mine = await files.xmpp_upload(app, f"upload.{server.domain}", PICTURE[:-1] + b"!", "image/png", "me.png")
    id = app.message(juliet.at(gateway), mine, inner=files.share(mine))
    event = await element.expect(lambda e: e["content"].get("msgtype") == "m.image" and e["sender"] == romeo.mxid, 30)
    await app.expect(lambda s: receipt_of(s) == id, again=True)

    assert texts == ["At dawn", "Who is it?"], "a caption comes after its file"
    assert f":{server.http_port}/" in url_of(came)
    assert (await files.get(url_of(came))).body == PICTURE
    assert [told(came, what) for what in ("name", "size", "media-type", "width", "height")] == [
        "bal cony.png", str(len(PICTURE)), "image/png", "640", "480",
    ]  # fmt: skip
    content = event["content"]
    assert await files.matrix_file(element, content["url"]) == PICTURE[:-1] + b"!"
    assert (content["body"], content["filename"]) == ("me.png", "me.png")
    assert content["info"] == {"mimetype": "image/png", "size": len(PICTURE), "w": 640, "h": 480}


async def test_pictures_have_thumbnails_where_apps_look_for_them(
    gateway: Gateway, server: XmppServer, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient,
    element: MatrixClient,
) -> None:  # fmt: skip
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    picture, large = files.photo(300, 200), files.photo(700, 600)
    info = {"mimetype": "image/png", "size": len(picture), "xyz.amorgan.blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj"}

    await files.send_file(element, room, picture, "image/png", "dawn.png", info=info)
    came = await next_file(app, juliet.at(gateway))
    mine = await files.xmpp_upload(app, f"upload.{server.domain}", large, "image/png", "me.png")
    app.message(juliet.at(gateway), mine, inner=files.share(mine))
    event = await element.expect(lambda e: e["content"].get("msgtype") == "m.image" and e["sender"] == romeo.mxid, 30)

    thumbnails = {one.get("media-type"): one for one in came.iter("{urn:xmpp:thumbs:1}thumbnail")}
    jpeg = thumbnails["image/jpeg"]
    data = base64.b64decode(jpeg.get("uri", "").removeprefix("data:image/jpeg;base64,"))
    assert data.startswith(b"\xff\xd8\xff")
    assert len(data) <= 5_000
    assert (jpeg.get("width"), jpeg.get("height")) == ("128", "86")
    blurhash = unquote(thumbnails["image/blurhash"].get("uri", ""))
    assert blurhash == f"data:image/blurhash,{info['xyz.amorgan.blurhash']}"
    told = event["content"]["info"]
    small = await files.matrix_file(element, told["thumbnail_url"])
    assert small.startswith(b"\xff\xd8\xff")
    assert told["thumbnail_info"] == {"mimetype": "image/jpeg", "w": 700, "h": 600, "size": len(small)}


async def test_encrypted_files_in_a_room_that_is_not_are_opened_and_checked(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    content = await files.encrypted(element, PICTURE, "image/png", "secret.png")
    wrong = {**content, "file": {**content["file"], "hashes": {"sha256": base64.b64encode(bytes(32)).decode()}}}

    await element.send_event(room, wrong)
    line = await app.text_from(juliet.at(gateway))
    await element.send_event(room, content)
    came = await next_file(app, juliet.at(gateway))

    assert line == "[Image: secret.png, 5 kB] It is damaged: it is not what its sender has encrypted."
    assert (await files.get(url_of(came))).body == PICTURE


class TestWithoutAnUploadService:
    """Our own store has the files."""

    @pytest.fixture
    def settings(self) -> dict[str, object]:
        return {"media": {"upload_service": "nobody.localhost"}}

    @ANY_SERVER
    async def test_files_of_all_kinds_come_from_our_own_store_also_after_a_crash(
        self, gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
    ) -> None:
        await folk.connect(romeo, app, gateway, synapse)
        room = await element.direct(romeo.mxid)
        voice = {"org.matrix.msc3245.voice": {}}
        sent = [
            ("m.image", "image/png", PICTURE, {}, "image/png"),
            ("m.audio", "audio/ogg", b"OggS" + files.noise(3_000), voice, "audio/ogg"),
            ("m.video", "video/mp4", b"\0\0\0\x18ftypmp42" + files.noise(9_000), {}, "video/mp4"),
            ("m.file", "application/pdf", b"%PDF-1.7" + files.noise(5_000), {}, "application/octet-stream"),
            ("m.file", "text/html", b"<script>alert(1)</script>", {}, "application/octet-stream"),
            ("m.image", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>", {}, "application/octet-stream"),
        ]

        for number, (kind, mime, data, more, _) in enumerate(sent):
            await files.send_file(element, room, data, mime, f"file {number}", kind, **more)
        urls = [url_of(await next_file(app, juliet.at(gateway))) for _ in sent]
        got = [await files.get(url) for url in urls]
        content = {"msgtype": "m.file", "body": "all.zip", "url": "mxc://localhost/AAAA", "info": {"size": 10**9}}
        await element.send_event(room, content)
        line = await app.text_from(juliet.at(gateway))
        gateway.kill()
        for kept in (gateway.folder / "data" / "media").iterdir():
            kept.unlink()  # it is got again from where it came
        gateway.start()
        again = await files.get(urls[0])
        part = await files.get(urls[0], Range="bytes=1-3")
        forged = await files.get(urls[0].replace("-", "0-", 1))

        assert [one.body for one in got] == [data for _, _, data, _, _ in sent]
        assert [one.headers["Content-Type"] for one in got] == [shown for *_, shown in sent]
        assert {one.headers["X-Content-Type-Options"] for one in got} == {"nosniff"}
        assert all("sandbox" in one.headers["Content-Security-Policy"] for one in got)
        assert [one.headers["Content-Disposition"].partition(";")[0] for one in got] == [
            "inline", "inline", "inline", "attachment", "attachment", "attachment",
        ]  # fmt: skip
        assert line.startswith("[File: all.zip, 1.0 GB] It is larger than 105 MB")
        assert again.body == PICTURE
        assert (part.status, part.body) == (206, b"PNG")
        assert forged.status == 404


async def test_files_in_a_room_and_in_its_history(
    gateway: Gateway, server: XmppServer, synapse: Synapse, romeo: Person, juliet: Person, element: MatrixClient
) -> None:
    nurse = folk.user(server, synapse, "nurse")
    room = await room_of(element, alias=f"files-{juliet.name}")
    jid = f"#files-{juliet.name}%localhost@{gateway.jid}"
    async with AsyncExitStack() as stack:
        apps: list[XmppClient] = []
        for one in (romeo, nurse):
            async with folk.on_matrix(one, synapse) as own:
                await own.join(room)
            app = await stack.enter_async_context(folk.on_xmpp(one, server))
            await folk.connect(one, app, gateway, synapse)
            await muc.listed(app, gateway.jid, jid)
            apps.append(app)
        await files.send_file(element, room, files.png(seed=1), "image/png", "before.png")
        await element.send(room, "Nobody is in")
        await until(lambda: gateway.has_journaled("Nobody is in"), seconds=60)
        entered = [await muc.enter(app, jid) for app in apps]
        await files.send_file(element, room, PICTURE, "image/png", "now.png")
        came = [[url_of(await next_file(app, jid))] for app in apps]
        url = await files.xmpp_upload(apps[0], f"upload.{server.domain}", files.png(seed=2), "image/png", "mine.png")
        apps[0].send(f"<message to='{jid}' type='groupchat' id='f1'><body>{url}</body>{files.share(url)}</message>")
        event = await element.expect(lambda e: e["content"].get("body") == "mine.png", 30)
        for app, urls in zip(apps, came, strict=True):
            urls.append(url_of(await next_file(app, jid)))
        later = await muc.enter(apps[1], jid, nurse.name)

    assert came[0] == came[1]
    assert came[0][1] == url
    assert (await files.get(came[0][0])).body == PICTURE
    assert await files.matrix_file(element, event["content"]["url"]) == files.png(seed=2)
    before = [url_of(one.history[0]) for one in entered]
    assert [(await files.get(one)).body for one in before] == [files.png(seed=1)] * 2
    assert [url_of(one) for one in later.history if one.find(f"{OOB}x") is not None][1:] == came[0]


@ANY_SERVER
async def test_what_cannot_be_got_is_a_line_with_its_address(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    """Nobody who sends an address leads us into the operator's own network, not even by a redirect."""
    await folk.connect(romeo, app, gateway, synapse)
    urls = [
        f"http://127.0.0.1:{gateway.http}/metrics", "http://[::1]:80/a.png", "http://169.254.169.254/latest/meta-data",
    ]  # fmt: skip

    for url in urls:
        app.message(juliet.at(gateway), url, inner=files.share(url))
    app.message(juliet.at(gateway), "after")
    await element.text("after", 30)
    texts = [e["content"]["body"] for e in element.events if e["sender"] == romeo.mxid and "body" in e["content"]]

    assert [text.rpartition(" ")[2] for text in texts] == [*urls, "after"]
    assert all("private network" in text for text in texts[:-1])


@ANY_SERVER
async def test_a_file_that_is_larger_than_the_upload_service_takes_stays_with_us(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    large = files.noise(UPLOADS + 1)

    await files.send_file(element, room, large, "application/octet-stream", "large.bin", "m.file")
    url = url_of(await next_file(app, juliet.at(gateway)))

    assert f":{gateway.http}/media/" in url
    assert (await files.get(url)).body == large


@ANY_SERVER
async def test_a_caption_is_edited_and_goes_with_its_file(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    mxc = await files.matrix_upload(element, PICTURE, "image/png", "a.png")
    info = {"mimetype": "image/png"}
    content = {"msgtype": "m.image", "url": mxc, "filename": "a.png", "body": "At dwan", "info": info}
    event = await element.send_event(room, content)
    picture = await next_file(app, juliet.at(gateway))
    caption = await app.expect(lambda s: bare(s) == juliet.at(gateway) and body(s) == "At dwan")

    new = {**content, "body": "At dawn"}
    relation = {"rel_type": "m.replace", "event_id": event}
    await element.send_event(room, {**new, "body": "* At dawn", "m.new_content": new, "m.relates_to": relation})
    edited = await app.expect(lambda s: bare(s) == juliet.at(gateway) and body(s) == "At dawn")
    await element.call("PUT", f"/rooms/{quote(room)}/redact/{quote(event)}/1", {})
    gone = [
        await app.expect(lambda s: bare(s) == juliet.at(gateway) and s.find(f"{RETRACT}retract") is not None)
        for _ in range(2)
    ]

    [replaced] = edited.iter("{urn:xmpp:message-correct:0}replace")
    taken_back = [found.get("id") for one in gone for found in one.iter(f"{RETRACT}retract")]
    assert replaced.get("id") == caption.get("id")
    assert taken_back == [picture.get("id"), caption.get("id")]


@ANY_SERVER
async def test_a_caption_comes_and_goes_by_edits(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    event = await files.send_file(element, room, PICTURE, "image/png", "a.png")
    picture = await next_file(app, juliet.at(gateway))
    url = (await element.expect(lambda e: e["event_id"] == event, 30))["content"]["url"]

    async def edit(body_: str) -> None:
        new = {"msgtype": "m.image", "url": url, "filename": "a.png", "body": body_, "info": {"mimetype": "image/png"}}
        relation = {"rel_type": "m.replace", "event_id": event}
        await element.send_event(room, {**new, "m.new_content": new, "m.relates_to": relation})

    await edit("At dawn")
    caption = await app.expect(lambda s: bare(s) == juliet.at(gateway) and body(s) == "At dawn", 30)
    await edit("a.png")
    gone = await app.expect(lambda s: s.find(f"{RETRACT}retract") is not None, 30)

    [retracted] = gone.iter(f"{RETRACT}retract")
    assert retracted.get("id") == caption.get("id") != picture.get("id")
