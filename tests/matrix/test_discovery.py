"""From what a person types to a homeserver: nobody leads us into a private network, or lies about who one is."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bridge.contract import AccountId, Credentials, LoginRefused, Workspace
from bridge.contract.workspace import Answer, Http
from bridge.hub.workspace import PassingMemory
from bridge.testing.conformance.login import Person, TypedEnough
from bridge.web.client import HttpClient
from connectors.matrix import MatrixConnector
from tests.matrix.stage import Clock
from tests.support.faults import Fault
from tests.support.homeserver import Homeserver, drip, instead, says

PASSWORD = "open sesame"
PUBLIC = ("hs.test", "matrix.hs.test", "other.test", "evil.test")


class Loopback(AbstractResolver):
    """Every name leads to this machine, which is private: only what a test permits may be contacted."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0,
                          flags=socket.AI_NUMERICHOST)
        ]  # fmt: skip

    async def close(self) -> None:
        pass


class PlainHttps:
    """The real client, with `https://` spoken in clear to one port, since nobody certifies names of tests."""

    def __init__(self, http: Http, port: int) -> None:
        self.asked: list[str] = []
        self._http = http
        self._port = port

    async def request(self, method: str, url: str, *, timeout: float = 30.0, **more: Any) -> Answer:
        self.asked.append(url)
        if url.startswith("https://"):
            parsed = URL(url)
            url = str(parsed.with_scheme("http").with_port(parsed.explicit_port or self._port))
        return await self._http.request(method, url, timeout=min(timeout, 1.0), **more)


@dataclass
class Web:
    """A homeserver that many names lead to, and who logs in there."""

    server: Homeserver
    http: PlainHttps
    folder: Path
    options: Mapping[str, Any]

    async def log_in(self, homeserver: str, password: str = PASSWORD) -> Credentials:
        """Raises TypedEnough with what was answered, or LoginRefused."""
        connector = MatrixConnector("matrix")
        person = Person({"homeserver": homeserver, "username": "romeo", "password": password})
        workspace = Workspace(
            AccountId(0), self.options, self.http, PassingMemory(), Clock(), logging.getLogger("t"), self.folder
        )
        try:
            return await connector.login(connector.flows[0], person, workspace)
        except TypedEnough as enough:
            raise TypedEnough(person.forms[-1].text) from enough

    async def answered(self, homeserver: str) -> str:
        """The homeserver that was found, or what is said instead."""
        try:
            return (await self.log_in(homeserver)).secret["homeserver"]
        except (TypedEnough, LoginRefused) as error:
            return str(error)


@asynccontextmanager
async def web_of(folder: Path, *permitted: str, **options: Any) -> AsyncIterator[Web]:
    async with Homeserver() as server:
        server.add_user("romeo")
        http = HttpClient(permitted, Loopback())
        try:
            yield Web(server, PlainHttps(http, server.port), folder, options)
        finally:
            await http.close()


def base(url: Any) -> Any:
    return {"m.homeserver": {"base_url": url}}


async def test_a_server_name_leads_to_the_homeserver_that_it_names(tmp_path: Path) -> None:
    async with web_of(tmp_path, *PUBLIC) as there:
        there.server.well_known = base("https://matrix.hs.test/")

        found = await there.log_in("hs.test")

    assert found.me == "@romeo:hs.test"
    assert found.secret["homeserver"] == "https://matrix.hs.test"


async def test_a_server_without_well_known_is_asked_itself(tmp_path: Path) -> None:
    async with web_of(tmp_path, *PUBLIC) as there:
        found = await there.log_in("hs.test")

    assert found.secret["homeserver"] == "https://hs.test"


async def test_the_port_of_a_server_name_is_no_part_of_where_well_known_is(tmp_path: Path) -> None:
    async with web_of(tmp_path, *PUBLIC) as there:
        there.server.well_known = base("https://matrix.hs.test")

        found = await there.log_in("hs.test:8448")

    assert there.http.asked[0] == "https://hs.test/.well-known/matrix/client"
    assert found.secret["homeserver"] == "https://matrix.hs.test"


