"""Calls from networks, to whichever session answers them now."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bridge.contract import Unavailable
from bridge.contract.workspace import Call, Reply
from bridge.web.routes import Routes
from tests.support.ports import free_port


async def alive(_: web.Request) -> web.Response:
    return web.json_response({})


@pytest.fixture
async def routes() -> AsyncIterator[Routes]:
    port = free_port()
    application = web.Application(client_max_size=1)
    made = Routes(f"http://127.0.0.1:{port}")
    application.router.add_get("/livez", alive)
    application.router.add_routes(made.routes())
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield made
    finally:
        await runner.cleanup()


async def ask(url: str, method: str = "POST", token: str = "", data: bytes = b"") -> tuple[int, str]:
    headers = {"X-Token": token}
    async with aiohttp.ClientSession() as http, http.request(method, url, data=data, headers=headers) as answer:
        return answer.status, await answer.text()


class Named:
    """Answers who brings its name, with what they bring."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self, call: Call) -> Reply | None:
        if call.headers.get("x-token") != self.name:
            return None
        body = await call.body(10)
        if body is None:
            return Reply(413, b"too large", "text/plain")
        return Reply(200, f"{self.name} {call.method} {call.path} {dict(call.query)} {body.decode()}".encode())


async def test_a_call_reaches_the_session_that_it_is_meant_for_while_it_is_there(routes: Routes) -> None:
    with routes.mount("/some/v1/", Named("a")) as url, routes.mount("/some/v1/", Named("b")):
        assert await ask(f"{url}x%2Fy?q=1", "PUT", "a", b"12345") == (200, "a PUT x%2Fy {'q': '1'} 12345")
        assert await ask(url, token="b") == (200, "b POST  {} ")
        assert (await ask(url, token="nobody"))[0] == 404
        assert (await ask(url.replace("/v1/", "/v2/"), token="a"))[0] == 404
        assert await ask(url, token="a", data=b"x" * 11) == (413, "too large")
    assert (await ask(url, token="a"))[0] == 404


async def test_the_longest_prefix_counts_and_other_addresses_stay(routes: Routes) -> None:
    with routes.mount("/some/", Named("a")) as url, routes.mount("/some/more/", Named("a")):
        assert await ask(f"{url}more/x", token="a") == (200, "a POST x {} ")
        assert await ask(url.replace("/some/", "/livez"), "GET") == (200, "{}")


async def test_a_fault_is_answered_too(routes: Routes) -> None:
    async def away(call: Call) -> Reply | None:
        raise Unavailable("The database is away.")

    async def broken(call: Call) -> Reply | None:
        raise KeyError("secret")

    with routes.mount("/away/", away) as one, routes.mount("/broken/", broken) as other:
        assert (await ask(one))[0] == 503
        status, text = await ask(other)
        assert status == 500
        assert "secret" not in text


@pytest.mark.parametrize("prefix", ["", "/", "x/", "/x"])
def test_prefixes_have_a_shape(routes: Routes, prefix: str) -> None:
    with pytest.raises(ValueError, match="slash"), routes.mount(prefix, Named("a")):
        pass
