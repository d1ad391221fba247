"""Two homeservers that let people in differently, a gateway to both, and a person who logs in by chat or by form.

At Verona's own homeserver everybody has a password, or comes from single sign-on; its access tokens end after seconds.
Mantua's has delegated its logins to an authorization server.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from tests.conftest import COMPONENTS
from tests.support import cas, commands, folk
from tests.support.auth_server import AuthServer, Login, delegated
from tests.support.cas import Cas
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.ports import free_port
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient
from tests.support.xmpp_servers import XmppServer

MANTUA = "bridge.localhost"
LINK = re.compile(r"https?://\S+")
LOGGED_IN = "You are logged in to Matrix as {}."


@dataclass(frozen=True)
class Homes:
    """The homeservers, with the ports at which they look for whom they trust."""

    verona: Synapse
    cas: int
    mantua: Synapse
    auth: int


@dataclass
class World:
    gateway: Gateway
    server: XmppServer
    verona: Synapse
    mantua: Synapse
    cas: Cas
    auth: AuthServer
    romeo: Person
    app: XmppClient

    @asynccontextmanager
    async def juliet(self) -> AsyncIterator[MatrixClient]:
        """She is at home in Mantua, in an app of hers."""
        login = await self.auth.log_in(f"juliet-{self.romeo.name}", "JULIETSDEVICE")
        async with MatrixClient(self.mantua.url, "", "", token=login.pairs[-1][0]) as element:
            yield element

    @property
    def login(self) -> Login:
        """Romeo's, at Mantua."""
        return next(login for login in reversed(self.auth.logins) if login.user == self.romeo.name)


async def by_device_grant(world: World, way: "Way") -> None:
    """Log in at Mantua."""
    await way.begin()
    await way.answer("sso")
    said = await way.answer(world.mantua.url)
    world.auth.confirm(code_in(said), world.romeo.name)
    await way.end(f"@{world.romeo.name}:localhost")


async def by_single_sign_on(world: World, way: "Way") -> None:
    """Log in at Verona."""
    await way.begin()
    await way.answer("sso")
    said = await way.answer(world.verona.url)
    where = await cas.log_in(link_in(said))
    assert where.startswith(f"http://127.0.0.1:{world.gateway.http}/login/")
    assert "Go back to your XMPP app" in await cas.confirm(where, who=world.app.bare)
    await way.end(world.romeo.mxid)


class Way(Protocol):
    """Giving the command `login` at a gateway."""

    async def begin(self) -> str:
        """What is said."""
        ...

    async def answer(self, *values: str) -> str:
        """Fill in the form that is asked, in the order of its fields; what is said then."""
        ...

    async def end(self, me: str) -> None:
        """It has ended well outside, and the person hears of it: in a chat by itself."""
        ...


class ByChat:
    def __init__(self, app: XmppClient, gateway: str) -> None:
        self.app, self.gateway = app, gateway

    async def begin(self) -> str:
        return await self._say("login")

    async def answer(self, *values: str) -> str:
        said = ""
        for value in values or ("done",):
            said = await self._say(value)
        return said

    async def end(self, me: str) -> None:
        assert await self.app.text_from(self.gateway, 60) == LOGGED_IN.format(me)
        assert me in await self._say("status")  # what is typed now is no answer

    async def _say(self, line: str) -> str:
        self.app.message(self.gateway, line, receipt=False)
        return await self.app.text_from(self.gateway, 60)


class ByForm:
    def __init__(self, app: XmppClient, gateway: str) -> None:
        self.app, self.gateway = app, gateway
        self.step = commands.Step("")

    async def begin(self) -> str:
        self.step = await commands.answer_form(self.app, self.gateway, "login", "", None, 60)
        return self.step.text

    async def answer(self, *values: str) -> str:
        given = dict(zip([n for n in self.step.fields if n != "FORM_TYPE"], values, strict=False))
        self.step = await commands.answer_form(self.app, self.gateway, "login", self.step.session, given, 60)
        return self.step.text

    async def end(self, me: str) -> None:
        said = await self.answer()
        while self.step.status == "executing":
            said = await self.answer()
        assert said == LOGGED_IN.format(me)


def link_in(said: str) -> str:
    [found] = LINK.findall(said)
    return str(found)


def code_in(said: str) -> str:
    found = re.search(r"the code ([0-9A-F]{6})\b", said)
    assert found is not None, said
    return found[1]


@asynccontextmanager
async def staged(homes: Homes, server: XmppServer) -> AsyncIterator[World]:
    port = free_port()
    networks = {
        **matrix(COMPONENTS[MATRIX], homes.verona.url),
        "mantua": {"connector": "matrix", "jid": MANTUA, "secret": COMPONENTS[MANTUA], "homeserver": homes.mantua.url},
    }
    settings = {
        "http": {"listen": f"127.0.0.1:{port}", "public_url": f"http://127.0.0.1:{port}"},
        "allow_private": [f"127.0.0.1:{homes.auth}"],
    }
    gateway = Gateway(networks, server.component_port, settings)
    gateway.http = port
    romeo = folk.user(server, homes.verona, "romeo")
    async with Cas(homes.cas) as cas, AuthServer(homes.auth) as auth:
        delegated(homes.mantua, auth)
        cas.user = romeo.name
        try:
            await asyncio.to_thread(gateway.start)
            async with folk.on_xmpp(romeo, server) as app:
                yield World(gateway, server, homes.verona, homes.mantua, cas, auth, romeo, app)
        finally:
            await asyncio.to_thread(gateway.close)
