"""The HTTP client: limits, time-outs, what is known when an answer is lost, and the guard against private addresses."""

import asyncio
import contextlib
import gzip
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bridge.contract import Reason, Refused, Unavailable, Unconfirmed
from bridge.web.client import HttpClient
from tests.support.certificate import own_certificate
from tests.support.ports import free_port

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Place:
    """A server on loopback that says what a test wants, byte by byte, and counts who came."""

    def __init__(self, talk: Talk) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self.gone = asyncio.Event()
        self._talk = talk

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                await self._talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.gone.set()
            writer.close()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Place"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.stop = server.close
        self.port = server.sockets[0].getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}/"
        async with server:
            yield self


def says(status: str, body: bytes = b"", *headers: str) -> Talk:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""])

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode() + body)
        await writer.drain()

    return talk


class Names(AbstractResolver):
    """A DNS of our own."""

    def __init__(self, **names: str) -> None:
        self._names = {name.replace("_", "."): address.split() for name, address in names.items()}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host not in self._names:
            raise OSError(None, "no such name")
        return [
            ResolveResult(hostname=host, host=a, port=port, family=socket.AF_INET6 if ":" in a else socket.AF_INET,
                          proto=0, flags=socket.AI_NUMERICHOST)
            for a in self._names[host]
        ]  # fmt: skip

    async def close(self) -> None:
        pass


@contextlib.asynccontextmanager
async def client(*permitted: str, drip: float = 20.0, **names: str) -> AsyncIterator[HttpClient]:
    made = HttpClient(permitted, Names(**names), drip=drip)
    try:
        yield made
    finally:
        await made.close()


async def test_an_answer_comes_whole() -> None:
    async with Place(says("200 OK", b"hello", "X-Two: a", "X-Two: b")).running() as place, client() as http:
        answer = await http.request("put", place.url, headers={"X-One": "1"}, body=b"abc", trusted=True)

    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.headers["x-two"] == "a, b"
    assert place.requests[0].startswith(b"PUT / HTTP/1.1\r\n")
    assert b"X-One: 1" in place.requests[0]


async def test_a_body_over_the_limit_is_refused_unread() -> None:
    async with Place(says("200 OK", b"x" * 1001)).running() as place, client() as http:
        with pytest.raises(Refused) as caught:
            await http.request("GET", place.url, limit=1000, trusted=True)

    assert caught.value.reason is Reason.RESOURCE


async def test_a_packed_body_counts_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    async with Place(says("200 OK", bomb, "Content-Encoding: gzip")).running() as place, client() as http:
        with pytest.raises(Refused) as caught:
            await http.request("GET", place.url, limit=1_000_000, trusted=True)

    assert caught.value.reason is Reason.RESOURCE


async def test_a_body_without_end_is_refused_at_the_limit() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
            await writer.drain()

    async with Place(talk).running() as place, client() as http:
        with pytest.raises(Refused):
            await http.request("GET", place.url, limit=100_000, trusted=True)
        await asyncio.wait_for(place.gone.wait(), 5)


@pytest.mark.parametrize(("method", "error"), [("GET", Unavailable), ("PUT", Unconfirmed), ("POST", Unconfirmed)])
async def test_a_body_that_drips_ends_at_the_time_out(method: str, error: type[Exception]) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with Place(talk).running() as place, client() as http:
        with pytest.raises(error, match="took longer"):
            await http.request(method, place.url, timeout=0.3, trusted=True)
        await asyncio.wait_for(place.gone.wait(), 5)


@pytest.mark.parametrize(("method", "error"), [("GET", Unavailable), ("PUT", Unconfirmed)])
async def test_a_body_that_drips_ends_long_before_the_time_out(method: str, error: type[Exception]) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with Place(talk).running() as place, client(drip=0.5) as http:
        with pytest.raises(error, match="was lost"):
            await http.request(method, place.url, timeout=600, trusted=True)
        await asyncio.wait_for(place.gone.wait(), 5)


@pytest.mark.parametrize("piece", [b" ", b""])
async def test_a_body_of_which_a_piece_comes_now_and_then_or_none_is_given_up_in_the_end(piece: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n ")
        while not reader.at_eof():
            writer.write(piece)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.read(), 0.03)

    async with Place(talk).running() as place, client(drip=0.04) as http:
        async with asyncio.timeout(10):
            with pytest.raises(Unavailable, match="was lost"):
                await http.request("GET", place.url, timeout=600, trusted=True)
        await asyncio.wait_for(place.gone.wait(), 5)


