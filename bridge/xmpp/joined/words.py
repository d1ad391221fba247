"""What it means when a room does not let somebody in, or does not take what they say. Pure."""

from bridge.contract import ConnectorError, Reason, Refused, Scope, Unavailable
from bridge.xmpp.errors import StanzaError

# XEP-0045 #enter-errorcodes, and what servers and the way to them say. True: it may pass by itself.
_CLOSED: dict[str, tuple[bool, str]] = {
    "not-authorized": (
        False, "The room {room} has a password, and not the one that the gateway has for it, if any. The gateway's "
        "operator puts it into the room's entry in the configuration (password), or it is taken away.",
    ),
    "registration-required": (
        False, "The room {room} is for its members only. Make {jid} a member there, or open the room.",
    ),
    "forbidden": (False, "{jid} is banned from the room {room}. Somebody who keeps order there can undo that."),
    "item-not-found": (False, "There is no room {room}, or it is not open yet. Make it in an XMPP app first."),
    "not-allowed": (False, "There is no room {room}, and it cannot be made from here. Make it in an XMPP app first."),
    "not-acceptable": (False, "The room {room} has another nick in store for {jid}, which cannot be used."),
    "service-unavailable": (True, "The room {room} is full, or its server cannot be used now."),
    "jid-malformed": (False, "The room {room} takes no nick that {jid} could have."),
    "gone": (False, "The room {room} is no more. Link the one that has taken its place."),
    "remote-server-not-found": (True, "The server of the room {room} cannot be found now."),
    "remote-server-timeout": (True, "The server of the room {room} does not answer."),
    "resource-constraint": (True, "The server of the room {room} has too much to do."),
    "internal-server-error": (True, "The server of the room {room} has a fault."),
    "recipient-unavailable": (True, "The room {room} cannot be used now."),
}  # fmt: skip


def closed(room: str, jid: str, error: StanzaError, *, listener: bool) -> ConnectorError:
    """Why `jid` is not let in. The listener tries again, however long that takes; who speaks is told."""
    passes, words = _CLOSED.get(error.condition, (False, "The room {room} does not let {jid} in."))
    said = f" The server says: {error.text}" if error.text else ""
    text = words.format(room=room, jid=jid.partition("/")[0]) + said
    if passes or listener:
        return Unavailable(text, scope=Scope.CHAT, lasting=not passes)
    return Refused(text, Reason.FORBIDDEN)


# What servers say of a room that takes nobody more (XEP-0045 #enter-maxusers), though it may mean other things.
FULL = frozenset({"service-unavailable", "resource-constraint"})


def full(room: str, jid: str) -> Refused:
    return Refused(
        f"The room {room} is full, so {jid.partition('/')[0]} cannot come in. Somebody has to leave there first, or "
        "those who keep order there let more people in.",
        Reason.RESOURCE,
    )


# XEP-0410 #performing: errors that come from somebody in the room, so that one is in it.
STILL_IN = frozenset({"service-unavailable", "feature-not-implemented", "item-not-found"})
UNKNOWN = frozenset({"remote-server-not-found", "remote-server-timeout"})  # nothing can be said

# RFC 6120 #stanzas-error-conditions of a message that the room may take later.
_LATER = frozenset({"resource-constraint", "remote-server-not-found", "remote-server-timeout", "recipient-unavailable",
                    "internal-server-error"})  # fmt: skip


def not_taken(room: str, condition: str, words: str, reason: Reason) -> ConnectorError:
    """The room has answered a message with an error."""
    if condition in _LATER:
        return Unavailable(f"The room {room} takes no messages now.", scope=Scope.CHAT)
    if condition == "forbidden":
        return Refused(
            f"In the room {room} only who was given a voice may speak. Those who keep order there have been asked for "
            "one; write again when they have agreed.",
            Reason.FORBIDDEN,
        )
    return Refused(f"The room {room} does not take the message: {words or condition}.", reason)


def unwanted(room: str, jid: str) -> Unavailable:
    """Until the hub has taken in that somebody is not wanted (`barring.py`): whose it is it tells."""
    return Unavailable(f"{jid.partition('/')[0]} is not wanted in the room {room}.", scope=Scope.CHAT)
