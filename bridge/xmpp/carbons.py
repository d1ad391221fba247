"""Carbons: what a user wrote to a contact in another app of theirs, shown by their XMPP apps as their own.

By privilege (XEP-0356 #sending_mess) we say it in the user's name. A server that takes that as the user's message
archives it, sends carbons (XEP-0280) to all apps, and carries it to us, its addressee; that copy bears a mark, and ends
here. For one that does not (version 1) we say the carbon itself to the user; all apps of the highest priority get it.
"""

import time
from xml.etree.ElementTree import Element

from bridge.contract import Action, MessageId, Receipt
from bridge.xmpp import errors, render, text
from bridge.xmpp.chats import Whom
from bridge.xmpp.delivering import Delivering
from bridge.xmpp.privilege import NOTHING, VERSIONS
from bridge.xmpp.stream import Stream

AROUND = 900  # bytes of a stanza besides its JIDs and its content, on top of those of a plain one
_MARK = "urn:landbridge:carbon:0"
_ID = "carbon-"
_TELLING = 5.0  # seconds in which a server tells what it grants. COMPAT ejabberd: later than it answers pings
_SPACES = {version: space for space, version in VERSIONS.items()}


def ours(stanza: Element) -> bool:
    """Whether a message to a contact is the copy of one that we have said in the user's name. The caller has seen that
    it comes from a bare JID, which what an app sends never does (RFC 6120 #stanzas-attributes-from)."""
    return any(child.tag == f"{{{_MARK}}}said" for child in stanza)


class Carbons:
    """Of one gateway."""

    def __init__(self, stream: Stream, delivering: Delivering, telling: float = _TELLING) -> None:
        self._stream = stream
        self._delivering = delivering
        self._telling = telling
        self._under_way: dict[tuple[str, str], bool] = {}  # by the user's server and id: whether it was refused

    def shown(self, user: str) -> bool:
        """Whether it is shown. As long as the server has still to say what it grants it may be: then it is to wait."""
        privileges = self._stream.privileges
        if privileges.of(user) is NOTHING:
            return self._wait > 0
        return privileges.may(user, "message")

    @property
    def _wait(self) -> float:
        """Seconds until what a server has not granted it does not grant."""
        return self._telling if not self._stream.connected else self._stream.since + self._telling - time.time()

    async def show(self, action: Action, user: str, whom: Whom) -> Receipt:
        """Say it; nothing is said where it is not granted. Raises what `Delivering.deliver` does."""
        privileges = self._stream.privileges
        await self._stream.ready()
        while not privileges.may(user, "message"):
            if not self.shown(user):
                return Receipt()
            await privileges.settled(user, self._wait)
            await self._stream.ready()
        server, identity = user.rpartition("@")[2], f"{_ID}{action.key}"
        version = privileges.of(user).version
        said = said_by(action, user, whom.bare, version)
        self._under_way[server, identity] = False
        try:
            await self._delivering.deliver(
                action.key, wrapped(said, identity, whom.gateway.domain, server, _SPACES[version])
            )
        finally:
            refused = self._under_way.pop((server, identity))
        return Receipt() if refused else Receipt((MessageId(action.key),))

    def bounced(self, stanza: Element) -> bool:
        """A server has answered a message with an error; whether it was one of these."""
        server, identity = stanza.get("from", ""), stanza.get("id", "")
        if not identity.startswith(_ID):
            return False
        if (server, identity) in self._under_way:
            self._under_way[server, identity] = True
        self._stream.privileges.refused(server, "message", errors.condition(stanza))
        return True


def said_by(action: Action, user: str, contact: str, version: int) -> str:
    """The message of the user, to be sent in their name."""
    plain = render.stanza(action, user, contact).removeprefix("<message").removesuffix("</message>")
    message = f'<message xmlns="jabber:client"{plain}<said xmlns="{_MARK}"/></message>'
    if version > 1:
        return message
    jid = text.attribute(user)
    return (
        f'<message xmlns="jabber:client" type="chat" from="{jid}" to="{jid}"><sent xmlns="urn:xmpp:carbons:2">'
        f'<forwarded xmlns="urn:xmpp:forward:0">{message}</forwarded></sent></message>'
    )


def wrapped(message: str, identity: str, gateway: str, server: str, space: str) -> str:
    """The stanza that has the user's server send `message` (XEP-0356 #sending_mess)."""
    return (
        f'<message id="{identity}" from="{gateway}" to="{text.attribute(server)}"><privilege xmlns="{space}">'
        f'<forwarded xmlns="urn:xmpp:forward:0">{message}</forwarded></privilege></message>'
    )