async def test_a_body_that_comes_late_or_with_signs_of_life_before_it_is_waited_for() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n ")
        await asyncio.sleep(0.3)
        writer.write(b" ")
        await asyncio.sleep(0.3)
        writer.write(b"abc")

    async with Place(talk).running() as place, client(drip=0.2) as http:
        assert (await http.request("GET", place.url, trusted=True)).body == b"  abc"


@pytest.mark.parametrize(("method", "error"), [("GET", Unavailable), ("PUT", Unconfirmed), ("POST", Unconfirmed)])
async def test_an_answer_that_breaks_off_may_have_happened(method: str, error: type[Exception]) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
        writer.close()

    async with Place(talk).running() as place, client() as http:
        with pytest.raises(error) as caught:
            await http.request(method, place.url, trusted=True)

    assert type(caught.value) is error


async def test_a_connection_that_closes_without_a_word_may_have_carried_the_request() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with Place(talk).running() as place, client() as http:
        with pytest.raises(Unconfirmed):
            await http.request("POST", place.url, body=b"x", trusted=True)


@pytest.mark.parametrize(("method", "error"), [("GET", Unavailable), ("PUT", Unconfirmed), ("POST", Unconfirmed)])
async def test_a_server_that_ends_every_connection_gets_one_request_per_try(
    method: str, error: type[Exception]
) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with Place(talk).running() as place, client() as http:
        for _ in range(5):
            with pytest.raises(error):
                await http.request(method, place.url, trusted=True)

    assert len(place.requests) == 5


@pytest.mark.parametrize(("method", "asked"), [("GET", 3), ("PUT", 3), ("POST", 2)])
async def test_what_an_idle_connection_swallowed_is_asked_again_if_that_changes_nothing(
    method: str, asked: int
) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(place.requests) == 2:  # the server closes the connection just then
            writer.close()
        else:
            await says("200 OK", b"here")(_, writer)

    place = Place(talk)
    async with place.running(), client() as http:
        await http.request("GET", place.url, trusted=True)
        with contextlib.suppress(Unconfirmed):
            assert (await http.request(method, place.url, trusted=True)).body == b"here"

    assert len(place.requests) == asked


async def test_what_was_swallowed_and_could_not_be_asked_again_may_have_happened() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(place.requests) == 1:
            await says("200 OK")(_, writer)
        else:
            place.stop()
            writer.transport.abort()

    place = Place(talk)
    async with place.running(), client() as http:
        await http.request("GET", place.url, trusted=True)
        with pytest.raises(Unconfirmed):
            await http.request("PUT", place.url, trusted=True)


async def test_what_speaks_no_http_is_a_lost_answer() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-Gateway\r\n\r\n")

    async with Place(talk).running() as place, client() as http:
        with pytest.raises(Unavailable):
            await http.request("GET", place.url, trusted=True)


async def test_nothing_was_sent_where_nobody_listens() -> None:
    async with client() as http:
        with pytest.raises(Unavailable, match="does not accept connections"):
            await http.request("POST", f"http://127.0.0.1:{free_port()}/", trusted=True)


async def test_nothing_was_sent_to_a_name_that_does_not_exist() -> None:
    async with client() as http:
        with pytest.raises(Unavailable, match=r"nowhere\.example was not found"):
            await http.request("POST", "http://nowhere.example/", trusted=True)


async def test_a_server_without_a_trusted_certificate_is_a_lasting_fault(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_certificate(tmp_path))
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server, client() as http:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unavailable, match="certificate") as caught:
            await http.request("POST", f"https://127.0.0.1:{port}/", timeout=10, trusted=True)

    assert caught.value.lasting


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/", "http://127.1:{port}/", "http://2130706433:{port}/", "http://0x7f000001:{port}/",
        "http://0177.0.0.1:{port}/", "http://0:{port}/", "http://0.0.0.0:{port}/", "http://[::1]:{port}/", "http://[::]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/", "http://169.254.169.254/", "http://10.0.0.1/",
        "http://localhost:{port}/", "http://inside.example:{port}/", "http://mapped.example:{port}/",
        "http://127.0.0.1.:{port}/", "http://①②⑦.0.0.1:{port}/",
    ],
)  # fmt: skip
async def test_private_addresses_are_not_touched(url: str) -> None:
    names = {
        "127.1": "127.0.0.1", "0x7f000001": "127.0.0.1", "localhost": "127.0.0.1",
        "inside.example": "127.0.0.1 10.0.0.1", "mapped.example": "::ffff:127.0.0.1",
        "127.0.0.1.": "127.0.0.1", "0": "0.0.0.0",
    }  # fmt: skip
    async with Place(says("200 OK")).running() as canary, client(**names) as http:
        with pytest.raises(Refused) as caught:
            await http.request("GET", url.format(port=canary.port), timeout=5)

    assert caught.value.reason is Reason.NOT_ALLOWED
    assert canary.connections == 0


