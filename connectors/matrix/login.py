"""Logging in to one's own Matrix account: with a password, with an access token, or in a browser.

People choose a way before they have said which homeserver is theirs, and not every homeserver offers each: who cannot
go on is told what there is, and goes on from there.
Source: client-server API #login, #post_matrixclientv3login, #get_matrixclientv3accountwhoami.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from yarl import URL

from bridge.contract import (
    ConnectorError,
    Credentials,
    Dialogue,
    Field,
    Flow,
    Form,
    LoggedOut,
    LoginRefused,
    Workspace,
)
from connectors.matrix import browser, credentials, discovery, errors, ids, oauth, offers
from connectors.matrix.api import Api, path
from connectors.matrix.browser import DEVICE
from connectors.matrix.credentials import Given
from connectors.matrix.discovery import Configured, NotFound
from connectors.matrix.knocks import Knocks
from connectors.matrix.tokens import Fixed, Renewed

PASSWORD = Flow("password", "name and password")
TOKEN = Flow("token", "an access token")
BROWSER = Flow("sso", "in a browser, as your homeserver wants it")
FLOWS = (PASSWORD, TOKEN, BROWSER)
_MOST_TRIES = 10
_ANYBODY = "*"  # whose account an access token is of is not known
_LONGEST = 1_000  # characters of an answer
_TITLE = "Log in to Matrix"
_EXPLAINED = {
    PASSWORD: "Log in to your own Matrix account. Your password is used once and not kept.",
    TOKEN: "Give an access token of your own Matrix account, best one that was made for this. With one of an app, both "
    "are the same session: if you log out here or there, both are logged out, and the app may no longer get the keys "
    "to encrypted messages.",
    BROWSER: "Which homeserver is your Matrix account on?",
}
T = TypeVar("T")


class _Again(Exception):
    """An answer will not do; the text says why."""


class _Otherwise(Exception):
    """Not in this way; what the homeserver offers instead."""

    def __init__(self, api: Api, there: offers.Offers) -> None:
        super().__init__()
        self.api = api
        self.offers = there


@dataclass(frozen=True, slots=True)
class _Typed:
    homeserver: str
    username: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class _Asking:
    """One login."""

    person: Dialogue
    configured: Configured
    workspace: Workspace
    knocks: Knocks

    async def by(self, flow: Flow, homeserver: str) -> Credentials:
        """Ask until the homeserver accepts. Raises `_Otherwise`, `LoginRefused`."""
        typed, text = _Typed(homeserver), _EXPLAINED[flow]
        for _ in range(_MOST_TRIES):
            typed = _read(await self.person.ask(Form(_TITLE, text, _fields(flow, typed))))
            try:
                api = await self._homeserver(flow, typed)
                match flow.id:
                    case PASSWORD.id:
                        return await self._with_password(api, typed)
                    case TOKEN.id:
                        return await self._with_token(api, typed.secret.strip())
                    case _:
                        return await self._in_browser(api)
            except (_Again, NotFound) as again:
                text = str(again)
            except ConnectorError as error:
                text = f"{error.text} Try again."
        raise LoginRefused("That was wrong too often. Begin again when you know what to give.")

    async def otherwise(self, found: _Otherwise) -> Flow:
        """The way that the homeserver does offer."""
        there, host = found.offers, URL(found.api.base).host
        possible = [flow for flow in FLOWS if flow is TOKEN or _has(there, flow)]
        proposed = next((flow for flow in possible if flow is not TOKEN), TOKEN)
        ways = "; ".join(f"`{flow.id}` ({flow.label})" for flow in possible)
        form = Form(
            _TITLE,
            f"{host} does not let people log in here in that way. How do you want to log in? {ways}.",
            (Field("flow", "Way to log in", value=proposed.id, options=tuple((f.id, f.label) for f in possible)),),
        )
        chosen = (await self.person.ask(form))["flow"]
        return next(flow for flow in possible if flow.id == chosen)

    async def _homeserver(self, flow: Flow, typed: _Typed) -> Api:
        """One that answers. Raises `_Again`, `NotFound`."""
        if (
            not typed.homeserver
            or (flow is PASSWORD and not typed.username)
            or (flow is not BROWSER and not typed.secret)
        ):
            raise _Again(f"{', '.join(one.label for one in _fields(flow, typed))}: all of it is needed.")
        return await discovery.find(typed.homeserver, self.configured, self.workspace.http)

    async def _with_password(self, api: Api, typed: _Typed) -> Credentials:
        if "m.login.password" not in await _checked(api, offers.types(api)):
            raise _Otherwise(api, await offers.of(api))
        wish = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": typed.username},
            "password": typed.secret,
            "initial_device_display_name": DEVICE,
            "refresh_token": True,
        }
        name, now = typed.username.casefold().removeprefix("@").partition(":")[0], self.workspace.clock.time()
        self.knocks.check(api.base, name, now)
        answer = await api.ask("POST", path("login"), wish)
        if errors.code_of(answer) == "M_FORBIDDEN":
            self.knocks.wrong(api.base, name, now)
            raise _Again("The homeserver does not know this user name with this password. Check both and try again.")
        if errors.code_of(answer) == "M_USER_DEACTIVATED":
            raise LoginRefused("This Matrix account has been deactivated.")
        said = errors.read(answer, changes=False)
        return await credentials.of(api, credentials.given(said), self.workspace, said.get("user_id", ""))

    async def _with_token(self, api: Api, token: str) -> Credentials:
        if not oauth.is_token(token):
            raise _Again("That is no access token. It is one long word of letters, figures and signs.")
        known, now = replace(api, bearer=Fixed(token)), self.workspace.clock.time()
        self.knocks.check(api.base, _ANYBODY, now)
        await discovery.check(api)
        try:
            said = await known.get(path("account", "whoami"))
        except LoggedOut as ended:
            self.knocks.wrong(api.base, _ANYBODY, now)
            raise _Again("The homeserver does not know this access token. Check it and try again.") from ended
        if said.get("is_guest") is True:
            raise LoginRefused("That is the token of a guest. Log in with an account of your own.")
        return await credentials.of(api, Given(Renewed(token, "", None)), self.workspace, said.get("user_id", ""))

    async def _in_browser(self, api: Api) -> Credentials:
        there = await _checked(api, offers.of(api))
        if not there.browser:
            raise _Otherwise(api, there)
        try:
            return await browser.log_in(self.person, api, there, self.workspace)
        except ConnectorError as error:
            raise LoginRefused(f"{error.text} Send “login” to try again.") from error


async def log_in(flow: Flow, person: Dialogue, workspace: Workspace, knocks: Knocks) -> Credentials:
    """Raises `LoginRefused`."""
    try:
        configured = Configured.read(workspace.options.get("homeserver"))
    except ConnectorError as error:
        raise LoginRefused(error.text) from error
    asking, homeserver = _Asking(person, configured, workspace, knocks), configured.base
    for _ in range(_MOST_TRIES):
        try:
            return await asking.by(flow, homeserver)
        except _Otherwise as found:
            flow, homeserver = await asking.otherwise(found), found.api.base
    raise LoginRefused("This homeserver lets people log in in no way that the gateway knows.")


def _fields(flow: Flow, typed: _Typed) -> tuple[Field, ...]:
    homeserver = Field("homeserver", "Homeserver, for example example.org", value=typed.homeserver)
    match flow.id:
        case PASSWORD.id:
            name = Field("username", "User name", value=typed.username)
            return homeserver, name, Field("password", "Password", secret=True)
        case TOKEN.id:
            return homeserver, Field("token", "Access token", secret=True)
        case _:
            return (homeserver,)


def _read(given: Mapping[str, str]) -> _Typed:
    """A whole user id says the homeserver, too, if nothing else does."""
    username, homeserver = given.get("username", "")[:_LONGEST].strip(), given["homeserver"][:_LONGEST].strip()
    if not homeserver and ids.valid_user(username):
        homeserver = username.partition(":")[2]
    return _Typed(homeserver, username, given.get("password", "")[:_LONGEST] or given.get("token", ""))


def _has(there: offers.Offers, flow: Flow) -> bool:
    return there.password if flow is PASSWORD else there.browser


async def _checked(api: Api, asking: Coroutine[Any, Any, T]) -> T:
    """What is asked beside whether there is a homeserver at all."""
    asked = asyncio.ensure_future(asking)
    for failure in await asyncio.gather(discovery.check(api), asked, return_exceptions=True):
        if isinstance(failure, BaseException):
            raise failure
    return asked.result()
