"""Invitations: somebody in a room asks people of its network to come in, by the room (XEP-0045 #invite-mediated) or
directly (XEP-0249). Pure."""

from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element

from bridge.contract import ChatId, ContactId, Invite
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted.stanzas import USER

_INVITE, _REASON = f"{{{USER}}}invite", f"{{{USER}}}reason"
_DIRECT = "{jabber:x:conference}x"
_LONGEST = 500  # characters of a reason
_MOST = 10  # people at once; more would be too many in a minute (`Limits.invitations`)


def wishes(stanza: Element, room: ChatId, network: str, contact: Callable[[str], ContactId | None]) -> Sequence[Invite]:
    """What a message to a room wishes; empty if it is no invitation. `contact` tells whom of the network (its name) an
    address means. Raises `StanzaError`: then nobody is invited."""
    asked = stanza.findall(f"{{{USER}}}x/{_INVITE}")
    if len(asked) > _MOST:
        raise StanzaError("policy-violation", f"Invite at most {_MOST} people at once.")
    made = []
    for one in asked:
        whom = contact(one.get("to", "").partition("/")[0])
        if whom is None:
            text = f"Only people of {network} can be invited into this room, by the address that they have here."
            raise StanzaError("item-not-found", text)
        reason = (one.findtext(_REASON) or "").strip()[:_LONGEST]
        made.append(Invite(chat=room, key="-", whom=whom, reason=reason))
    return made


def room_of(stanza: Element) -> str:
    """The address of the room into which a message to somebody asks them; empty if it does not."""
    asked = stanza.find(_DIRECT)
    return asked.get("jid", "") if asked is not None else ""


def direct(stanza: Element, room: ChatId, whom: ContactId) -> Invite:
    """What such a message wishes."""
    asked = stanza.find(_DIRECT)
    reason = asked.get("reason", "") if asked is not None else ""
    return Invite(chat=room, key="-", whom=whom, reason=reason.strip()[:_LONGEST])
