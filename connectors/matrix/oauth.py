"""The authorization server of a homeserver that has delegated its logins to one: what it can do, and questions to it.

Source: client-server API #oauth-20-api (registration, refreshing, revocation); RFC 8414 #section-2 and #section-3.3
(metadata, issuer), RFC 8628 (device grant, MSC4341), RFC 7591 (registration), RFC 7009 (revocation).

All its addresses must be its issuer's: a homeserver that lies could else have people confirm at one server what
another one is then given.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from yarl import URL

from bridge.contract import LoggedOut, LoginRefused, Refused, Unavailable, Unconfirmed
from bridge.contract.workspace import Answer, Http
from connectors.matrix import errors, fields
from connectors.matrix.api import Api, encoded, path
from connectors.matrix.discovery import is_number
from connectors.matrix.tokens import Renewed

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
METADATA = path("auth_metadata", version="v1")
_SECONDS, _LARGEST = 15.0, 64 * 1024  # for one question, bytes of its answer
_LONGEST = 2_000  # characters of an address
_NO_SENSE = (
    "The homeserver does not describe properly how people log in, so it cannot be used here. Tell whoever runs it."
)
_ENDED = frozenset({"invalid_grant", "invalid_client", "unauthorized_client"})  # RFC 6749 #section-5.2


@dataclass(frozen=True, slots=True)
class Server:
    """What is needed of one. Every address has the issuer's origin."""

    issuer: str
    device: str  # device_authorization_endpoint; empty: the device grant is not offered
    token: str
    registration: str
    revocation: str  # empty: there is none


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are for a server. `trusted`: its addresses may be private."""

    http: Http
    id: str
    trusted: bool

    async def ask(self, url: str, **given: str) -> Answer:
        """A form (RFC 6749 #appendix-B), answered. Raises `Unavailable` and `Unconfirmed`."""
        body = urlencode({"client_id": self.id, **given}).encode()
        return await _ask(self.http, url, body, "application/x-www-form-urlencoded", trusted=self.trusted)


def read(said: Mapping[str, object]) -> Server:
    """What a homeserver says of its authorization server. Raises `LoginRefused` when that makes no sense."""
    issuer = _url(said.get("issuer"))
    if issuer is None or issuer.query_string:
        raise LoginRefused(_NO_SENSE)
    places = {}
    for name in ("device_authorization", "token", "registration", "revocation"):
        value = said.get(f"{name}_endpoint")
        url = _url(value)
        if value is not None and (url is None or url.origin() != issuer.origin()):
            raise LoginRefused(_NO_SENSE)
        places[name] = "" if url is None else str(url)
    grants = said.get("grant_types_supported")
    offered = not isinstance(grants, list) or DEVICE_CODE in grants
    able = offered and places["token"] and places["registration"]
    device = places["device_authorization"] if able else ""
    return Server(str(issuer), device, places["token"], places["registration"], places["revocation"])


def is_trusted(url: str, api: Api) -> bool:
    """Whether a server's address may be private: it is that of a homeserver that the configuration names."""
    return api.trusted and URL(url).origin() == URL(api.base).origin()


async def register(http: Http, server: Server, name: str, about: str, *, trusted: bool) -> Client:
    """Become known to a server; one that knows us already gives the same answer. `about`: a page of ours, on https, or
    nothing. Raises `LoginRefused` and, of the four errors, `Unavailable` and `Unconfirmed`."""
    wish: dict[str, Any] = {
        "client_name": name,
        "application_type": "native",
        "grant_types": [DEVICE_CODE, "refresh_token"],
        "response_types": [],
        "token_endpoint_auth_method": "none",
    }
    if about:
        wish["client_uri"] = about
    answer = await _ask(http, server.registration, encoded(wish), "application/json", trusted=trusted)
    id = (errors.decoded(answer.body) or {}).get("client_id")
    if answer.status not in (200, 201) or not isinstance(id, str) or not 0 < len(id) <= _LONGEST:
        more = "" if about else " It may want a web address on https from us: the operator can set `http.public_url`."
        raise LoginRefused(f"{URL(server.issuer).host} does not let this gateway log people in{_why(answer)}.{more}")
    return Client(http, id, trusted)


async def refresh(client: Client, url: str, token: str) -> Renewed:
    """Raises `Unavailable`, and `LoggedOut` when the login has ended."""
    try:
        answer = await client.ask(url, grant_type="refresh_token", refresh_token=token)
    except Unconfirmed as error:
        raise Unavailable(error.text) from error  # the same again: what was not used does not count
    if answer.status == 200 and (found := tokens(answer, token)) is not None:
        return found
    if answer.status in (400, 401) and error_of(answer) in _ENDED:
        raise LoggedOut(errors.LOGIN_AGAIN)
    raise Unavailable(f"The login cannot be renewed: {URL(url).host} does not do so{_why(answer)}.", lasting=True)


async def revoke(client: Client, url: str, token: str) -> None:
    """End a login (RFC 7009 #section-2.1). Raises the four errors."""
    answer = await client.ask(url, token=token)
    if answer.status != 200:
        raise Refused(f"{URL(url).host} does not end the login{_why(answer)}.")


def tokens(answer: Answer, refresh: str = "") -> Renewed | None:
    """What a good answer of the token endpoint gives (RFC 6749 #section-5.1); None for what makes no sense. `refresh`
    goes on counting when there is no new one."""
    said = errors.decoded(answer.body) or {}
    token, next_one = said.get("access_token"), said.get("refresh_token", refresh)
    kind = said.get("token_type")
    if not is_token(token) or not (next_one == "" or is_token(next_one)):
        return None
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return None
    assert isinstance(token, str)
    assert isinstance(next_one, str)
    return Renewed(token, next_one, fields.number(said.get("expires_in")))


def is_token(value: object) -> bool:
    """Whether it can be sent as one (RFC 6750 #section-2.1)."""
    return fields.token(value) is not None and str(value).isascii() and " " not in str(value)


def error_of(answer: Answer) -> str:
    """The error code (RFC 6749 #section-5.2); empty when there is none."""
    return fields.line((errors.decoded(answer.body) or {}).get("error"), 60)


def _why(answer: Answer) -> str:
    said = errors.decoded(answer.body) or {}
    words = fields.line(said.get("error_description")) or fields.line(said.get("error"))
    return f" ({words.rstrip('.')})" if words else f" (HTTP status {answer.status})"


async def _ask(http: Http, url: str, body: bytes, kind: str, *, trusted: bool) -> Answer:
    headers = {"Accept": "application/json", "Content-Type": kind}
    try:
        answer = await http.request(
            "POST", url, headers=headers, body=body, timeout=_SECONDS, limit=_LARGEST, trusted=trusted
        )
    except Refused as refusal:
        raise Unavailable(refusal.text, lasting=True) from refusal
    if answer.status == 429:
        raise Unavailable(f"{URL(url).host} asks us to be slower.", retry_after=errors.pause(answer, {}))
    if answer.status >= 500:
        raise Unavailable(f"{URL(url).host} has a fault (HTTP status {answer.status}).")
    return answer


def _url(value: object) -> URL | None:
    """An address on https; in clear only a number may be asked, which is a server in somebody's own network."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    try:
        url = URL(value)
        if url.scheme not in ("http", "https") or not url.host or not url.port or url.user or url.password:
            return None
    except ValueError:
        return None
    fits = not url.fragment and (url.scheme == "https" or is_number(url.host))
    return url if fits else None