@pytest.mark.parametrize(
    "said",
    [[], 7, {}, "x", base(7), base(None), base(["https://hs.test"]), base(""), base("hs.test"), base("ftp://hs.test"),
     base("file:///etc/passwd"), base("https://me:pw@matrix.hs.test"), base("https://"), base("https://hs.test:0"),
     base("https://hs.test:99999"), base("javascript:alert(1)"), base("https://[::1"), base("x" * 60_000),
     {"m.homeserver": "https://hs.test"}, {"m.homeserver": None}],
)  # fmt: skip
async def test_a_well_known_that_makes_no_sense_is_said_so(tmp_path: Path, said: Any) -> None:
    async with web_of(tmp_path, *PUBLIC) as there:
        there.server.well_known = said

        with pytest.raises(TypedEnough, match=r"[A-Z].*\.$"):
            await there.log_in("hs.test")

    assert there.server.count("login") == 0


async def endless(request: web.Request, handler: Any) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    while True:
        await answer.write(b"{" * 10_000)
        await asyncio.sleep(0)


def to(where: str) -> Fault:
    return says(302, "", Location=where)


@pytest.mark.parametrize(
    "fault",
    [endless, drip, says(200, b"x" * 1_000_000), says(200, b"\xff\xfe"), says(200, "[" * 50_000), to("https://hs.test/"),
     to("/.well-known/matrix/client"), to("//"), to("gopher://hs.test/"), to("http://u:p@hs.test/"), says(301, "")],
)  # fmt: skip
async def test_a_well_known_that_does_not_end_or_leads_nowhere_ends_in_time(tmp_path: Path, fault: Fault) -> None:
    async with web_of(tmp_path, *PUBLIC) as there:
        there.server.fault("GET", "/.well-known", fault, times=50)

        async with asyncio.timeout(8):
            came = await there.answered("hs.test")
            # Or it is as if it had none.
            assert came.endswith(".") or came == "https://hs.test"

    assert there.server.count(".well-known") <= 2 * 6


@pytest.mark.parametrize("typed", ["127.0.0.1", "localhost", "http://127.0.0.1:{port}", "https://127.0.0.1:{port}",
                                   "http://2130706433:{port}", "http://[::1]:{port}", "http://0.0.0.0:{port}",
                                   "http://127.1:{port}", "private.test", "https://private.test:{port}",
                                   "http://127.0.0.1:{port}/..", "http://[::ffff:127.0.0.1]:{port}",
                                   "10.0.0.1"])  # fmt: skip
async def test_nobody_types_their_way_into_a_private_network(tmp_path: Path, typed: str) -> None:
    async with web_of(tmp_path, *PUBLIC) as there:
        with pytest.raises(TypedEnough, match=r"Check the homeserver's address|no homeserver's address"):
            await there.log_in(typed.format(port=there.server.port))

    assert there.server.asked == []


@pytest.mark.parametrize("hops", [0, 1, 3])
async def test_no_hop_of_a_redirection_leads_into_a_private_network(tmp_path: Path, hops: int) -> None:
    async with web_of(tmp_path, *PUBLIC) as there:
        for _ in range(hops):
            there.server.fault("GET", "/.well-known", to(f"http://evil.test:{there.server.port}/.well-known/x"))
        there.server.fault("GET", "/.well-known", to(f"http://private.test:{there.server.port}/admin"))

        with pytest.raises(TypedEnough, match="private network"):
            await there.log_in("hs.test")

    assert all("admin" not in asked for asked in there.server.asked)


@pytest.mark.parametrize("where", ["http://127.0.0.1:{port}", "https://private.test", "http://[::1]:{port}"])
async def test_no_well_known_leads_into_a_private_network(tmp_path: Path, where: str) -> None:
    async with web_of(tmp_path, *PUBLIC) as there:
        there.server.well_known = base(where.format(port=there.server.port))

        with pytest.raises(TypedEnough, match="private network"):
            await there.log_in("hs.test")

    assert there.server.count("/_matrix") == 0


