"""Downloads that are read as they come: whatever a server sends, no more than the limit, and not for ever."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest

from bridge.contract import Reason, Refused, Unavailable
from bridge.web.client import HttpClient
from tests.unit.web.test_client import Place, Talk, says


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    """Loopback is private: tests name what may be contacted by being trusted."""
    made = HttpClient()
    yield made
    await made.close()


async def read(client: HttpClient, url: str, limit: int = 1_000_000, **more: float) -> bytes:
    async with client.download(url, limit=limit, trusted=True, **more) as found:  # type: ignore[arg-type]
        return b"".join([chunk async for chunk in found.chunks])


def endless(pause: float) -> Talk:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(pause)

    return talk


async def test_it_comes_in_pieces_with_status_and_headers(client: HttpClient) -> None:
    async with (
        Place(says("200 OK", b"x" * 300_000, "Content-Type: image/png")).running() as place,
        client.download(place.url, limit=300_000, trusted=True) as found,
    ):
        pieces = [chunk async for chunk in found.chunks]

    assert (found.status, found.headers["content-type"]) == (200, "image/png")
    assert b"".join(pieces) == b"x" * 300_000
    assert len(pieces) > 1
    assert b"accept-encoding: identity" in place.requests[0].lower()


async def test_one_that_says_that_it_is_too_long_is_not_read(client: HttpClient) -> None:
    async with Place(says("200 OK", b"x" * 1_001)).running() as place:
        with pytest.raises(Refused) as refused:
            await read(client, place.url, 1_000)

    assert refused.value.reason is Reason.RESOURCE


async def test_an_endless_one_ends_at_the_limit(client: HttpClient) -> None:
    async with Place(endless(0)).running() as place:
        with pytest.raises(Refused) as refused:
            await read(client, place.url, 50_000)
        await asyncio.wait_for(place.gone.wait(), 10)

    assert refused.value.reason is Reason.RESOURCE


async def test_one_that_stops_in_the_middle_is_given_up(client: HttpClient) -> None:
    async with Place(endless(3_600)).running() as place:
        with pytest.raises(Unavailable, match="took longer than"):
            await read(client, place.url, idle=0.2)


async def test_one_that_drips_is_given_up_in_the_end(client: HttpClient) -> None:
    async with Place(endless(0.05)).running() as place:
        with pytest.raises(Unavailable, match="took longer than"):
            await read(client, place.url, idle=10, timeout=0.5)


async def test_one_that_is_cut_is_no_whole_file(client: HttpClient) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it")
        writer.close()

    async with Place(talk).running() as place:
        with pytest.raises(Unavailable, match="before its answer was complete"):
            await read(client, place.url)


async def test_a_bomb_is_not_unpacked(client: HttpClient) -> None:
    bomb = gzip.compress(bytes(10_000_000))
    async with Place(says("200 OK", bomb, "Content-Encoding: gzip")).running() as place:
        with pytest.raises(Refused) as refused:
            await read(client, place.url, 100_000_000)

    assert refused.value.reason is Reason.NOT_ACCEPTABLE


async def test_no_redirect_leads_to_a_private_address(client: HttpClient) -> None:
    async with (
        Place(says("200 OK", b"secret")).running() as inside,
        Place(says("302 Found", b"", f"Location: {inside.url}")).running() as place,
    ):
        with pytest.raises(Refused, match="private network"):
            await read(client, place.url)

    assert (place.connections, inside.connections) == (1, 0)


async def test_a_loop_of_redirects_ends(client: HttpClient) -> None:
    async with Place(says("302 Found", b"", "Location: /")).running() as place:
        with pytest.raises(Refused, match="redirects too often"):
            await read(client, place.url)

    assert len(place.requests) == 6


async def test_troubles_of_who_reads_are_their_own(client: HttpClient) -> None:
    async with Place(says("200 OK", b"x" * 1_000)).running() as place:
        with pytest.raises(OSError, match="disk full"):
            await _without_room(client, place.url)


async def _without_room(client: HttpClient, url: str) -> None:
    async with client.download(url, limit=1_000, trusted=True) as found:
        await anext(found.chunks)
        raise OSError("disk full")
