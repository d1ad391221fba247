"""A login that Matrix ends: noticed in time, told once with the way back, and what is owed arrives after that."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conftest import ANY_SERVER, COMPONENTS
from tests.support import commands, folk
from tests.support.folk import PASSWORD, Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.homeserver import held
from tests.support.http_proxy import HttpProxy
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.talks import until
from tests.support.xmpp_client import XmppClient, bare, body, error_of, receipt_of
from tests.support.xmpp_servers import XmppServer

NOTICED = 30.0  # seconds


@pytest.fixture
async def proxy(synapse: Synapse) -> AsyncIterator[HttpProxy]:
    async with HttpProxy(synapse.url) as made:
        yield made


@pytest.fixture
async def proxied(server: XmppServer, proxy: HttpProxy) -> AsyncIterator[Gateway]:
    """A gateway that reaches Synapse through the proxy."""
    gateway = Gateway(matrix(COMPONENTS[MATRIX], proxy.url), server.component_port)
    try:
        await asyncio.to_thread(gateway.start)  # the proxy needs this loop
        yield gateway
    finally:
        await asyncio.to_thread(gateway.close)


@ANY_SERVER
@pytest.mark.parametrize("flow", ["password", "token"])  # the others: `test_renewed_logins.py`
async def test_a_login_that_is_revoked_is_told_once_and_what_is_owed_arrives_after_the_next_one(
    server: XmppServer,
    synapse: Synapse,
    proxy: HttpProxy,
    proxied: Gateway,
    romeo: Person,
    juliet: Person,
    app: XmppClient,
    element: MatrixClient,
    flow: str,
) -> None:
    async def logs_in() -> None:
        if flow == "password":
            await log_in(romeo, app, proxied, proxy)
            return
        token = (await asyncio.to_thread(matrix_login, synapse, romeo.name))["access_token"]
        given = ({"flow": "token"}, {"homeserver": proxy.url, "token": token})
        step = await commands.execute(app, proxied.jid, "login", *given)
        assert step.text == f"You are logged in to Matrix as {romeo.mxid}."

    await logs_in()
    app.message(juliet.at(proxied), "before")
    room = (await element.text("before", 60))["room_id"]
    tried, go = asyncio.Event(), asyncio.Event()
    proxy.fault("PUT", "/send/", held(tried, go, before=True))
    owed = ["owed 1", "owed 2", "owed 3"]
    for text in owed:
        app.message(juliet.at(proxied), text)
    await asyncio.wait_for(tried.wait(), 60)
    await until(lambda: proxied.metric("landbridge_deliveries_waiting", network="matrix") == 3, proxied.readiness, 60)

    await asyncio.to_thread(revoke, synapse, romeo)
    begun = time.monotonic()
    notice = await app.expect(lambda s: bare(s) == proxied.jid and bool(body(s)), NOTICED + 30, "notice")
    noticed = time.monotonic() - begun
    go.set()
    await element.send(room, "meanwhile")
    refused = app.message(juliet.at(proxied), "refused")
    error = await app.expect(lambda s: s.get("id") == refused and bool(error_of(s)[0]), 60, "error")
    await somebody_else_is_well(server, synapse, proxied, proxy, juliet)

    await logs_in()
    app.message(juliet.at(proxied), "after")
    await until(lambda: "after" in seen(element, room, romeo), lambda: seen(element, room, romeo), 60)
    assert await app.text_from(juliet.at(proxied), 60) == "meanwhile"

    assert noticed <= NOTICED
    assert "“login”" in body(notice)
    assert "“login”" in error_of(error)[1]
    assert await element.texts(room, romeo.mxid) == ["before", *owed, "after"]
    said = [body(s) for s in app.received if bare(s) == proxied.jid and body(s)]
    assert said == [body(notice)]


async def log_in(person: Person, app: XmppClient, gateway: Gateway, proxy: HttpProxy) -> None:
    step = await commands.log_in(app, gateway.jid, proxy.url, person.name, PASSWORD)
    assert step.status == "completed", step


def revoke(synapse: Synapse, person: Person) -> None:
    """An administrator ends all of somebody's logins."""
    name = f"admin-{person.name}"
    synapse.register(name, PASSWORD, admin=True)
    token = matrix_login(synapse, name)["access_token"]
    devices = f"/_synapse/admin/v2/users/{person.mxid}/devices"
    for device in synapse.ask("GET", devices, token=token)["devices"]:
        synapse.ask("DELETE", f"{devices}/{device['device_id']}", token=token)


def matrix_login(synapse: Synapse, name: str) -> Any:
    who = {"type": "m.id.user", "user": name}
    login = {"type": "m.login.password", "identifier": who, "password": PASSWORD}
    return synapse.ask("POST", "/_matrix/client/v3/login", login)


def seen(element: MatrixClient, room: str, author: Person) -> list[str]:
    events = [e for e in element.events if e["room_id"] == room and e["sender"] == author.mxid]
    return [e["content"].get("body", "") for e in events]


async def somebody_else_is_well(
    server: XmppServer, synapse: Synapse, gateway: Gateway, proxy: HttpProxy, juliet: Person
) -> None:
    benvolio = folk.user(server, synapse, "benvolio")
    async with folk.on_xmpp(benvolio, server) as app:
        await log_in(benvolio, app, gateway, proxy)
        id = app.message(juliet.at(gateway), "good morrow")
        await app.expect(lambda s: receipt_of(s) == id, 60, "receipt")
