"""What a room elsewhere shows its listener, as events. Pure.

| stanza | event |
|---|---|
| groupchat with a body (XEP-0045 #message) | MessageReceived, or MessageEdited (XEP-0308) |
| retract (XEP-0424), reactions (XEP-0444) | MessageRetracted, ReactionsChanged |
| retract by the room itself (XEP-0425) | MessageRetracted by who keeps order |
| encrypted | MessageReceived that says so |
| chat states | TypingChanged |
| subjects, what is configured, markers | nothing |
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element

from bridge.contract import (
    ChatId,
    Contact,
    ContactId,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    Provenance,
    ReactionsChanged,
    Style,
    TypingChanged,
)
from bridge.xmpp import parse, signs
from bridge.xmpp.mentions import People

KEY = re.compile(r"(?:[a-z2-7]{32}|[0-9a-f]{33})(?:\.[0-9]{1,5})?")
"""What the names look like that gateways like us give to what they say; whether one is ours the hub knows."""
_STANZA_ID, _OCCUPANT = "{urn:xmpp:sid:0}stanza-id", "{urn:xmpp:occupant-id:0}occupant-id"
_ORIGIN, _DELAY = "{urn:xmpp:sid:0}origin-id", "{urn:xmpp:delay}delay"
_RETRACT = "{urn:xmpp:message-retract:1}retract"
_MODERATED = "{urn:xmpp:message-moderate:1}moderated"
_APPLY, _MODERATED_0 = "{urn:xmpp:fasten:0}apply-to", "{urn:xmpp:message-moderate:0}moderated"
_REASONS = ("{urn:xmpp:message-retract:1}reason", "{urn:xmpp:message-moderate:0}reason",
            "{urn:xmpp:message-moderate:1}reason")  # fmt: skip
_BRIDGED = "{urn:landbridge:bridged:0}bridged"
_LONGEST = 1_000  # characters of an id or a reason
_ENCRYPTED = "[An encrypted message, which cannot be brought here.]"


Told = MessageReceived | MessageEdited | MessageRetracted | ReactionsChanged | TypingChanged


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as the room has shown it."""

    room: ChatId
    nick: str  # empty: the room itself
    occupant: str  # XEP-0421; empty where the room has no such ids
    stanza_id: str  # XEP-0359; empty where the room gives none
    id: str  # its author's; empty: none
    at: float | None  # when it was said, if not now
    stanza: Element
    named: str = ""  # what we call it where the room gives it no name (`naming.py`)

    @property
    def contact(self) -> ContactId:
        """Who has said it: for ever the same where the room has occupant ids."""
        return ContactId(f"{self.room}/{self.occupant or self.nick}")

    @property
    def native(self) -> MessageId:
        return MessageId(self.stanza_id or self.named)


def shown(
    stanza: Element, room: ChatId, *, stable: bool, occupants: bool, archived: str = "", at: float | None = None,
    history: bool = False,
) -> Shown:  # fmt: skip
    """`stable`: the room says that it gives ids; `occupants`: to people, too; else others could claim any.
    `archived`, `at`: what the archive calls it, and when it was said, where it comes from there (XEP-0313 #results).
    `history`: it may be of the history that a room shows who comes in; else everybody could claim any time."""
    if not archived:
        at = delayed(stanza, room) if history else None
    given = (one.get("id") or "" for one in stanza if one.tag == _STANZA_ID and one.get("by") == room and stable)
    origin = stanza.find(_ORIGIN)
    own = stanza.get("id") or (origin.get("id") if origin is not None else None) or ""
    stanza_id = archived or next(given, "")
    occupant = occupant_id(stanza) if occupants else ""
    return Shown(room, nick(stanza), occupant, stanza_id[:_LONGEST], own[:_LONGEST], at, stanza)


def nick(stanza: Element) -> str:
    """Whose it is; empty: the room's own."""
    return (stanza.get("from") or "").partition("/")[2]


