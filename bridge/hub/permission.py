"""Who may use the gateways: JIDs against the patterns of the configuration (`users`, `admins`). Pure."""

from collections.abc import Iterable


def matches(jid: str, patterns: Iterable[str]) -> bool:
    """Whether a bare JID fits one of `patterns`: a JID, `*@domain`, or `*` for everybody.

    The whole domain counts: `*@example.org` is neither `eve@example.org.evil.example` nor `eve@chat.example.org`.
    """
    # A resource may hold anything, an "@" too (RFC 7622 #resourcepart): it never counts.
    bare = jid.partition("/")[0].lower()
    local, at, domain = bare.rpartition("@")
    if not domain:
        return False
    for pattern in patterns:
        wanted = pattern.strip().lower()
        if wanted == "*" or wanted == bare or (wanted == f"*@{domain}" and at and local):
            return True
    return False


def may_use(jid: str, users: Iterable[str], admins: Iterable[str]) -> bool:
    """Admins may always use what they run."""
    return matches(jid, users) or matches(jid, admins)


def may_serve(domain: str, users: Iterable[str], admins: Iterable[str]) -> bool:
    """Whether `may_use` is true for anybody whose home is `domain`."""
    homes = {pattern.strip().lower().rpartition("@")[2] for patterns in (users, admins) for pattern in patterns}
    return bool(homes & {"*", domain.lower()})
