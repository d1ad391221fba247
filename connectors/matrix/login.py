"""Logging in to one's own Matrix account with a password, and out.

Source: client-server API #login, #post_matrixclientv3login, #post_matrixclientv3logout.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.contract import (
    ConnectorError,
    ContactId,
    Credentials,
    Dialogue,
    Field,
    Flow,
    Form,
    LoginRefused,
    Workspace,
)
from connectors.matrix import discovery, errors, fields, ids
from connectors.matrix.api import Api, path
from connectors.matrix.discovery import Configured, NotFound

PASSWORD = Flow("password", "Name and password")
_DEVICE = "Landbridge (XMPP gateway)"  # as the account's list of devices shows it
_MOST_TRIES = 10
_LONGEST = 1_000  # characters of an answer


class _Again(Exception):
    """An answer will not do; the text says why."""


@dataclass(frozen=True, slots=True)
class _Typed:
    homeserver: str
    username: str
    password: str = field(repr=False)


async def with_password(ask: Dialogue, workspace: Workspace) -> Credentials:
    """Ask until the homeserver accepts. Raises `LoginRefused`."""
    try:
        configured = Configured.read(workspace.options.get("homeserver"))
    except ConnectorError as error:
        raise LoginRefused(error.text) from error
    typed = _Typed(configured.base, "", "")
    text = "Log in to your own Matrix account. Your password is used once and not kept."
    for _ in range(_MOST_TRIES):
        typed = _read(await ask.ask(_form(text, typed)))
        try:
            return await _log_in(typed, configured, workspace)
        except (_Again, NotFound) as again:
            text = str(again)
        except ConnectorError as error:
            text = f"{error.text} Try again."
    raise LoginRefused("That was wrong too often. Begin again when you know your password.")


async def log_out(api: Api) -> None:
    """End the token on the homeserver; one that is no longer valid has ended. Raises the four errors."""
    answer = await api.ask("POST", path("logout"), {})
    if answer.status != 200 and errors.code_of(answer) not in ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"):
        raise errors.error_of(answer, changes=True)


def _form(text: str, typed: _Typed) -> Form:
    return Form(
        "Log in to Matrix",
        text,
        (
            Field("homeserver", "Homeserver, for example example.org", value=typed.homeserver),
            Field("username", "User name", value=typed.username),
            Field("password", "Password", secret=True),
        ),
    )


def _read(given: Mapping[str, str]) -> _Typed:
    """A whole user id says the homeserver, too, if nothing else does."""
    username, homeserver = given["username"][:_LONGEST].strip(), given["homeserver"][:_LONGEST].strip()
    if not homeserver and ids.valid_user(username):
        homeserver = username.partition(":")[2]
    return _Typed(homeserver, username, given["password"][:_LONGEST])


async def _log_in(typed: _Typed, configured: Configured, workspace: Workspace) -> Credentials:
    """Raises `_Again`, `NotFound`, `LoginRefused` and the four errors."""
    if not typed.homeserver or not typed.username or not typed.password:
        raise _Again("Homeserver, user name and password are all needed.")
    api = await discovery.find(typed.homeserver, configured, workspace.http)
    checks = await asyncio.gather(discovery.check(api), _check_flows(api), return_exceptions=True)
    for failure in filter(None, checks):
        raise failure
    answer = await api.ask(
        "POST",
        path("login"),
        {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": typed.username},
            "password": typed.password,
            "initial_device_display_name": _DEVICE,
        },
    )
    if errors.code_of(answer) == "M_FORBIDDEN":
        raise _Again("The homeserver does not know this user name with this password. Check both and try again.")
    if errors.code_of(answer) == "M_USER_DEACTIVATED":
        raise LoginRefused("This Matrix account has been deactivated.")
    return await _credentials(api, errors.read(answer, changes=False), workspace.clock.time())


async def _check_flows(api: Api) -> None:
    offered = (await api.get(path("login"))).get("flows")
    types = [fields.mapping(flow).get("type") for flow in offered] if isinstance(offered, list) else []
    if "m.login.password" not in types:
        raise LoginRefused("This homeserver does not let people log in with a password, so it cannot be used here yet.")


async def _credentials(api: Api, said: Mapping[str, object], now: float) -> Credentials:
    """Transaction ids count for one token (client-server API #transaction-identifiers), so it is noted since when this
    one is ours. Raises `LoginRefused` when the homeserver is not who it says it is."""
    me, token = said.get("user_id"), said.get("access_token")
    if not isinstance(me, str) or not ids.valid_user(me) or not isinstance(token, str) or not token:
        raise LoginRefused("The homeserver's answer makes no sense, so you are not logged in.")
    server = me.partition(":")[2]
    known = Api(api.http, api.base, api.trusted, token)
    genuine, name = await asyncio.gather(_speaks_for(api, server), _name(known, me))
    if not genuine:
        await _end(known)
        raise LoginRefused(
            f"This homeserver says that you are {me}, but {server} does not say that it is its homeserver. "
            f"Log in with {server} as the homeserver."
        )
    secret = {"homeserver": api.base, "token": token, "since": str(now)}
    return Credentials(ContactId(me), name, secret)


async def _speaks_for(api: Api, server: str) -> bool:
    return api.trusted or await discovery.speaks_for(api, server)


async def _name(api: Api, me: str) -> str:
    try:
        return fields.line((await api.get(path("profile", me))).get("displayname"))
    except ConnectorError:
        return ""  # it is only a name


async def _end(api: Api) -> None:
    try:
        await log_out(api)
    except ConnectorError:
        return  # it is nobody's whom we know
