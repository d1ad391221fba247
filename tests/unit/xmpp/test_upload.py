"""Upload services (XEP-0363), as they should be and as they should not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
from aiohttp import web

from bridge.contract import ConnectorError, Kept, Media, Refused, Unavailable
from bridge.web.client import HttpClient
from bridge.xmpp.requests import Requests
from bridge.xmpp.upload import NAMESPACE, Uploads, chunks, read_slot
from tests.support.files import never, website

SERVICE = "upload.example.org"
ITEMS = f"<query xmlns='http://jabber.org/protocol/disco#items'><item jid='{SERVICE}'/></query>"
INFO = (
    f"<query xmlns='http://jabber.org/protocol/disco#info'><feature var='{NAMESPACE}'/>"
    "<x xmlns='jabber:x:data' type='result'><field var='max-file-size'><value>1000</value></field></x></query>"
)
FULL = "<error type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
NONE = "<query xmlns='http://jabber.org/protocol/disco#info'/>"


class Server:
    """An XMPP server with an upload service that gives `slot`; `None` never answers."""

    def __init__(self, slot: str | None) -> None:
        self.slot = slot
        self.asked: list[Element] = []
        self.requests = Requests("matrix.example.org", self.send, 1.0 if slot is None else 20.0)

    def send(self, stanza: str) -> bool:
        asked = fromstring(stanza)
        self.asked.append(asked)
        to, payload = asked.get("to"), asked[0].tag
        answer: str | None
        if payload.endswith("items}query"):
            answer = ITEMS
        elif payload.endswith("info}query"):
            answer = INFO if to == SERVICE else NONE
        else:
            answer = self.slot
        if answer is not None:
            kind = "error" if answer.startswith("<error") else "result"
            said = f"<iq from='{to}' id='{asked.get('id')}' type='{kind}'>{answer}</iq>"
            asyncio.get_running_loop().call_soon(self.requests.answered, fromstring(said))
        return True


def slot(put: str, get: str, headers: str = "") -> str:
    return f"<slot xmlns='{NAMESPACE}'><put url='{put}'>{headers}</put><get url='{get}'/></slot>"


@asynccontextmanager
async def uploading(server: Server, private: str = "", patience: float = 20.0) -> AsyncIterator[Uploads]:
    """`private`: the host and port that the operator has named."""
    http = HttpClient([private] if private else [])
    try:
        yield Uploads(
            "matrix.example.org", server.requests, http, "", lambda host, port: f"{host}:{port}" == private, patience
        )
    finally:
        await http.close()


def kept(path: Path, size: int = 100, mime: str = "image/png", name: str = "a b.png") -> Kept:
    path.write_bytes(b"x" * size)
    return Kept(path, Media("", name, mime, size))


async def test_a_file_goes_where_the_slot_says(tmp_path: Path) -> None:
    came: list[tuple[web.BaseRequest, bytes]] = []

    async def put(request: web.Request) -> web.Response:
        came.append((request, await request.read()))
        return web.Response(status=201)

    async with website(put) as url:
        headers = (
            "<header name='Authorization'>Bearer 1</header><header name='Host'>evil.example</header>"
            "<header name='Cookie'>a=b&#10;X-Evil: 1</header><header name='Expires'>\n Thu, 01 Dec 2050 \n</header>"
        )
        server = Server(slot(f"{url}/put", f"{url}/got", headers))
        async with uploading(server, url.removeprefix("http://")) as uploads:
            found = await uploads.upload(kept(tmp_path / "file"))

    assert found == f"{url}/got"
    [(request, body)] = came
    assert (request.method, request.path, body) == ("PUT", "/put", b"x" * 100)
    sent = {name: request.headers.get(name) for name in ("Authorization", "Expires", "Content-Type", "Content-Length")}
    assert sent == {
        "Authorization": "Bearer 1", "Expires": "Thu, 01 Dec 2050",
        "Content-Type": "image/png", "Content-Length": "100",
    }  # fmt: skip
    assert request.headers["Host"] == url.removeprefix("http://")
    assert "Cookie" not in request.headers
    assert "X-Evil" not in request.headers
    asked = server.asked[-1][0]
    assert (asked.get("filename"), asked.get("size"), asked.get("content-type")) == ("a b.png", "100", "image/png")


@pytest.mark.parametrize("mime", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript", "a\r\nb"])
async def test_what_a_browser_would_run_is_stored_as_unknown(tmp_path: Path, mime: str) -> None:
    server = Server(FULL)
    async with uploading(server) as uploads:
        with pytest.raises(Refused):
            await uploads.upload(kept(tmp_path / "file", mime=mime, name="../../a\u202e.svg"))

    asked = server.asked[-1][0]
    assert (asked.get("content-type"), asked.get("filename")) == ("application/octet-stream", "a.svg")


@pytest.mark.parametrize(
    "given",
    [
        None,  # never answered
        "<error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
        FULL,
        f"<slot xmlns='{NAMESPACE}'/>",
        slot("https://127.0.0.1:1/a", "https://upload.example.org/a"),  # into the operator's own network
        slot("https://[::1]:1/a", "https://upload.example.org/a"),
        slot("http://upload.example.org/a", "https://upload.example.org/a"),  # in clear
        slot("https://upload.example.org/a", "http://upload.example.org/a"),
        slot("javascript:x", "https://upload.example.org/a"),
        slot("https://user:pass@upload.example.org/a", "https://upload.example.org/a"),
        slot("https://upload.example.org/" + "a" * 3_000, "https://upload.example.org/a"),
    ],
)
async def test_a_slot_that_is_none_is_an_error_of_the_contract(tmp_path: Path, given: str | None) -> None:
    async with uploading(Server(given)) as uploads:
        with pytest.raises(ConnectorError):
            await uploads.upload(kept(tmp_path / "file"))


@pytest.mark.parametrize("status", [400, 403, 413, 500, 302])
async def test_a_service_that_takes_nothing_is_an_error_of_the_contract(tmp_path: Path, status: int) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "http://127.0.0.1:1/"} if status == 302 else {})

    async with (
        website(refuse) as url,
        uploading(Server(slot(f"{url}/a", f"{url}/a")), url.removeprefix("http://")) as uploads,
    ):
        with pytest.raises(ConnectorError):
            await uploads.upload(kept(tmp_path / "file"))


async def test_a_service_that_hangs_is_left_alone_for_a_while(tmp_path: Path) -> None:
    async with website(never) as url:
        server = Server(slot(f"{url}/a", f"{url}/a"))
        async with uploading(server, url.removeprefix("http://"), 0.5) as uploads:
            with pytest.raises(Unavailable):
                await uploads.upload(kept(tmp_path / "file"))
            asked = len(server.asked)
            with pytest.raises(Refused, match="no upload service"):
                await uploads.upload(kept(tmp_path / "file"))
            assert len(server.asked) == asked
            uploads.forget()  # the stream is new
            assert await uploads.service() is not None


async def test_what_is_too_large_for_the_service_is_not_asked_for(tmp_path: Path) -> None:
    server = Server(None)
    async with uploading(server) as uploads:
        with pytest.raises(Refused):
            await uploads.upload(kept(tmp_path / "file", 1_001))

    assert all(asked[0].tag.endswith("query") for asked in server.asked)


async def test_nobody_else_answers_for_the_server() -> None:
    requests = Requests("matrix.example.org", lambda stanza: True, 0.3)
    asking = asyncio.create_task(requests.ask("get", SERVICE, "<q xmlns='q'/>"))
    await asyncio.sleep(0)
    requests.answered(fromstring("<iq from='evil.example' id='ask-1' type='result'/>"))

    with pytest.raises(Unavailable):
        await asking


def test_a_slot_needs_both_addresses() -> None:
    with pytest.raises(Refused):
        read_slot(fromstring(f"<iq><slot xmlns='{NAMESPACE}'><put url='https://a/'/></slot></iq>"))


async def test_a_file_is_read_in_pieces(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "file").write_bytes, bytes(1_000_000))

    pieces = [len(piece) async for piece in chunks(tmp_path / "file")]

    assert sum(pieces) == 1_000_000
    assert max(pieces) <= 256 * 1024
