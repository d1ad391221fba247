"""Login, status and logout, by chat and by ad-hoc command, with a real account."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.conftest import COMPONENTS
from tests.support import folk
from tests.support.commands import execute, log_in
from tests.support.folk import PASSWORD, Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, error_of
from tests.support.xmpp_servers import XmppServer


async def ask(app: XmppClient, gateway: Gateway, text: str) -> str:
    """Write to the gateway; its answer."""
    app.message(gateway.jid, text, receipt=False)
    return await app.text_from(gateway.jid, 60)


async def test_login_status_and_logout_by_chat(
    gateway: Gateway, synapse: Synapse, romeo: Person, app: XmppClient
) -> None:
    helped = await ask(app, gateway, "help")
    assert [word for word in ("login", "logout", "status") if f"`{word}`" not in helped] == []
    assert "You are not logged in to Matrix." in await ask(app, gateway, "status")

    answer = await ask(app, gateway, "login")
    for given in ("password", synapse.url, romeo.name, PASSWORD):
        assert "logged in" not in answer
        answer = await ask(app, gateway, given)
    assert answer == f"You are logged in to Matrix as {romeo.mxid}."

    async with asyncio.timeout(30):
        while f"{romeo.mxid}: connected." not in await ask(app, gateway, "status"):
            pass  # it is still connecting
    assert "You are logged out of Matrix" in await ask(app, gateway, "logout")
    assert "You are not logged in to Matrix." in await ask(app, gateway, "status")


async def test_login_status_and_logout_by_ad_hoc_command(
    gateway: Gateway, synapse: Synapse, romeo: Person, app: XmppClient
) -> None:
    assert "You are not logged in to Matrix." in (await execute(app, gateway.jid, "status")).text

    step = await log_in(app, gateway.jid, synapse.url, romeo.name, PASSWORD)
    assert (step.status, step.text) == ("completed", f"You are logged in to Matrix as {romeo.mxid}.")

    assert romeo.mxid in (await execute(app, gateway.jid, "status")).text
    assert "You are logged out of Matrix" in (await execute(app, gateway.jid, "logout")).text
    assert "You are not logged in to Matrix." in (await execute(app, gateway.jid, "status")).text


async def test_a_wrong_password_is_asked_for_again(
    gateway: Gateway, synapse: Synapse, romeo: Person, app: XmppClient
) -> None:
    step = await log_in(app, gateway.jid, synapse.url, romeo.name, "wrong")
    assert step.status == "executing"
    assert "password" in step.text.lower()
    assert step.fields.get("password", "") == ""

    again = await log_in(app, gateway.jid, synapse.url, romeo.name, PASSWORD)
    assert again.status == "completed"


@pytest.fixture
def for_romeo_only(server: XmppServer, synapse: Synapse, romeo: Person) -> Iterator[Gateway]:
    secret, port = COMPONENTS[MATRIX], server.component_port
    with Gateway(matrix(secret, synapse.url), port, {"users": [romeo.jid]}) as running:
        yield running


async def test_who_has_no_right_is_told_so(for_romeo_only: Gateway, server: XmppServer, synapse: Synapse) -> None:
    gateway = for_romeo_only
    async with folk.on_xmpp(folk.user(server, synapse, "stranger"), server) as stranger:
        step = await execute(stranger, gateway.jid, "login")
        answer = await ask(stranger, gateway, "login")
        id = stranger.message(f"somebody%localhost@{gateway.jid}", "hello")
        refused = await stranger.expect(lambda s: s.get("id") == id and s.get("type") == "error")

    assert step.status in ("error", "completed")
    assert "not" in step.text
    assert "homeserver" not in answer.lower()
    assert error_of(refused)[0] in ("forbidden", "not-allowed", "registration-required")
    assert error_of(refused)[1]


async def test_logging_in_again_keeps_the_chats(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    app.message(juliet.at(gateway), "before")
    room = (await element.text("before"))["room_id"]
    await execute(app, gateway.jid, "logout")
    id = app.message(juliet.at(gateway), "while logged out")
    refused = await app.expect(lambda s: s.get("id") == id and s.get("type") == "error")
    await folk.connect(romeo, app, gateway, synapse)
    app.message(juliet.at(gateway), "after")

    assert error_of(refused)[0] == "registration-required"
    assert (await element.text("after"))["room_id"] == room
