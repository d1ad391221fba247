"""Privileges: what an XMPP server lets us do with its users' accounts (XEP-0356), as it tells us after the handshake.

Every server speaks for its own users only. What it grants holds for the connection over which it was told.

| version | differs by |
|---|---|
| `urn:xmpp:privilege:1` (XEP-0356 0.2, 0.3; ejabberd 23.01) | no IQs; what we say for users brings no carbons |
| `urn:xmpp:privilege:2` (since 0.4; Prosody's mod_privilege, newer ejabberds) | |
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from xml.etree.ElementTree import Element

log = logging.getLogger(__name__)

VERSIONS: Mapping[str, int] = {"urn:xmpp:privilege:1": 1, "urn:xmpp:privilege:2": 2}
PUBSUB = "http://jabber.org/protocol/pubsub"
UPLOAD = "urn:xmpp:http:upload:0"
_DOMAINS = 100  # that may grant us something; a server can have many
_PERMISSIONS = 200  # elements of an advertisement that are read
_BOTH = {"get": frozenset({"get"}), "set": frozenset({"set"}), "both": frozenset({"get", "set"})}
# RFC 6120 #stanzas-error-conditions that say that a privilege does not work at all.
_LASTING = frozenset(
    {"bad-request", "feature-not-implemented", "forbidden", "internal-server-error", "not-allowed", "not-authorized",
     "service-unavailable"}
)  # fmt: skip
_NONE: frozenset[str] = frozenset()

WITHOUT: Mapping[str, str] = {
    "message": "what people write in other apps of theirs does not appear in their XMPP apps",
    "roster": "contacts are in people's contact lists only once they add them",
    "iq": "rooms are not bookmarked; people find them on the gateway and by invitation",
}
"""What is lost without a permission, by its name in XEP-0356."""
_UPLOADED = "files that come for people are uploaded as the gateway's, not as theirs"
_HOW = "README, Privileges, says how to grant it."


@dataclass(frozen=True, slots=True)
class Grant:
    """What one server grants."""

    version: int = 0  # of the namespace; 0 if it grants nothing
    roster: frozenset[str] = _NONE  # of "get" and "set"
    message: bool = False
    pubsub: frozenset[str] = _NONE  # of "get" and "set": IQs to accounts' own nodes
    upload: frozenset[str] = _NONE  # of "get" and "set": IQs that ask for a place for a file (XEP-0363)

    def has(self, access: str) -> bool:
        """Whether everything that we need of a permission is granted."""
        whole = _BOTH["both"]
        return {
            "message": self.message, "roster": self.roster == whole, "iq": self.pubsub == whole,
            "upload": "get" in self.upload,
        }[access]  # fmt: skip


NOTHING = Grant()


def read(stanza: Element) -> tuple[str, Grant] | None:
    """Domain and grant of an advertisement (XEP-0356 #advertise_roster); None for what is none, or may not be believed:
    only a server itself can say it, by its bare domain. A bounce of what we have said with privilege is none either."""
    domain = stanza.get("from", "")
    if not domain or "@" in domain or "/" in domain or stanza.get("type") == "error":
        return None
    for child in stanza:
        space, _, name = child.tag[1:].rpartition("}")
        if name == "privilege" and space in VERSIONS:
            return domain, _grant(child, space)
    return None


def _grant(privilege: Element, space: str) -> Grant:
    roster = pubsub = upload = _NONE
    message = False
    for part in islice(privilege.iter(), _PERMISSIONS):
        access, kind = part.get("access"), part.get("type", "")
        if part.tag == f"{{{space}}}perm" and access == "roster":
            roster = _BOTH.get(kind, _NONE)
        elif part.tag == f"{{{space}}}perm" and access == "message":
            message = kind == "outgoing"
        # COMPAT Prosody's mod_privilege of 2023: it puts several of these into one another.
        elif part.tag == f"{{{space}}}namespace" and part.get("ns") == PUBSUB:
            pubsub = _BOTH.get(kind, _NONE)
        elif part.tag == f"{{{space}}}namespace" and part.get("ns") == UPLOAD:
            upload = _BOTH.get(kind, _NONE)
    return Grant(VERSIONS[space], roster, message, pubsub, upload)


class Privileges:
    """What is granted to one gateway, over the connection that it has now. `watch` is told of news."""

    def __init__(self, network: str) -> None:
        self._network = network
        self._granted: dict[str, Grant] = {}
        self._refused: dict[tuple[str, str], str] = {}  # by domain and permission: why
        self._said: set[tuple[str, str]] = set()
        self._watchers: list[Callable[[str], None]] = []
        self._told = asyncio.Event()  # something new

    def watch(self, changed: Callable[[str], None]) -> None:
        """Call `changed` with a domain that grants something."""
        self._watchers.append(changed)

    def heard(self, domain: str, grant: Grant) -> None:
        """A server has told what it grants."""
        first = domain not in self._granted
        if not believe(self._granted, domain, grant):
            return
        if first:
            whole = ",".join(access for access in WITHOUT if grant.has(access))
            log.info("privileges network=%s domain=%s granted=%s", self._network, domain, whole)
        self._told.set()
        for changed in self._watchers:
            changed(domain)

    def of(self, user: str) -> Grant:
        """What may be done with the account of `user` (a bare JID)."""
        return self._granted.get(user.rpartition("@")[2], NOTHING)

    def may(self, user: str, access: str) -> bool:
        """Whether `access` is granted for the account of `user`, and was not refused when we used it."""
        return self.of(user).has(access) and (user.rpartition("@")[2], access) not in self._refused

    async def settled(self, user: str, seconds: float) -> None:
        """Return when the server of `user` has told what it grants, after `seconds` at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.of(user) is NOTHING:
                    self._told.clear()
                    await self._told.wait()

    def refused(self, user: str, access: str, why: str) -> None:
        """A server (that of `user`, or a domain) has refused what it had granted, with this condition. If that was not
        for the one account or thing that it was about, it is not asked again over this connection."""
        key = (user.rpartition("@")[2], access)
        if why not in _LASTING or not self._granted.get(key[0], NOTHING).has(access):
            log.info("a privileged stanza was refused network=%s access=%s reason=%s", self._network, access, why)
            return
        self._refused[key] = why
        if key not in self._said:
            self._said.add(key)
            log.warning(
                "a privilege that is granted does not work network=%s domain=%s access=%s reason=%s: %s",
                self._network, key[0], access, why, WITHOUT.get(access, _UPLOADED),
            )  # fmt: skip

    def forget(self) -> None:
        """The connection is over, and with it what was granted."""
        self._granted.clear()
        self._refused.clear()

    def lines(self) -> list[str]:
        """For the operator; see `lines`."""
        return lines(self._granted, self._refused)


def believe(granted: dict[str, Grant], domain: str, grant: Grant) -> bool:
    """Whether what a server has told is news; then it is in `granted`. One that speaks both versions is believed the
    later."""
    before = granted.get(domain)
    if before == grant or (before is not None and before.version > grant.version):
        return False
    if before is None and len(granted) >= _DOMAINS:
        return False
    granted[domain] = grant
    return True


def lines(granted: Mapping[str, Grant], refused: Mapping[tuple[str, str], str] | None = None) -> list[str]:
    """For the operator: what each server grants, and one line for each permission that is missing or does not work."""
    if not granted:
        return [f"The XMPP server does not grant {access}: {lost}. {_HOW}" for access, lost in WITHOUT.items()]
    said = []
    for domain, grant in sorted(granted.items()):
        whole = [access for access in WITHOUT if grant.has(access)]
        said.append(f"{domain} grants {', '.join(whole) or 'nothing that is needed'} (XEP-0356).")
        for access, lost in WITHOUT.items():
            why = (refused or {}).get((domain, access))
            if why is not None:
                said.append(f"{domain} grants {access}, but fails at it ({why}): {lost}.")
            elif access not in whole:
                said.append(f"{domain} does not grant {access}: {lost}. {_HOW}")
    return said
