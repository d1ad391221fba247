"""Where browsers come back to: for one person, once, and only as long as their login waits."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bridge.contract import NetworkId
from bridge.web.callbacks import Callbacks
from tests.support.ports import free_port

ROMEO = "romeo&<b>@example.org"
SHOWN = "romeo&amp;&lt;b&gt;@example.org"
MATRIX = NetworkId("matrix")


@pytest.fixture
async def callbacks() -> AsyncIterator[Callbacks]:
    port = free_port()
    application = web.Application()
    made = Callbacks(f"http://127.0.0.1:{port}/")
    application.router.add_routes(made.routes())
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield made
    finally:
        await runner.cleanup()


async def ask(method: str, url: str, **data: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.request(method, url, data=data or None) as answer:
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, await answer.text()


async def test_what_a_browser_brings_counts_when_its_person_has_confirmed(callbacks: Callbacks) -> None:
    with callbacks.expect(ROMEO, MATRIX) as visit:
        coming = asyncio.ensure_future(visit.came())
        status, page = await ask("GET", f"{visit.url}?loginToken=one&x=%22%3E%3Cscript%3E")
        assert status == 200
        assert f"Connect it with {SHOWN}" in page
        assert 'name="loginToken" value="one"' in page
        assert "<script>" not in page
        assert not coming.done()  # whoever looks at links in advance has not confirmed

        assert (await ask("POST", visit.url, loginToken="one"))[0] == 200
        assert await coming == {"loginToken": "one"}
        for method in ("GET", "POST"):
            assert (await ask(method, visit.url))[0] == 404  # once


async def test_an_address_is_there_only_while_its_login_waits(callbacks: Callbacks) -> None:
    with callbacks.expect(ROMEO, MATRIX) as one, callbacks.expect(ROMEO, MATRIX) as other:
        assert one.url != other.url
        assert len(one.url.rpartition("/")[2]) >= 32
    for url in (one.url, f"{one.url}x"):
        status, page = await ask("GET", url)
        assert status == 404
        assert ROMEO not in page


async def test_too_much_is_refused(callbacks: Callbacks) -> None:
    with callbacks.expect(ROMEO, MATRIX) as visit:
        many = "&".join(f"p{n}=1" for n in range(11))
        assert (await ask("GET", f"{visit.url}?{many}"))[0] == 400
        assert (await ask("GET", f"{visit.url}?loginToken={'x' * 5_000}"))[0] == 400


@pytest.mark.parametrize("public_url", ["", "http://gateway.example", "http://192.0.2.1:8480"])
async def test_who_cannot_be_reached_without_listeners_has_no_address(public_url: str) -> None:
    with Callbacks(public_url).expect(ROMEO, MATRIX) as visit:
        assert visit.url == ""
