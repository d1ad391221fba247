"""What is kept of a login, and what it lets us do: speak for the account, renew the login, end it.

A secret has `homeserver` (the base URL), `token`, `since` (see `tokens.Bearer`); with `refresh` also `renew` (when);
when an authorization server gave them, also `client` (our id there), `token_endpoint` and `revocation_endpoint` (may be
empty). Sources: client-server API #post_matrixclientv3refresh, #post_matrixclientv3logout, #oauth-20-api.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bridge.contract import (
    Account,
    ConnectorError,
    ContactId,
    Credentials,
    LoggedOut,
    LoginRefused,
    Unavailable,
    Unconfirmed,
    Workspace,
)
from connectors.matrix import discovery, errors, fields, ids, oauth
from connectors.matrix.api import Api, path
from connectors.matrix.discovery import Configured
from connectors.matrix.tokens import Fixed, Renewable, Renewed, lasting

_OURS = ("M_UNKNOWN_TOKEN", "M_FORBIDDEN")  # a homeserver's word on a refresh token that is no good


@dataclass(frozen=True, slots=True)
class Given:
    """What a login gave. `client` and `server` when an authorization server did."""

    found: Renewed  # `refresh` empty: nothing renews it
    client: str = ""
    server: oauth.Server | None = None


def api_of(account: Account, workspace: Workspace) -> Api:
    """The API for an account, with a token that is renewed when it must be."""
    return _speaking(account.secret, workspace)


async def of(api: Api, given: Given, workspace: Workspace, me: object = None) -> Credentials:
    """What is to be kept, after asking whose login it is, unless the homeserver has said that (`me`). Raises
    `LoginRefused`, also when the homeserver is not who it says it is, and the four errors."""
    secret = _secret(api, given, workspace.clock.time())
    known = replace(api, bearer=Fixed(given.found.token))
    if me is None:
        said = await known.get(path("account", "whoami"))
        me = None if said.get("is_guest") is True else said.get("user_id")
    if not isinstance(me, str) or not ids.valid_user(me):
        raise LoginRefused("The homeserver's answer makes no sense, so you are not logged in.")
    server = me.partition(":")[2]
    genuine, name = await asyncio.gather(_speaks_for(api, server), _name(known, me))
    if not genuine:
        await end_quietly(secret, workspace)
        raise LoginRefused(
            f"This homeserver says that you are {me}, but {server} does not say that it is its homeserver. "
            f"Log in with {server} as the homeserver."
        )
    return Credentials(ContactId(me), name, secret)


async def end(secret: Mapping[str, str], workspace: Workspace) -> None:
    """End a login where it was made; one that is no longer valid has ended. Raises the four errors."""
    api = _speaking(secret, workspace)
    try:
        if secret.get("revocation_endpoint"):
            client = oauth.Client(api.http, secret["client"], oauth.is_trusted(secret["revocation_endpoint"], api))
            await oauth.revoke(client, secret["revocation_endpoint"], secret["refresh"])
            return
        answer = await api.ask("POST", path("logout"), {})
    except LoggedOut:
        return
    if answer.status != 200 and errors.code_of(answer) not in ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"):
        raise errors.error_of(answer, changes=True)


async def end_quietly(secret: Mapping[str, str], workspace: Workspace) -> None:
    """End one that nobody wants."""
    try:
        await end(secret, workspace)
    except ConnectorError:
        return  # it is nobody's whom we know


def given(said: Mapping[str, object]) -> Given:
    """What a homeserver's own login gave (#post_matrixclientv3login). Raises `LoginRefused`."""
    found = _renewed(said, "")
    if found is None:
        raise LoginRefused("The homeserver's answer makes no sense, so you are not logged in.")
    return Given(found)


def _speaking(secret: Mapping[str, str], workspace: Workspace) -> Api:
    base = secret.get("homeserver", "")
    trusted = Configured.read(workspace.options.get("homeserver")).trusts(base)
    api = Api(workspace.http, base, trusted)
    if not secret.get("refresh"):
        return replace(api, bearer=Fixed(secret.get("token", ""), float(secret.get("since", "0"))))

    async def renew(token: str) -> Renewed:
        place = secret.get("token_endpoint")
        if not place:
            return await _refreshed(api, token)
        client = oauth.Client(api.http, secret["client"], oauth.is_trusted(place, api))
        return await oauth.refresh(client, place, token)

    return replace(api, bearer=Renewable(secret, renew, workspace.keep, workspace.clock))


async def _refreshed(api: Api, token: str) -> Renewed:
    """#post_matrixclientv3refresh. Raises `Unavailable`, `LoggedOut`."""
    try:
        answer = await api.ask("POST", path("refresh"), {"refresh_token": token})
    except Unconfirmed as error:
        raise Unavailable(error.text) from error  # the same again: what was not used does not count
    if answer.status in (401, 403) and errors.code_of(answer) in _OURS:
        raise LoggedOut(errors.LOGIN_AGAIN)
    found = _renewed(errors.decoded(answer.body) or {}, token) if answer.status == 200 else None
    if found is None:
        raise Unavailable(f"The homeserver does not renew the login (HTTP status {answer.status}).", lasting=True)
    return found


def _renewed(said: Mapping[str, object], before: str) -> Renewed | None:
    token, refresh = said.get("access_token"), said.get("refresh_token", before)
    if not oauth.is_token(token) or not (refresh == "" or oauth.is_token(refresh)):
        return None
    assert isinstance(token, str)
    assert isinstance(refresh, str)
    milliseconds = fields.number(said.get("expires_in_ms"))
    return Renewed(token, refresh, None if milliseconds is None else milliseconds / 1000)


def _secret(api: Api, given: Given, now: float) -> dict[str, str]:
    secret = {"homeserver": api.base, "token": given.found.token, "since": str(now)}
    if given.found.refresh:
        secret |= lasting(given.found, now)
    if given.server is not None:
        secret |= {
            "client": given.client, "token_endpoint": given.server.token,
            "revocation_endpoint": given.server.revocation if given.found.refresh else "",
        }  # fmt: skip
    return secret


async def _speaks_for(api: Api, server: str) -> bool:
    return api.trusted or await discovery.speaks_for(api, server)


async def _name(api: Api, me: str) -> str:
    try:
        return fields.line((await api.get(path("profile", me))).get("displayname"))
    except ConnectorError:
        return ""  # it is only a name
