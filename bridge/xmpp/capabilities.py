"""What our addresses say they are and can do (XEP-0030 #info), and its digest for presences (XEP-0115 #ver). Pure.

Only what is true is named: clients offer their users what they read here. Contacts name nothing of encryption, so that
clients write to them in plain.
"""

import base64
import hashlib
from dataclasses import dataclass

from bridge.xmpp import text
from bridge.xmpp.chats import Gateway

NODE = "urn:landbridge"  # XEP-0115 #protocol: which software this is
COMMANDS = "http://jabber.org/protocol/commands"
FORMS = "jabber:x:data"
RESOURCE = "landbridge"  # of contacts, when they are available (RFC 6121 #presence-syntax-full)

# https://xmpp.org/registrar/disco-categories.html#gateway, and what gateways in use call themselves
_REGISTERED = frozenset(
    {
        "aim", "discord", "facebook", "gadu-gadu", "http-ws", "icq", "irc", "lcs", "matrix", "mrim", "msn", "myspaceim",
        "ocs", "pstn", "qq", "sametime", "signal", "simple", "skype", "sms", "smtp", "steam", "telegram", "tlen",
        "whatsapp", "xfire", "xmpp", "yahoo",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Description:
    """One kind of address: its identity and its features."""

    category: str
    type: str
    name: str
    features: tuple[str, ...]
    also: tuple[tuple[str, str], ...] = ()  # further identities: category and type

    @property
    def digest(self) -> str:
        """XEP-0115 #ver-gen."""
        # "<" would let a name pretend to be features; XEP-0115 #security forbids nothing of the kind.
        kinds = sorted(f"{category}/{kind}//{self.name.replace('<', '_')}" for category, kind in self._identities)
        lines = [*kinds, *sorted(self.features)]
        seen = "".join(f"{line}<" for line in lines)
        return base64.b64encode(hashlib.sha1(seen.encode("utf-8", "replace"), usedforsecurity=False).digest()).decode()

    def render(self) -> str:
        """Identity and features, as they stand in a disco#info answer."""
        name = f' name="{text.attribute(self.name.replace("<", "_"))}"' if self.name else ""
        features = "".join(f'<feature var="{feature}"/>' for feature in sorted(self.features))
        kinds = (f'<identity category="{category}" type="{kind}"{name}/>' for category, kind in self._identities)
        return "".join(kinds) + features

    @property
    def _identities(self) -> tuple[tuple[str, str], ...]:
        return ((self.category, self.type), *self.also)

    def presence(self) -> str:
        """The element that goes into presences."""
        return f'<c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="{NODE}" ver="{self.digest}"/>'


_EVERYBODY = (
    "http://jabber.org/protocol/caps",
    "http://jabber.org/protocol/disco#info",
    "http://jabber.org/protocol/disco#items",
    "urn:ietf:params:xml:ns:vcard-4.0",
    "urn:xmpp:ping",
    "urn:xmpp:receipts",
    "vcard-temp",
)
_EVENTS = ("http://jabber.org/protocol/pubsub#retrieve-items",)
_GATEWAY = (
    COMMANDS, "http://jabber.org/protocol/rsm", "jabber:iq:gateway", "jabber:iq:register", "jabber:iq:search",
    "jabber:iq:version",
)  # fmt: skip
MESSAGES = (
    "http://jabber.org/protocol/chatstates",
    "http://jabber.org/protocol/geoloc",
    "jabber:x:oob",
    "urn:xmpp:chat-markers:0",
    "urn:xmpp:fallback:0",
    "urn:xmpp:markup:0",
    "urn:xmpp:mentions:0",
    "urn:xmpp:message-correct:0",
    "urn:xmpp:message-retract:0",
    "urn:xmpp:message-retract:1",
    "urn:xmpp:reactions:0",
    "urn:xmpp:reference:0",
    "urn:xmpp:reply:0",
    "urn:xmpp:sfs:0",
    "urn:xmpp:sims:1",
    "urn:xmpp:spoiler:0",
    "urn:xmpp:styling:0",
)

CONTACT = Description("client", "pc", "", _EVERYBODY + MESSAGES)  # a contact who is available
# The same one's bare JID; its personal events can be asked for (XEP-0163 #support).
ACCOUNT = Description("account", "registered", "", _EVERYBODY + MESSAGES + _EVENTS, also=(("pubsub", "pep"),))
COMMAND_LIST = Description("automation", "command-list", "Commands", (COMMANDS,))


def gateway(gateway: Gateway) -> Description:
    kind = gateway.kind if gateway.kind in _REGISTERED else "generic"
    # XEP-0045 #disco-service: clients look for rooms where an identity says that there are some.
    features = (*_EVERYBODY, *_GATEWAY, "http://jabber.org/protocol/muc", "urn:xmpp:rai:0")
    return Description("gateway", kind, gateway.name, features, (("conference", "text"),))


def command(summary: str) -> Description:
    """A command's node (XEP-0050 #disco)."""
    return Description("automation", "command-node", summary, (COMMANDS, FORMS))
