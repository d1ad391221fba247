"""An authorization server that a homeserver has delegated its logins to: device codes, tokens that are renewed, and
what Synapse asks of one (`matrix_authentication_service`). What people do in their browser, tests do by `confirm`.

A refresh token is good until what it gave is used, as Matrix Authentication Service has it; one that is used after that
ends the login, as RFC 9700 #section-4.14 wants it.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from tests.support.faults import Answer, Faults
from tests.support.ports import free_port
from tests.support.synapse import Synapse

SECRET = "between-homeserver-and-authorization-server"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class Login:
    """One session of one account on one device."""

    user: str  # localpart
    device: str
    client: str
    scope: str
    pairs: list[tuple[str, str]] = field(default_factory=list)  # access and refresh tokens, the newest last
    used: int = -1  # the place of the newest pair of which something was used
    ends: float = 0.0  # when the newest access token does
    over: bool = False


@dataclass
class Code:
    """A device code that was asked for."""

    client: str
    scope: str
    shown: str
    confirmed: str | None = None  # as whom
    denied: bool = False


class AuthServer(Faults):
    """On a loopback port, which it may be given: a homeserver has to know it before. `admits` and `dismisses` tell the
    homeserver of devices."""

    def __init__(self, port: int = 0) -> None:
        super().__init__()
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.lifetime = 300.0  # seconds of an access token
        self.interval = 1
        self.codes: dict[str, Code] = {}
        self.logins: list[Login] = []
        self.clients: list[dict[str, Any]] = []
        self.metadata: dict[str, Any] = {
            "issuer": f"{self.url}/",
            "account_management_uri": f"{self.url}/account",
            "authorization_endpoint": f"{self.url}/authorize",
            "device_authorization_endpoint": f"{self.url}/oauth2/device",
            "token_endpoint": f"{self.url}/oauth2/token",
            "registration_endpoint": f"{self.url}/oauth2/registration",
            "revocation_endpoint": f"{self.url}/oauth2/revoke",
            "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_CODE],
        }
        self.admits: Callable[[Login, str], Awaitable[None]] = _nothing
        self.dismisses: Callable[[Login], Awaitable[None]] = _nothing_more
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "AuthServer":
        application = web.Application(middlewares=[self.through])
        application.add_routes(
            [
                web.get("/.well-known/openid-configuration", self._metadata),
                web.post("/oauth2/registration", self._register),
                web.post("/oauth2/device", self._device),
                web.post("/oauth2/token", self._token),
                web.post("/oauth2/revoke", self._revoke),
                web.post("/oauth2/introspect", self._introspect),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    # What people do in their browser.

    def confirm(self, shown: str, user: str) -> None:
        """Whoever was shown a code confirms it as `user` (a localpart)."""
        self._shown(shown).confirmed = user

    def deny(self, shown: str) -> None:
        self._shown(shown).denied = True

    async def end(self, login: Login) -> None:
        """Its person ends it on their account page."""
        login.over = True
        await self.dismisses(login)

    async def log_in(self, user: str, device: str) -> Login:
        """Another app of theirs."""
        scope = f"urn:matrix:client:api:* urn:matrix:client:device:{device}"
        login = Login(user, device, "another app", scope)
        self.logins.append(login)
        await self._give(login)
        return login

    # Requests.

    async def _metadata(self, request: web.Request) -> Answer:
        return web.json_response(self.metadata)

    async def _register(self, request: web.Request) -> Answer:
        wish = await request.json()
        assert DEVICE_CODE in wish["grant_types"]
        assert wish["token_endpoint_auth_method"] == "none"
        self.clients.append(wish)
        return web.json_response({**wish, "client_id": f"client-{len(self.clients)}"}, status=201)

    async def _device(self, request: web.Request) -> Answer:
        given = await _form(request)
        assert given["scope"].startswith("urn:matrix:client:api:* urn:matrix:client:device:")
        code, shown = secrets.token_urlsafe(), secrets.token_hex(3).upper()
        self.codes[code] = Code(given["client_id"], given["scope"], shown)
        link = f"{self.url}/link"
        return web.json_response(
            {
                "device_code": code, "user_code": shown, "verification_uri": link, "expires_in": 600,
                "verification_uri_complete": f"{link}?code={shown}", "interval": self.interval,
            }
        )  # fmt: skip

    async def _token(self, request: web.Request) -> Answer:
        given = await _form(request)
        if given["grant_type"] == DEVICE_CODE:
            return await self._by_code(given)
        assert given["grant_type"] == "refresh_token"
        for login in self.logins:
            refresh = [pair[1] for pair in login.pairs]
            if given["refresh_token"] in refresh and given["client_id"] == login.client:
                place = refresh.index(given["refresh_token"])
                if login.over or place < login.used:
                    await self.end(login)  # somebody else has it, too
                    return _no("invalid_grant")
                login.used = max(login.used, place)
                del login.pairs[place + 1 :]
                return await self._give(login)
        return _no("invalid_grant")

    async def _by_code(self, given: dict[str, str]) -> Answer:
        code = self.codes.get(given["device_code"])
        if code is None or code.client != given["client_id"]:
            return _no("invalid_grant")
        if code.denied:
            return _no("access_denied")
        if code.confirmed is None:
            return _no("authorization_pending")
        del self.codes[given["device_code"]]
        login = Login(code.confirmed, code.scope.rpartition(":")[2], code.client, code.scope)
        self.logins.append(login)
        return await self._give(login)

    async def _give(self, login: Login) -> Answer:
        access, refresh = f"mat_{secrets.token_urlsafe()}", f"mar_{secrets.token_urlsafe()}"
        login.pairs.append((access, refresh))
        login.ends = time.time() + self.lifetime
        await self.admits(login, access)
        return web.json_response(
            {
                "access_token": access, "refresh_token": refresh, "token_type": "Bearer",
                "expires_in": self.lifetime, "scope": login.scope,
            }
        )  # fmt: skip

    async def _revoke(self, request: web.Request) -> Answer:
        given = await _form(request)
        for login in self.logins:
            if any(given["token"] in pair for pair in login.pairs):
                await self.end(login)
        return web.json_response({})

    async def _introspect(self, request: web.Request) -> Answer:
        assert request.headers["Authorization"] == f"Bearer {SECRET}"
        given = await _form(request)
        for login in self.logins:
            access = [pair[0] for pair in login.pairs]
            if given["token"] in access and not login.over:
                place = access.index(given["token"])
                login.used = max(login.used, place)
                left = login.ends - time.time()
                if place == len(access) - 1 and left > 0:
                    about = {"username": login.user, "scope": login.scope, "device_id": login.device}
                    return web.json_response({"active": True, "expires_in": int(left), **about})
        return web.json_response({"active": False})

    def _shown(self, shown: str) -> Code:
        return next(code for code in self.codes.values() if code.shown == shown)


def delegated(synapse: Synapse, auth: AuthServer) -> None:
    """Tell a Synapse that has delegated its logins to `auth` of devices, as it wants to be told."""

    async def tell(what: str, **wish: str) -> None:
        await asyncio.to_thread(synapse.ask, "POST", f"/_synapse/mas/{what}", wish, SECRET)

    async def admits(login: Login, token: str) -> None:
        await tell("provision_user", localpart=login.user)
        await tell("upsert_device", localpart=login.user, device_id=login.device)

    async def dismisses(login: Login) -> None:
        await tell("delete_device", localpart=login.user, device_id=login.device)

    auth.admits, auth.dismisses = admits, dismisses


def delegating(port: int) -> dict[str, Any]:
    """What is to be added to the configuration of such a Synapse; `port` is the authorization server's."""
    service = {"enabled": True, "endpoint": f"http://127.0.0.1:{port}/", "secret": SECRET}
    return {"matrix_authentication_service": service, "password_config": {"enabled": False}}


async def _form(request: web.Request) -> dict[str, str]:
    assert request.content_type == "application/x-www-form-urlencoded"
    return dict(parse_qsl(await request.text()))


def _no(error: str) -> web.Response:
    return web.json_response({"error": error}, status=400)


async def _nothing(login: Login, token: str) -> None: ...


async def _nothing_more(login: Login) -> None: ...