async def test_the_configured_homeserver_may_be_private_also_when_a_server_name_leads_to_it(tmp_path: Path) -> None:
    async with web_of(tmp_path, *PUBLIC) as there:
        there.options = {"homeserver": there.server.url}
        there.server.well_known = base(there.server.url)

        found = [await there.log_in(typed) for typed in (there.server.url, "127.0.0.1", "hs.test")]

    assert {one.secret["homeserver"] for one in found} == {there.server.url}


async def test_a_configured_homeserver_opens_no_other_private_port(tmp_path: Path) -> None:
    async with web_of(tmp_path, *PUBLIC) as there:
        there.options = {"homeserver": "http://127.0.0.1:1"}

        with pytest.raises(TypedEnough, match="private network"):
            await there.log_in(there.server.url)

    assert there.server.asked == []


async def test_what_the_operator_allows_may_be_private(tmp_path: Path) -> None:
    async with web_of(tmp_path, "private.test", "hs.test") as there:
        there.server.name = "private.test"
        there.server.add_user("romeo")

        found = await there.log_in("private.test")

    assert found.me == "@romeo:private.test"


async def test_a_configured_homeserver_that_is_no_address_is_said_to_be(tmp_path: Path) -> None:
    async with web_of(tmp_path, *PUBLIC) as there:
        there.options = {"homeserver": "matrix.example.org"}

        with pytest.raises(LoginRefused, match="Tell the gateway's operator"):
            await there.log_in("hs.test")


async def test_a_homeserver_that_claims_another_servers_people_is_refused_and_its_token_ended(tmp_path: Path) -> None:
    async with web_of(tmp_path, *PUBLIC) as there:
        claim = instead(lambda said: {**said, "user_id": "@president:other.test"} if "user_id" in said else said)
        there.server.well_known = base("https://hs.test")  # other.test leads here, too
        there.server.fault("GET", "/.well-known", says(200, base("https://evil.test")))
        there.server.fault("POST", "login", claim)

        with pytest.raises(LoginRefused, match=r"Log in with other\.test"):
            await there.log_in("evil.test")

    assert there.server.count("POST /_matrix/client/v3/logout") == 1


async def test_a_password_never_goes_in_clear_to_a_name(tmp_path: Path) -> None:
    async with web_of(tmp_path, *PUBLIC) as there:
        with pytest.raises(TypedEnough):
            await there.log_in(f"http://hs.test:{there.server.port + 1}")

    assert all(url.startswith("https://") for url in there.http.asked)


@pytest.mark.parametrize(
    "typed", ["", " ", "https://", "a b", "@romeo:hs.test", "ht!tp://x", "\0", "\ud800", "hs.test/../x?y#z", "x" * 900,
              "//", "https://hs.test:x", "[::1", "hs.test\r\nHost: evil", "ｈｓ．ｔｅｓｔ", "xn--", "."],
)  # fmt: skip
async def test_whatever_is_typed_gets_a_sentence(tmp_path: Path, typed: str) -> None:
    async with web_of(tmp_path, *PUBLIC) as there:
        came = await there.answered(typed)

        assert came == "https://hs.test" or came.endswith(".")
        assert came.isprintable()


@pytest.mark.parametrize(
    "said",
    [{}, {"user_id": 7, "access_token": "x"}, {"user_id": "romeo", "access_token": "x"},
     {"user_id": "@romeo:hs.test"}, {"user_id": "@romeo:hs.test", "access_token": ""},
     {"user_id": "@\ud800:hs.test", "access_token": "x"}, {"user_id": "@romeo:hs.test", "access_token": ["x"]}],
)  # fmt: skip
async def test_a_login_whose_answer_makes_no_sense_is_none(tmp_path: Path, said: Any) -> None:
    async with web_of(tmp_path, *PUBLIC) as there:
        there.server.fault("POST", "login", says(200, said))

        with pytest.raises(LoginRefused, match="not logged in"):
            await there.log_in("hs.test")


async def test_no_secret_is_logged_or_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with web_of(tmp_path, *PUBLIC) as there:
        with pytest.raises(TypedEnough) as wrong:
            await there.log_in("hs.test", "hunter2hunter2")
        found = await there.log_in("hs.test")

    seen = caplog.text + repr(found) + str(wrong.value)
    for secret in (PASSWORD, "hunter2hunter2", found.secret["token"]):
        assert secret not in seen
