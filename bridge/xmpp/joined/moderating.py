"""What somebody who keeps order elsewhere removes, removed in a room (XEP-0424, XEP-0425).

What one of ours has said, that occupant takes back. What a person of the room has said the room removes, if it lets the
gateway keep order there: that those who own the room have agreed to by giving it the role.
"""

from dataclasses import replace

from bridge.contract import ChatId, Reason, Receipt, Refused, Retract, Unavailable
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.joined import words, writing
from bridge.xmpp.joined.people import OurPeople, Ours
from bridge.xmpp.requests import Requests

_MODERATE, _OLD = "urn:xmpp:message-moderate:1", "urn:xmpp:message-moderate:0"


def by_author(action: Retract, people: OurPeople) -> Retract:
    """The same as its author's own doing, under the nick that they have."""
    assert action.author is not None
    known = people.get(action.author.key)
    author = action.author if known is None else replace(action.author, name=known.name)
    return replace(action, persona=author, author=None, moderator=False, reason="")


async def by_room(
    action: Retract, room: ChatId, listener: Ours, features: frozenset[str], requests: Requests
) -> Receipt:
    """Have the room remove it. Raises `Refused`, `Unavailable`, `Unconfirmed`."""
    jid = listener.jid.partition("/")[0]
    if listener.role != "moderator":
        raise Refused(
            f"The gateway may not remove what people of the room {room} have said. Make {jid} a moderator there, or "
            "have it removed there.",
            Reason.FORBIDDEN,
        )
    if features.isdisjoint((_MODERATE, _OLD)):
        raise Refused(f"The server of the room {room} cannot remove what others have said.", Reason.NOT_ALLOWED)
    payload = writing.moderate(action.target.ids[0], action.reason, old=_MODERATE not in features)
    try:
        await requests.ask("set", room, payload, sender=listener.jid)
    except StanzaError as error:
        if error.condition == "item-not-found" and action.maybe_done:
            return Receipt()  # it is gone already
        if error.condition in words.UNKNOWN:
            raise Unavailable(f"The server of the room {room} cannot be reached now.") from None
        raise Refused(
            f"The room {room} does not remove the message: {error.text or error.condition}.", Reason.NOT_ALLOWED
        ) from None
    return Receipt()
