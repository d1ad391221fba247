"""Which ways to log in a homeserver really offers.

Source: client-server API #get_matrixclientv3login, #get_matrixclientv1auth_metadata.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.contract import LoginRefused, Refused
from connectors.matrix import errors, fields, oauth
from connectors.matrix.api import Api, path

_SECONDS, _LARGEST = 10.0, 64 * 1024  # for one document, bytes of it
_PASSWORD, _SSO, _TOKEN = "m.login.password", "m.login.sso", "m.login.token"


@dataclass(frozen=True, slots=True)
class Offers:
    """`server`: its authorization server; None when it has none, or one that we cannot use."""

    types: frozenset[str]
    server: oauth.Server | None = None

    @property
    def password(self) -> bool:
        return _PASSWORD in self.types

    @property
    def link(self) -> bool:
        """Single sign-on of its own, at whose end there is a token to log in with."""
        return {_SSO, _TOKEN} <= self.types

    @property
    def browser(self) -> bool:
        return self.link or (self.server is not None and bool(self.server.device))


async def types(api: Api) -> frozenset[str]:
    """Of its own logins; none when it has delegated them. Raises the four errors."""
    flows = fields.listed((await _document(api, path("login"))).get("flows"))
    return frozenset(fields.string(fields.mapping(flow).get("type")) for flow in flows)


async def of(api: Api) -> Offers:
    """Everything. Raises the four errors; `LoginRefused` for an authorization server that makes no sense, when there is
    no other way."""
    own, said = await asyncio.gather(types(api), _document(api, oauth.METADATA))
    try:
        return Offers(own, oauth.read(said) if said else None)
    except LoginRefused:
        found = Offers(own)
        if found.password or found.link:
            return found
        raise


async def _document(api: Api, where: str) -> Mapping[str, object]:
    """Empty when the homeserver has none, or one that is too large to be meant. Raises `Unavailable`, `Unconfirmed`."""
    try:
        answer = await api.ask("GET", where, seconds=_SECONDS, largest=_LARGEST)
    except Refused:
        return {}
    if answer.status == 429 or answer.status >= 500:
        raise errors.error_of(answer, changes=False)
    return (errors.decoded(answer.body) or {}) if answer.status == 200 else {}
