"""Matrix user ids and how other networks write them: `@alice:example.org` is `alice%example.org`.

Source: Matrix specification, appendices #user-identifiers and #server-name.
"""

import re

from bridge.contract import ContactId

_SERVER = re.compile(r"(?:[A-Za-z0-9.-]{1,230}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
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


def localpart(contact: ContactId) -> str:
    """`@alice:example.org` → `alice%example.org`. The last `%` parts them: servers have none."""
    local, _, server = contact[1:].partition(":")
    return f"{local}%{server}"


def contact(text: str) -> ContactId | None:
    """The inverse of `localpart`; None for what no Matrix user can be called, and for `xmpp+…`, which are our own."""
    local, percent, server = text.rpartition("%")
    user = f"@{local}:{server}"
    if not percent or ":" in local or local.startswith("xmpp+") or not valid_user(user):
        return None
    return ContactId(user)
