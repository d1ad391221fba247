"""Logging in with a browser: a link to the homeserver's own page, where one confirms that the gateway may come in.

Two kinds, by what the homeserver has. With an authorization server: the device grant, where the page belongs to a code
and we ask whether it was confirmed. Else single sign-on, at whose end the browser comes to us with a login token; if it
cannot, its person sends us the address that it shows.
Source: client-server API #sso-client-login, #oauth-20-api; RFC 8628 (MSC4341), MSC2967 (scopes).
"""

import asyncio
import secrets
import string
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

from yarl import URL

from bridge.contract import (
    Credentials,
    Dialogue,
    Field,
    Form,
    LoginRefused,
    Unavailable,
    Unconfirmed,
    Workspace,
)
from bridge.contract.workspace import Answer, Visit
from connectors.matrix import credentials, errors, fields, oauth
from connectors.matrix.api import Api, path
from connectors.matrix.credentials import Given
from connectors.matrix.offers import Offers
from connectors.matrix.tokens import Renewed

DEVICE = "Landbridge (XMPP gateway)"  # as the account's list of devices shows it
_NOWHERE = "http://localhost/"  # where a browser goes that cannot come to us: it shows an error, and the address
_TITLE = "Log in to Matrix in your browser"
_HERE = 10.0  # seconds that we look whether it was confirmed, when somebody says so
_TOKEN = Field("token", "Address at the end, or nothing", secret=True, required=False)
_LATE = "The login token is not good any more; it is so for a short time only. Send “login” to get a new link."
_SLOWER = 5.0  # seconds, RFC 8628 #section-3.5
T = TypeVar("T")
_SCOPE = "urn:matrix:client:api:* urn:matrix:client:device:"


async def log_in(ask: Dialogue, api: Api, offers: Offers, workspace: Workspace) -> Credentials:
    """Raises `LoginRefused` and the four errors."""
    if offers.server is not None and offers.server.device:
        return await _by_code(ask, api, offers.server, workspace)
    return await _by_link(ask, api, workspace)


async def _by_link(ask: Dialogue, api: Api, workspace: Workspace) -> Credentials:
    with workspace.visit() as visit:
        token = await _login_token(ask, api, visit)
    wish = {"type": "m.login.token", "token": token, "initial_device_display_name": DEVICE, "refresh_token": True}
    answer = await api.ask("POST", path("login"), wish)
    if errors.code_of(answer) in ("M_FORBIDDEN", "M_UNKNOWN_TOKEN"):
        raise LoginRefused(_LATE)
    said = errors.read(answer, changes=False)
    return await credentials.of(api, credentials.given(said), workspace, said.get("user_id", ""))


async def _login_token(ask: Dialogue, api: Api, visit: Visit) -> str:
    back = visit.url or _NOWHERE
    link = f"{api.base}{path('login', 'sso', 'redirect')}?{urlencode({'redirectUrl': back})}"
    how = (
        "If it cannot open its last page, send the address of that page here."
        if visit.url
        else "At the end it shows a page that it cannot open: send the address of that page here."
    )
    text = f"Open this link in a browser, log in there, and confirm; then go on here. {how}\n{link}"
    coming = asyncio.ensure_future(visit.came())
    try:
        while True:
            given = await _answered(ask, Form(_TITLE, text, (_TOKEN,)), coming)
            if given is not None and (typed := given["token"].strip()):
                token, fault = _pasted(typed, back)
                if token:
                    return token
                text = f"{fault}\n{link}"
                continue
            brought = await _soon(coming)
            if brought is not None:
                token = brought.get("loginToken", "")
                if not oauth.is_token(token):
                    raise LoginRefused("Your browser came back without a login. Send “login” to try again.")
                return token
            text = f"You have not been logged in there yet. Open this link in a browser, and confirm. {how}\n{link}"
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


def _pasted(typed: str, back: str) -> tuple[str, str]:
    """The login token in what somebody sent us: itself, or the address that their browser showed; else why not."""
    if "loginToken=" not in typed:
        found = typed if oauth.is_token(typed) and "/" not in typed else ""
        return found, "That is no login token, nor an address with one."
    try:
        url = urlsplit(typed)
        tokens = parse_qs(url.query, max_num_fields=20).get("loginToken", [])
    except ValueError:
        return "", "That is no web address."
    if f"{url.scheme}://{url.netloc}{url.path}" != back:
        return "", "That address belongs to another login. Use the link below."
    found = tokens[0] if tokens and oauth.is_token(tokens[0]) else ""
    return found, "There is no login token in that address."


@dataclass(slots=True)
class _Code:
    """A code that waits to be confirmed (RFC 8628 #section-3.2)."""

    device: str = field(repr=False)
    shown: str
    link: str  # with the code, if there is such one
    alone: bool  # the code must be typed there
    until: float  # monotonic
    pause: float  # seconds between two questions