async def test_a_redirect_to_a_private_address_is_refused() -> None:
    canary = Place(says("200 OK", b"secret"))
    async with canary.running():
        moved = Place(says("302 Found", b"", f"Location: {canary.url}"))
        async with moved.running(), client(moved.host) as http:
            with pytest.raises(Refused) as caught:
                await http.request("GET", moved.url, redirects=3)

    assert caught.value.reason is Reason.NOT_ALLOWED
    assert moved.connections == 1
    assert canary.connections == 0


async def test_trust_ends_at_the_first_origin() -> None:
    canary = Place(says("200 OK", b"secret"))
    async with canary.running():
        moved = Place(says("302 Found", b"", f"Location: {canary.url}"))
        async with moved.running(), client() as http:
            with pytest.raises(Refused):
                await http.request("GET", moved.url, redirects=3, trusted=True)

    assert canary.connections == 0


async def test_a_guarded_request_does_not_ride_on_a_trusted_connection() -> None:
    async with Place(says("200 OK")).running() as place, client() as http:
        await http.request("GET", place.url, trusted=True)
        with pytest.raises(Refused):
            await http.request("GET", place.url)

    assert len(place.requests) == 1


async def test_a_permitted_private_host_is_contacted() -> None:
    async with Place(says("200 OK", b"in")).running() as place:
        async with client(place.host) as http:
            assert (await http.request("GET", place.url)).body == b"in"
        async with client(f"inside.example:{place.port}", **{"inside.example": "127.0.0.1"}) as http:
            assert (await http.request("GET", f"http://inside.example:{place.port}/")).body == b"in"
        async with client("127.0.0.1:1") as http:
            with pytest.raises(Refused):
                await http.request("GET", place.url)


async def test_redirects_are_followed_as_often_as_asked_for_and_tell_no_token() -> None:
    last = Place(says("200 OK", b"here"))
    async with last.running():
        first = Place(says("301 Moved", b"", f"Location: {last.url}there"))
        async with first.running(), client(first.host, last.host) as http:
            answer = await http.request(
                "GET", first.url, redirects=1, headers={"Authorization": "Bearer t", "X-A": "b"}
            )
            unfollowed = await http.request("GET", first.url)
            posted = await http.request("POST", first.url, redirects=1)

    assert answer.body == b"here"
    assert b"Bearer t" in first.requests[0]
    assert last.requests[0].startswith(b"GET /there ")
    assert b"Bearer" not in last.requests[0]
    assert b"X-A: b" in last.requests[0]
    assert (unfollowed.status, posted.status) == (301, 301)
    assert len(last.requests) == 1


async def test_redirects_in_a_circle_end() -> None:
    async with Place(says("302 Found", b"", "Location: /again")).running() as place, client(place.host) as http:
        with pytest.raises(Refused, match="redirects too often"):
            await http.request("GET", place.url, redirects=3)

    assert len(place.requests) == 4


@pytest.mark.parametrize(
    "url", ["", "file:///etc/passwd", "ftp://example.org/", "//example.org/", "http://", "http://user:word@example.org/",
            "http://example.org:99999/", "http://[::1", "gopher://example.org/", "javascript:alert(1)"],
)  # fmt: skip
async def test_what_is_no_web_address_is_refused(url: str) -> None:
    async with client() as http:
        with pytest.raises(Refused) as caught:
            await http.request("GET", url)

    assert caught.value.reason is Reason.BAD_REQUEST


async def test_a_redirect_to_a_file_is_refused() -> None:
    async with Place(says("302 Found", b"", "Location: file:///etc/passwd")).running() as place, client() as http:
        with pytest.raises(Refused):
            await http.request("GET", place.url, redirects=1, trusted=True)


async def test_the_log_tells_neither_path_nor_token_nor_body(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with Place(says("200 OK", b"body-marker")).running() as place, client() as http:
        await http.request(
            "PUT", place.url + "bot-marker/send?token=query-marker", headers={"Authorization": "header-marker"},
            body=b"sent-marker", trusted=True,
        )  # fmt: skip

    assert "http answered method=PUT host=127.0.0.1 status=200" in caplog.text
    assert "marker" not in caplog.text


async def test_a_real_resolver_is_asked_too() -> None:
    async with Place(says("200 OK")).running() as canary:
        http = HttpClient()
        try:
            with pytest.raises(Refused):
                await http.request("GET", f"http://localhost:{canary.port}/", timeout=10)
        finally:
            await http.close()

    assert canary.connections == 0
