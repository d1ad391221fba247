"""Where a homeserver's client-server API is, from what a person types.

Source: client-server API #well-known-uris, #getwell-knownmatrixclient.

What people type never leads into the operator's network: `Http` refuses private addresses, on every hop. An address
that the configuration names is `trusted`, however it is typed.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address

from yarl import URL

from bridge.contract import Refused, Unavailable, Unconfirmed
from bridge.contract.workspace import Http
from connectors.matrix import errors, fields
from connectors.matrix.api import VERSIONS, Api

_SECONDS = 10.0  # for each of the small documents asked for here
_LARGEST = 64 * 1024  # bytes of one
_REDIRECTS = 5
_HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}")  # a name, with letters of other alphabets encoded, or an address


class NotFound(Exception):
    """There is no homeserver; the text is a whole sentence for the person who typed the address."""


@dataclass(frozen=True, slots=True)
class Configured:
    """The homeserver that the configuration names; `base` is empty when it names none."""

    base: str

    @classmethod
    def read(cls, option: object) -> "Configured":
        """Raises `Unavailable` for what is no address."""
        try:
            return cls(_base(option) if isinstance(option, str) and option else "")
        except NotFound as error:
            text = "The gateway's configuration names a homeserver that is no web address. Tell the gateway's operator."
            raise Unavailable(text, lasting=True) from error

    def trusts(self, base: str) -> bool:
        """Whether `base` is this homeserver."""
        return bool(self.base) and base == self.base

    def means(self, typed: str) -> bool:
        """Whether people who type this mean it: its URL, or its host."""
        if not self.base:
            return False
        url = URL(self.base)
        return typed.rstrip("/").lower() in (self.base.lower(), (url.host or "").lower(), url.authority.lower())


async def find(typed: str, configured: Configured, http: Http) -> Api:
    """The API of the homeserver that `typed` names: a server name, a host, or a URL; `check` it. Raises `NotFound`."""
    typed = typed.strip()
    if configured.means(typed):
        api = Api(http, configured.base, trusted=True)
    elif "://" in typed:
        api = Api(http, _typed_url(typed), trusted=False)
    else:
        found = await well_known(typed, http) or _base(f"https://{typed}")
        api = Api(http, found, trusted=configured.trusts(found))
    return api


async def speaks_for(api: Api, server: str) -> bool:
    """Whether the server name `server` says that its homeserver is at `api`: so nobody can run a homeserver that
    claims to know other servers' people."""
    try:
        found = await well_known(server, api.http) or _base(f"https://{server}")
    except NotFound:
        return False
    return found == api.base


async def well_known(server: str, http: Http) -> str | None:
    """The base URL that `server` names in its `.well-known`; None when it has none. Raises `NotFound`.

    Client-server API #well-known-uris: a server name's port, if any, is not part of where this is asked.
    """
    where = str(URL(_base(f"https://{server}")).with_port(None).origin() / ".well-known/matrix/client")
    try:
        answer = await http.request("GET", where, timeout=_SECONDS, limit=_LARGEST, redirects=_REDIRECTS)
    except Unavailable:
        return None  # nobody there; perhaps the homeserver itself answers
    except (Refused, Unconfirmed) as error:
        raise NotFound(f"{error.text} Check the homeserver's address.") from error
    if answer.status != 200:
        return None
    found = fields.mapping((errors.decoded(answer.body) or {}).get("m.homeserver")).get("base_url")
    if not isinstance(found, str):
        raise NotFound(f"{server} does not say properly where its homeserver is. Ask whoever runs it.")
    return _base(found)


async def check(api: Api) -> None:
    """Raises `NotFound` unless a homeserver answers."""
    host = URL(api.base).host
    try:
        answer = await api.ask("GET", VERSIONS, seconds=_SECONDS, largest=_LARGEST)
    except (Unavailable, Unconfirmed) as error:
        raise NotFound(f"{error.text} Check the homeserver's address.") from error
    if answer.status != 200 or not isinstance((errors.decoded(answer.body) or {}).get("versions"), list):
        raise NotFound(f"There is no Matrix homeserver at {host}. Check the homeserver's address.")


def _typed_url(typed: str) -> str:
    """Passwords do not go in clear to a name; to a number they may, which is a server in somebody's own network."""
    base = _base(typed)
    url = URL(base)
    if url.scheme == "http" and not is_number(url.host or ""):
        return _base(str(url.with_scheme("https").with_port(url.explicit_port)))
    return base


def _base(text: str) -> str:
    """A base URL in one spelling, without a slash at its end. Raises `NotFound`."""
    try:
        url = URL(text.strip())
        if url.scheme not in ("http", "https") or not url.port or url.user or url.password:
            raise ValueError("not a base URL")
        if not _HOST.fullmatch(url.raw_host or ""):
            raise ValueError("not a base URL")
    except ValueError as error:
        raise NotFound("That is no homeserver's address. It looks like example.org or https://example.org.") from error
    return f"{url.origin()}{url.raw_path.rstrip('/')}"


def is_number(host: str) -> bool:
    """Whether a host is an address, not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