async def _by_code(ask: Dialogue, api: Api, server: oauth.Server, workspace: Workspace) -> Credentials:
    with workspace.visit() as visit:
        about = _about(visit.url)
    trusted = oauth.is_trusted(server.issuer, api)
    try:
        client = await oauth.register(api.http, server, DEVICE, about, trusted=trusted)
        # MSC2967: ten or more characters that need no escaping, so that no two devices are the same.
        device = "".join(secrets.choice(string.ascii_uppercase) for _ in range(12))
        code = _code(await client.ask(server.device, scope=f"{_SCOPE}{device}"))
    except Unconfirmed as error:
        raise Unavailable(error.text) from error
    found = await _confirmed(ask, client, server, code)
    return await credentials.of(api, Given(found, client.id, server), workspace)


async def _confirmed(ask: Dialogue, client: oauth.Client, server: oauth.Server, code: _Code) -> Renewed:
    what = f" and type the code {code.shown}" if code.alone else f". It must show you the code {code.shown}"
    text = f"Open this link in a browser{what}. Log in there, and confirm; then go on here.\n{code.link}"
    polling = asyncio.ensure_future(_poll(client, server, code))
    try:
        while True:
            await _answered(ask, Form(_TITLE, text, ()), polling)
            if (found := await _soon(polling)) is not None:
                return found
            text = (
                f"It has not been confirmed yet. Open this link in a browser{what}, and confirm; then go on here.\n"
                f"{code.link}"
            )
    finally:
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)


async def _poll(client: oauth.Client, server: oauth.Server, code: _Code) -> Renewed:
    """Ask until it is confirmed (RFC 8628 #section-3.4). Raises `LoginRefused` when it will not be."""
    while time.monotonic() < code.until:
        await asyncio.sleep(code.pause)
        try:
            answer = await client.ask(server.token, grant_type=oauth.DEVICE_CODE, device_code=code.device)
        except (Unavailable, Unconfirmed):
            code.pause = min(60.0, 2 * code.pause)  # #section-3.5: exponential back-off
            continue
        if answer.status == 200:
            found = oauth.tokens(answer)
            if found is None:
                raise LoginRefused("The homeserver's answer makes no sense, so you are not logged in.")
            return found
        match oauth.error_of(answer):
            case "authorization_pending":
                continue
            case "slow_down":
                code.pause = min(60.0, code.pause + _SLOWER)
            case "access_denied":
                raise LoginRefused("It was declined in your browser, so you are not logged in.")
            case "expired_token":
                break
            case wrong:
                raise LoginRefused(f"The homeserver does not log you in: {wrong or f'HTTP status {answer.status}'}.")
    raise LoginRefused("Nobody has confirmed it in a browser in time. Send “login” to get a new link.")


def _code(answer: Answer) -> _Code:
    """Raises `LoginRefused`."""
    said: Mapping[str, Any] = errors.decoded(answer.body) or {}
    device, shown = said.get("device_code"), fields.line(said.get("user_code"), 40)
    plain, whole = [_page(said.get(name)) for name in ("verification_uri", "verification_uri_complete")]
    seconds, pause = fields.number(said.get("expires_in")), fields.number(said.get("interval"))
    if answer.status != 200 or not oauth.is_token(device) or not shown or not plain or not seconds:
        wrong = oauth.error_of(answer)
        raise LoginRefused(f"The homeserver gave no code to confirm{f' ({wrong})' if wrong else ''}.")
    return _Code(
        str(device), shown, whole or plain, not whole, time.monotonic() + min(seconds, 3600.0),
        5.0 if pause is None else min(60.0, max(1.0, pause)),
    )  # fmt: skip


def _page(value: object) -> str:
    """A web page that people can be sent to; empty for anything else."""
    if not isinstance(value, str) or len(value) > 1_000 or not value.isascii() or not value.isprintable():
        return ""
    try:
        url = URL(value)
    except ValueError:
        return ""
    return value if url.scheme in ("http", "https") and url.host and " " not in value else ""


def _about(url: str) -> str:
    """MSC2966: a page of the client's, on https."""
    parts = urlsplit(url)
    return f"https://{parts.hostname}/" if parts.scheme == "https" and parts.hostname else ""


async def _answered(ask: Dialogue, form: Form, coming: asyncio.Future[T]) -> Mapping[str, str] | None:
    """What was answered to `form`; None if what is coming has come before: then the question is taken back."""
    asking = asyncio.ensure_future(ask.ask(form))
    try:
        both: set[asyncio.Future[Any]] = {asking, coming}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        return None if coming.done() else await asking
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def _soon(coming: asyncio.Future[T]) -> T | None:
    """What is coming, if it comes in time; else None. Raises what it raises."""
    await asyncio.wait({coming}, timeout=_HERE)
    return await coming if coming.done() else None
