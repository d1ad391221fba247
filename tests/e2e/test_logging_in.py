"""Every way to log in to Matrix, by chat, by form and by in-band registration, on real homeservers."""

import asyncio
from xml.sax.saxutils import escape

import pytest

from tests.conftest import ANY_SERVER
from tests.e2e.logging_in import (
    LOGGED_IN,
    MANTUA,
    ByChat,
    ByForm,
    Way,
    World,
    by_single_sign_on,
    code_in,
    link_in,
)
from tests.support import commands, folk
from tests.support.folk import PASSWORD
from tests.support.gateway import MATRIX
from tests.support.xmpp_client import error_of

REGISTER = "jabber:iq:register"
CHOICE = "How do you want to log in?"


@ANY_SERVER
@pytest.mark.parametrize("way", [ByChat, ByForm])
async def test_every_way_in_by_chat_and_by_form(world: World, way: type[ByChat] | type[ByForm]) -> None:
    at_home, abroad = way(world.app, MATRIX), way(world.app, MANTUA)
    romeo = world.romeo
    token = await a_token(world)

    await by_password(world, at_home)
    await logged_out(world, MATRIX)
    assert CHOICE in await at_home.begin()
    assert "the same session" in await at_home.answer("token")
    assert "does not know this access token" in await at_home.answer(world.verona.url, "syt_wrong")
    assert await at_home.answer(world.verona.url, token) == LOGGED_IN.format(romeo.mxid)
    await logged_out(world, MATRIX)
    await by_single_sign_on(world, at_home)
    await after_a_password(world, abroad)
    await logged_out(world, MANTUA)

    assert world.auth.logins[-1].over  # with its authorization server, too
    await asyncio.to_thread(world.gateway.stop)
    tells_no_secret(world, token)


@ANY_SERVER
async def test_by_registration_the_first_way_in(world: World) -> None:
    given = {"username": world.romeo.name, "password": PASSWORD, "misc": world.verona.url}
    content = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in given.items())
    answer = await world.app.iq(MATRIX, "set", f"<query xmlns='{REGISTER}'>{content}</query>", 60)
    assert answer.get("type") == "result"
    assert world.romeo.mxid in await status(world, MATRIX)

    content = content.replace(world.verona.url, world.mantua.url)
    answer = await world.app.iq(MANTUA, "set", f"<query xmlns='{REGISTER}'>{content}</query>", 60)

    assert error_of(answer)[0] == "not-acceptable"
    assert "Send `login` to this address" in error_of(answer)[1]


def tells_no_secret(world: World, token: str) -> None:
    """Neither its log, at debug level, nor what stands in clear in its database."""
    shown = world.gateway.log
    kept = b"".join(path.read_bytes() for path in world.gateway.folder.glob("landbridge.db*"))
    pairs = [secret for login in world.auth.logins for pair in login.pairs for secret in pair]
    for secret in (PASSWORD, token, "syt_", "syr_", "syl_", "loginToken", "mat_", "mar_", *pairs):
        assert secret not in shown, secret
        assert secret.encode() not in kept, secret
    assert pairs
    assert not any(secret in str(world.auth.queries) for secret in pairs)  # they go in bodies


async def by_password(world: World, way: Way) -> None:
    said = await way.begin()
    assert CHOICE in said
    assert all(f"`{flow}`" in said for flow in ("password", "token", "sso"))
    await way.answer("password")
    assert "Check both and try again." in await way.answer(world.verona.url, world.romeo.name, "wrong")
    assert await way.answer(world.verona.url, world.romeo.name, PASSWORD) == LOGGED_IN.format(world.romeo.mxid)


async def after_a_password(world: World, way: Way) -> None:
    """Who chose a password, where there are none, is told what there is, and goes on."""
    me = f"@{world.romeo.name}:localhost"
    await way.begin()
    await way.answer("password")
    said = await way.answer(world.mantua.url, world.romeo.name, PASSWORD)
    assert "127.0.0.1 does not let people log in here in that way." in said
    assert "`password`" not in said
    await way.answer("sso")
    said = await way.answer(world.mantua.url)
    assert link_in(said) == f"{world.auth.url}/link?code={code_in(said)}"
    world.auth.confirm(code_in(said), world.romeo.name)
    await way.end(me)


async def a_token(world: World) -> str:
    """Of another session of Romeo's."""
    async with folk.on_matrix(world.romeo, world.verona) as element:
        return element.token


async def logged_out(world: World, gateway: str) -> None:
    step = await commands.execute(world.app, gateway, "logout", seconds=60)
    assert step.status == "completed", step
    assert step.text.startswith("You are logged out of Matrix"), step
    assert "could not be told" not in step.text


async def status(world: World, gateway: str) -> str:
    return (await commands.execute(world.app, gateway, "status", seconds=60)).text