def occupant_id(stanza: Element) -> str:
    """Of whoever sends it; believed only where the room gives such ids."""
    found = stanza.find(_OCCUPANT)
    return (found.get("id") or "")[:200] if found is not None else ""


def bridged_by(presence: Element) -> str:
    """Whose gateway has brought an occupant, if one of our kind has; empty: nobody says so."""
    found = presence.find(_BRIDGED)
    return (found.get("by") or "?")[:_LONGEST] if found is not None else ""


def event(one: Shown, now: float, people: People, *, ours: bool) -> Told | None:
    """What it tells; None: nothing. `ours`: it may be our own doing. Raises `StanzaError` for what makes no sense."""
    if one.at is not None and one.at > now:
        one = replace(one, at=now)
    stanza = one.stanza
    children = {child.tag: child for child in stanza}
    if not one.nick:
        return _moderated(one, children, now)
    key = one.id if ours and KEY.fullmatch(one.id) else None
    sender = Contact(one.contact, one.nick)
    by: dict[str, Any] = {
        "chat": one.room, "id": one.native, "sender": sender, "at": one.at or now, "key": key,
        "alias": _alias(one, key),
        "provenance": Provenance.COPY if _BRIDGED in children else Provenance.PERSON,
    }  # fmt: skip
    if not parse.ENCRYPTED.isdisjoint(children) and one.native:
        return MessageReceived(message=Message(_ENCRYPTED, style=Style.NOTICE), **by)
    words = parse.body(stanza)
    if any(tag.endswith("}subject") for tag in children) and words is None:
        return None
    said = parse.doing(stanza, children, by) or parse.said(stanza, children, by, people)
    if said is None:
        told = signs.read(stanza, one.contact, one.room) if not ours else ()
        return next((replace(sign, sender=sender) for sign in told if isinstance(sign, TypingChanged)), None)
    if not one.native:
        return None  # it is nothing that lasts
    if isinstance(said, MessageEdited):
        return replace(said, target=by_author(one, said.target))
    assert isinstance(said, Told)
    return said


def _alias(one: Shown, key: str | None) -> MessageId | None:
    """Where the room gives names nobody can have another's; elsewhere nobody is to have one of ours."""
    if key is not None:
        return MessageId(key)
    if not one.id or (not one.stanza_id and KEY.fullmatch(one.id)):
        return None
    return by_author(one, one.id)


def by_author(one: Shown, id: str) -> MessageId:
    """What an author calls a message, kept apart from what the room does: nobody is to claim another's name."""
    return MessageId(f"~{one.occupant or one.nick} {id}" if one.stanza_id else id)


def _moderated(one: Shown, children: Mapping[str, Element], now: float) -> Told | None:
    """XEP-0425 #moderator-retracts-message."""
    found, by = children.get(_RETRACT), None
    if found is not None:
        by = found.find(_MODERATED)
    elif (found := children.get(_APPLY)) is not None:
        by = found.find(_MODERATED_0)
    if found is None or by is None or not found.get("id"):
        return None
    why = next((text for tag in _REASONS for where in (found, by) if (text := where.findtext(tag, ""))), "")
    nick = (by.get("by") or "").partition("/")[2]
    target = found.get("id", "")[:_LONGEST]
    return MessageRetracted(
        chat=one.room, id=MessageId(one.stanza_id or f"moderated {target}"), at=one.at or now, moderator=True,
        sender=Contact(ContactId(f"{one.room}/{nick}"), nick), target=MessageId(target), reason=why[:_LONGEST],
    )  # fmt: skip


def delayed(stanza: Element, by: str | None = None) -> float | None:
    """When it was said (XEP-0203 #protocol), as `by` says, or as the first who says it does."""
    found = [one for one in stanza if one.tag == _DELAY and by in (None, one.get("from"))]
    # Behind what its author has put in the room puts its own.
    return moment(found[-1 if by is not None else 0].get("stamp", "")) if found else None


def moment(stamp: str) -> float | None:
    """XEP-0082 #sect-datetime."""
    try:
        return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return None
