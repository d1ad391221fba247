"""Matrix user ids and how other networks write them: `@alice:example.org` is `alice%example.org`.

Source: Matrix specification, appendices #user-identifiers and #server-name.
"""

import re
from urllib.parse import parse_qs, unquote

from bridge.contract import ContactId

_SERVER = re.compile(r"(?:[A-Za-z0-9.-]{1,230}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_SPECIAL = ("#", "%")
_URIS = {"matrix:r/": "#", "matrix:roomid/": "!"}
_MOST_VIA = 5
_LONGEST = 255  # bytes of a user id, with its sigil


def valid_user(user: str) -> bool:
    """Whether `user` is a user id; historical ones with upper case and other characters are."""
    local, colon, server = user[1:].partition(":")
    return (
        user.startswith("@")
        and bool(local and colon)
        and _SERVER.fullmatch(server) is not None
        and len(user.encode("utf-8", "replace")) <= _LONGEST
        and all(c.isprintable() and not c.isspace() for c in local)
    )


def valid_alias(alias: str) -> bool:
    """Whether `alias` is a room alias (appendices #room-aliases)."""
    return alias.startswith("#") and valid_user(f"@{alias[1:]}")


def alias_localpart(alias: str) -> str:
    """`#cafe:example.org` → `#cafe%example.org`."""
    local, _, server = alias.partition(":")
    return f"{local}%{server}"


def room(typed: str) -> str | None:
    """A room id or alias, however people type it: as it is, as a link (appendices #matrix-to-navigation, #uris), or as
    its address with us; None for neither."""
    text = typed.strip().removeprefix("https://matrix.to/#/").partition("?")[0]
    for prefix, sigil in _URIS.items():
        if text.startswith(prefix):
            text = sigil + text.removeprefix(prefix)
    text = unquote(text).partition("/")[0]
    if text.startswith("#") and ":" not in text:
        local, _, server = text.partition("@")[0].rpartition("%")
        text = f"{local}:{server}"
    if valid_alias(text):
        return text
    fits = text.startswith("!") and 1 < len(text.encode()) <= _LONGEST and text.isprintable() and " " not in text
    return text if fits else None


def via(typed: str) -> list[str]:
    """The servers that a link names, by which its room can be come into (appendices #routing)."""
    named = parse_qs(typed.partition("?")[2]).get("via", [])
    return [server for server in named if _SERVER.fullmatch(server) is not None][:_MOST_VIA]


def localpart(contact: ContactId) -> str:
    """`@alice:example.org` → `alice%example.org`. The last `%` parts them: servers have none. A room's name begins with
    `#`, so somebody whose name does gets a `%` before it, and so does whose begins with that."""
    local, _, server = contact[1:].partition(":")
    return f"{'%' if local.startswith(_SPECIAL) else ''}{local}%{server}"


def contact(text: str) -> ContactId | None:
    """The inverse of `localpart`; None for what no Matrix user can be called, and for `xmpp+…`, which are our own."""
    local, percent, server = text.rpartition("%")
    special = local.startswith("%")
    local = local[1:] if special else local
    user = f"@{local}:{server}"
    if not percent or ":" in local or local.startswith("xmpp+") or special != local.startswith(_SPECIAL):
        return None
    if not valid_user(user):
        return None
    return ContactId(user)
